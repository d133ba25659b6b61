"""Manifests in a folder, watched, as if they came from the API server."""
