"""What a check is, and what it finds.

A check is one function: its docstring is its page, its arguments are the facts it needs, in the order
in which ``Check`` names them, and then those it would like, ``None`` where they are not known.  It is pure,
and yields a ``Finding`` for each thing that is wrong.
"""

import enum
from collections.abc import Callable, Iterator

from msgspec import Struct


class Severity(enum.StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


ORDER = {one: place for place, one in enumerate(Severity)}


FAMILIES = {
    "K": ("kernel", "Kernel"),
    "C": ("conntrack", "Connection tracking"),
    "L": ("limits", "Limits and cgroups"),
    "N": ("process", "NGINX's processes and logs"),
    "V": ("servers", "Servers and locations"),
    "U": ("upstreams", "Upstreams and proxying"),
    "T": ("tls", "TLS"),
    "S": ("security", "Security"),
    "I": ("ingress", "Ingresses and Services"),
    "D": ("deployment", "Deployments, probes and budgets"),
    "H": ("autoscaling", "Autoscalers"),
    "R": ("runtime", "What runs"),
}
"""The first letter of a check's id, the page of its family, and what it is called."""


class Evidence(Struct, frozen=True):
    """A value as it was found, and where: a file and line, a sysctl, a process."""

    says: str
    where: str


class Finding(Struct, frozen=True):
    """One thing that is wrong.

    ``about`` names it so that it stays the same when lines move; ``fix`` is to paste; ``severity`` is another
    one than the check's.
    """

    about: str
    says: str
    evidence: tuple[Evidence, ...]
    expected: str
    fix: str
    severity: Severity | None = None


class Limit(Struct, frozen=True):
    """Where a check begins to find: a number that whoever runs it may change, and what it counts."""

    value: float
    counts: str


class Check(Struct, frozen=True):
    """A check: its stable id, how bad it is what it finds, and the facts it needs and would like.

    One with a ``limit`` is given it by that name.
    """

    id: str
    severity: Severity
    title: str
    find: Callable[..., Iterator[Finding]]
    needs: tuple[str, ...]
    wants: tuple[str, ...] = ()
    limit: Limit | None = None


class Page(Struct, frozen=True):
    """A check's docstring, taken apart: why it matters in a sentence, more about it, three paragraphs."""

    why: str
    more: tuple[str, ...]
    verify: str
    fix: str
    sources: str


def page(check: Check) -> Page:
    """Return the page of a check."""
    paragraphs = [" ".join(one.split()) for one in (check.find.__doc__ or "").strip().split("\n\n")]
    named = {"Verify:": "", "Fix:": "", "Sources:": ""}
    more = []
    for one in paragraphs[1:]:
        name, _, rest = one.partition(" ")
        if name in named:
            named[name] = rest
        else:
            more.append(one)
    return Page(paragraphs[0], tuple(more), named["Verify:"], named["Fix:"], named["Sources:"])


def at(source: str, says: object) -> tuple[Evidence, ...]:
    """Return evidence that is one value."""
    return (Evidence(str(says), source),)


def link(check: Check) -> str:
    """Return where the check's page is, in the repository."""
    return f"docs/reference/checks/{FAMILIES[check.id[0]][0]}.md#{check.id.lower()}"


def setting(name: str, value: int, source: str, expected: str, wanted: int) -> Finding:
    """Return the finding that a sysctl is not what it should be."""
    says = f"{name} is {value}"
    return Finding(name, says, at(source, f"{name} = {value}"), expected, f"sysctl -w {name}={wanted}")
