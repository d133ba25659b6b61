"""Which environment an Ingress belongs to: by its namespace's labels, its namespace's name, or its hosts."""

import re
from collections.abc import Iterable, Mapping

from painless.advice.split import MAIN

LABELS = ("environment", "env", "app.kubernetes.io/environment", "stage")
"""Labels of a namespace that name an environment, the first one first."""
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("prod", "production", "live", "prd"), MAIN),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "uat"), "staging"),
    **dict.fromkeys(("test", "testing", "qa"), "test"),
    **dict.fromkeys(("dev", "development"), "dev"),
    **dict.fromkeys(("preview", "previews", "review", "sandbox"), "preview"),
}
_BETWEEN = re.compile(r"[^a-z0-9]+")


def environment(namespace: str, labels: Mapping[str, str], hosts: Iterable[str]) -> str:
    """Return the environment; what says nothing of one is in production."""
    for name in LABELS:
        if found := _of(labels.get(name, "")):
            return found
    if found := _of(namespace):
        return found
    by_host = {_of(host) for host in hosts}
    (only,) = by_host if len(by_host) == 1 else ("",)
    return only or MAIN


def _of(text: str) -> str:
    """Return the environment that one of the words of a name is; empty for none."""
    words = _BETWEEN.split(text.lower())
    return next((_WORDS[one] for one in words if one in _WORDS), "")
