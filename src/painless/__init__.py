"""Painless: an NGINX ingress controller for Kubernetes on stock NGINX.

The program is a compiler with a small machine around it; ARCHITECTURE.md has the map.
"""

__version__ = "0.1.0"
