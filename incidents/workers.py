"""NGINX's workers, as their titles tell them."""

from collections.abc import Iterable

from painless.nginxd import procfs

_SERVING = "nginx: worker process"
_DRAINING = "nginx: worker process is shutting down"


def serving(nginx: Iterable[int]) -> tuple[int, ...]:
    """Return those that take new connections."""
    return tuple(one for one in nginx if procfs.title(one) == _SERVING)


def draining(nginx: Iterable[int]) -> tuple[int, ...]:
    """Return those that only wait for their connections to end."""
    return tuple(one for one in nginx if procfs.title(one) == _DRAINING)
