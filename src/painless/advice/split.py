"""When to split: which hosts should be served by another class, and what that gains.

Hosts are served by one class only, since DNS points to one address: what shares a host moves together, as a
``Group``.  Nothing moves without a gain that was measured, and never everything.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, structs

Ref = tuple[str, str]

MAIN = "production"
"""The environment of whatever says nothing of one."""
STAYING = 10.0
"""Connections that stay, at a time: fewer hold no generation that somebody else would miss."""
OFTEN = 1.0
"""Loads an hour of others, from which on who stays is worth being kept from them."""
BUSY = 2.0
"""Loads an hour of one namespace, from which on it is worth its own controller."""
HALF = 0.5
"""The part of all loads, or of all open requests, that makes somebody the cause."""
FULL = 0.25
"""The part of all connections that one group may hold before it can exhaust them."""


class Why(StrEnum):
    """Why somebody should move."""

    ENVIRONMENT = "environment"
    LONG_LIVED = "long-lived"
    CHURN = "churn"
    HEAVY = "heavy"


class Group(Struct, frozen=True, kw_only=True):
    """Ingresses that share hosts.

    ``requests`` in the time that was measured, ``open`` are those under way at a time, ``staying`` the
    upgraded connections at a time; all means.
    """

    refs: tuple[Ref, ...]
    environment: str = MAIN
    requests: float = 0.0
    open: float = 0.0
    staying: float = 0.0

    @property
    def namespaces(self) -> frozenset[str]:
        return frozenset(namespace for namespace, _ in self.refs)


class Facts(Struct, frozen=True, kw_only=True):
    """A class: its groups, loads by namespace in ``hours``, and how many clients it can have."""

    groups: tuple[Group, ...] = ()
    loads: Mapping[str, float] = {}
    hours: float | None = None
    clients: float | None = None


class Move(Struct, frozen=True, kw_only=True):
    """Ingresses for a pool of their own.

    Gained: ``loads`` of ``all_loads`` no longer touch the others, nor those of the others these;
    ``staying`` connections are no longer held by them; ``open`` requests no longer take their slots.
    """

    pool: str
    why: Why
    refs: tuple[Ref, ...]
    loads: float = 0.0
    all_loads: float = 0.0
    staying: float = 0.0
    open: float = 0.0
    requests: float = 0.0


def split(facts: Facts) -> tuple[Move, ...]:
    """Return who should move, each once: other environments, who stays, who changes most, who is heaviest."""
    moves: list[Move] = []
    rest = structs.replace(facts, groups=tuple(sorted(facts.groups, key=lambda one: one.refs)))
    for rule in (_environments, _long_lived, _churn, _heavy):
        for pool, why, groups in rule(rest):
            left = tuple(one for one in rest.groups if one not in groups)
            move = _move(pool, why, groups, rest)
            if groups and left and _gains(move):
                moves.append(move)
                rest = structs.replace(rest, groups=left)
    return tuple(moves)


_Found = Iterable[tuple[str, Why, tuple[Group, ...]]]
_Rule = Callable[[Facts], _Found]


def _environments(facts: Facts) -> _Found:
    """Move all environments but the main one; without that, the one with most requests stays."""
    names = sorted({one.environment for one in facts.groups})
    weight = {name: sum(one.requests for one in facts.groups if one.environment == name) for name in names}
    main = MAIN if MAIN in names else max(names, key=lambda name: (weight[name], name), default=MAIN)
    return [
        (name, Why.ENVIRONMENT, tuple(one for one in facts.groups if one.environment == name))
        for name in names
        if name != main
    ]


def _long_lived(facts: Facts) -> _Found:
    """Move who has connections that stay, when others have NGINX load: each load holds a generation."""
    groups = tuple(one for one in facts.groups if one.staying >= 1)
    others = {name for one in facts.groups if one not in groups for name in one.namespaces}
    hourly = sum(facts.loads.get(name, 0.0) for name in others) / facts.hours if facts.hours else 0.0
    if sum(one.staying for one in groups) >= STAYING and hourly >= OFTEN:
        yield "long-lived", Why.LONG_LIVED, groups


def _churn(facts: Facts) -> _Found:
    """Move a namespace that causes half of the loads, while most requests are for others."""
    loads = _loads(facts)
    most = max(sorted(loads), key=lambda name: loads[name], default=None)
    if most is None or not facts.hours:
        return
    groups = tuple(one for one in facts.groups if one.namespaces == {most})
    requests = sum(one.requests for one in facts.groups)
    few = sum(one.requests for one in groups) < HALF * requests
    if few and loads[most] >= HALF * sum(loads.values()) and loads[most] / facts.hours >= BUSY:
        yield "changing", Why.CHURN, groups


def _heavy(facts: Facts) -> _Found:
    """Move a group that holds most of the open requests, and enough of all that there can be."""
    most = max(facts.groups, key=lambda one: one.open, default=None)
    if most is None or facts.clients is None:
        return
    total = sum(one.open for one in facts.groups)
    if most.open >= HALF * total and most.open >= FULL * facts.clients > 0:
        yield "heavy", Why.HEAVY, (most,)


def _loads(facts: Facts) -> dict[str, float]:
    """Return the loads of namespaces that the class still has."""
    here = {name for one in facts.groups for name in one.namespaces}
    return {name: count for name, count in facts.loads.items() if name in here and count > 0}


def _move(pool: str, why: Why, groups: tuple[Group, ...], facts: Facts) -> Move:
    loads = _loads(facts)
    others = {name for one in facts.groups if one not in groups for name in one.namespaces}
    return Move(
        pool=pool,
        why=why,
        refs=tuple(sorted(ref for one in groups for ref in one.refs)),
        # What a namespace causes that stays in part is not known to go.
        loads=sum(count for name, count in loads.items() if name not in others),
        all_loads=sum(loads.values()),
        staying=sum(one.staying for one in groups),
        open=sum(one.open for one in groups),
        requests=sum(one.requests for one in groups),
    )


def _gains(move: Move) -> bool:
    """Whether anything was measured that would be better."""
    return move.loads > 0 or move.staying > 0 or move.open > 0 or move.requests > 0
