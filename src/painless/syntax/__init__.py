"""YAML and JSON text to builtin values, safe against hostile files: for manifests and for kubeconfig."""
