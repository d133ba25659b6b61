"""Reading annotations and ConfigMap keys: what a key is, and how its text becomes a value."""
