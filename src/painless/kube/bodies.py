"""Bodies of the API server's answers as values; one that is no such thing is the server's failure."""

from typing import Any, TypeVar

import msgspec

from painless.kube.errors import KubeError

T = TypeVar("T")


def decoded(body: bytes, kind: type[T]) -> T:
    """Return what an answer says."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as cause:
        raise KubeError(f"the API server's answer cannot be read: {cause}") from cause


def converted(tree: Any, kind: type[T]) -> T:  # noqa: ANN401 -- anything that JSON has
    """Return what a part of an answer says."""
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as cause:
        raise KubeError(f"the API server's answer cannot be read: {cause}") from cause
