"""Kubernetes' own shape of objects, decoded into ours: the one place that knows field names as YAML has them.

Takes trees of builtin values, whether they came from a file or from the API server, and never raises for
what a user wrote: the smallest part that is wrong is left out and named in a diagnostic.  What the parts
mean (classes, references, conflicts) is the compiler's business.
"""

from painless.wire.decode import Decoded, decode_all, decode_object

__all__ = ["Decoded", "decode_all", "decode_object"]
