"""NGINX's configuration language as values: tokens, directives, the printer, the catalog, the reader.

Knows nothing of Kubernetes.  Text exists only in the printer, so a user's string cannot become syntax.
"""
