"""The Kubernetes API: a thin client, and the source of objects that lists and watches with it."""
