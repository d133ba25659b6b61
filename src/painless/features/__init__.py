"""The features: families of annotations and keys, a module each, and what they mean together.

``registry`` lists them, ``parsed`` reads an Ingress's annotations and ``for_all`` the global ConfigMap.  The
features themselves do not know each other.
"""

from painless.features.admitted import refusal
from painless.features.for_all import ConfigValues, Everywhere, everywhere, http, parse_config
from painless.features.parsed import Parsed, parse, with_auth_headers, with_fastcgi_params, with_headers
from painless.features.registry import ADDITIVE, FEATURES, KEYS, Additive, Feature

__all__ = [
    "ADDITIVE",
    "FEATURES",
    "KEYS",
    "Additive",
    "ConfigValues",
    "Everywhere",
    "Feature",
    "Parsed",
    "everywhere",
    "http",
    "parse",
    "parse_config",
    "refusal",
    "with_auth_headers",
    "with_fastcgi_params",
    "with_headers",
]
