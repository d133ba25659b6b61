"""What NGINX says about each directive that Painless may emit."""


def expands(name: str, index: int, parent: str) -> bool:  # noqa: ARG001
    """Return whether NGINX expands variables in this argument."""
    return True
