"""What becomes of one setting: an annotation, a key of the ConfigMap, a flag, a value of the chart.

Three things decide: what our compiler says of it, which rows of the differences are about it, and whether
ingress-nginx reads it at all.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from painless.flags import FLAGS
from painless.migrate.differences import Difference, differences
from painless.migrate.foreign import (
    CLOSES,
    DEFAULT_RISK,
    INSTEAD,
    NUMBERS,
    RISKS,
    SECRET_SETTINGS,
    SWITCHES,
    Risk,
)
from painless.migrate.picture import FALSE, TRUE
from painless.migrate.report import Standing, Verdict, capital, rank, worst
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.wire.names import printable

LONGEST = 400  # Characters of a value or a sentence: what a reader takes in; a snippet has thousands.
HIDDEN = "(not shown)"


class Policy(Struct, frozen=True):
    """What the old controller lets authors do: snippets, and annotations up to a risk."""

    snippets: bool = False
    risk: Risk = DEFAULT_RISK


_UNSUPPORTED = frozenset({Reason.UNSUPPORTED_ANNOTATION, Reason.UNSUPPORTED_CONFIG_KEY})
_CLOSING = frozenset({Reason.LOCATION_DENIED, Reason.HOST_CLOSED})
_AS_TODAY = frozenset(
    {Reason.UNKNOWN_ANNOTATION, Reason.UNKNOWN_CONFIG_KEY, Reason.NO_EFFECT, Reason.INCOMPLETE_ANNOTATION}
    | {Reason.CANARY_IGNORED, Reason.ALIAS_CONFLICT, Reason.HOST_CONFLICT, Reason.TWIN_SERVED}
)
"""What ingress-nginx does not honour either, or decides alike."""


_MISSING = frozenset({Reason.CONFIGMAP_NOT_FOUND, Reason.SECRET_NOT_FOUND, Reason.SERVICE_NOT_FOUND})
"""What is wrong with something else than the value."""


def annotation(name: str, value: str, found: Collection[Diagnostic], policy: Policy) -> Verdict:
    """Return what becomes of an annotation; ``found`` are the findings about it."""
    if name.endswith("-snippet") and not policy.snippets:
        says = (
            "Snippets are not allowed today (allow-snippet-annotations), so it does nothing, there and here."
        )
        return Verdict(name, Standing.SAME, (says,), _shown(name, value))
    verdict = _setting(name, name, value, found)
    if verdict.standing is Standing.DIFFERS and _unread(name, value):
        says = "ingress-nginx cannot read it either, and uses the default."
        verdict = Verdict(name, Standing.SAME, (*map(_sentence, found), says), verdict.value)
    if RISKS.get(name, Risk.LOW) <= policy.risk:
        return verdict
    says = (
        f"Its risk is {RISKS[name].name.capitalize()}, above annotations-risk-level "
        f"({policy.risk.name.capitalize()}): ingress-nginx does not take this Ingress as it is, "
        "and serves what it was before, if anything. Here it is served."
    )
    return Verdict(
        name,
        worst((verdict.standing, Standing.DIFFERS)),
        (*verdict.says, says),
        verdict.value,
        verdict.instead,
    )


def _unread(name: str, value: str) -> bool:
    """Whether ingress-nginx takes the text for no value, as Go reads numbers and booleans."""
    number = name in NUMBERS and re.fullmatch(r"[-+]?[0-9]+", value) is None
    return number or (name in SWITCHES and value not in TRUE | FALSE)


def config_key(name: str, value: str, found: Collection[Diagnostic]) -> Verdict:
    """Return what becomes of a key of the ConfigMap."""
    return _setting(name, f"config:{name}", value, found)


def _setting(name: str, about: str, value: str, found: Collection[Diagnostic]) -> Verdict:
    faulty = any(one.reason not in _MISSING for one in found)
    rows = tuple(one for one in differences() if one.concerns(about, value, faulty=faulty))
    standing = worst((*map(_standing, found), *(Standing.DIFFERS for _ in rows)))
    too = standing is Standing.CLOSED and not rows and name in CLOSES
    return Verdict(
        name,
        standing,
        (*map(_sentence, found), *map(told, rows), *(("ingress-nginx closes it, too.",) if too else ())),
        _shown(name, value),
        INSTEAD.get(name, "") if rank(standing) >= rank(Standing.UNSUPPORTED) else "",
    )


def _standing(one: Diagnostic) -> Standing:
    if one.reason in _UNSUPPORTED:
        return Standing.UNSUPPORTED
    if one.reason in _CLOSING or one.severity is Severity.REJECTED:
        return Standing.CLOSED
    return Standing.SAME if one.reason in _AS_TODAY else Standing.DIFFERS


def _sentence(one: Diagnostic) -> str:
    hint = f" ({one.hint})" if one.hint else ""
    return f"{capital(printable(one.says, LONGEST))}{hint}."


def told(row: Difference) -> str:
    """Return a row as sentences."""
    return f"ingress-nginx: {row.theirs} Painless: {row.ours}"


def _shown(name: str, value: str) -> str:
    return HIDDEN if name in SECRET_SETTINGS else printable(value, LONGEST)


def flag(name: str, value: str) -> Verdict:
    """Return what becomes of a flag of the old controller."""
    shown, known = _shown(name, value), FLAGS.get(name)
    if known is None:
        says = "ingress-nginx v1.15 has no such flag, and neither has Painless."
        return Verdict(f"--{name}", Standing.UNSUPPORTED, (says,), shown)
    if not known.why:
        return Verdict(f"--{name}", Standing.SAME, value=shown)
    idle = value == known.default
    wanted = Standing.UNSUPPORTED if name in INSTEAD else Standing.DIFFERS
    standing = Standing.SAME if idle else wanted
    return Verdict(
        f"--{name}",
        standing,
        (f"It changes nothing here: {known.why}.",),
        shown,
        INSTEAD.get(name, "") if standing is Standing.UNSUPPORTED else "",
    )


def values(given: object, known: Mapping[str, Any], elsewhere: Mapping[str, str]) -> Iterator[Verdict]:
    """Yield what becomes of each value of the old chart, by its path; what a value is is never shown.

    ``known`` is the tree of our chart's values, ``elsewhere`` says why some of the others mean nothing here.
    """
    for path, good in _paths(given, known, elsewhere, ""):
        if good:
            yield Verdict(path, Standing.SAME)
        else:
            why = elsewhere.get(path, "our chart has no such value")
            yield Verdict(path, Standing.DIFFERS, (f"It has no effect: {why}.",))


def _paths(
    given: object, known: object, elsewhere: Mapping[str, str], above: str
) -> Iterable[tuple[str, bool]]:
    for key, value in given.items() if isinstance(given, Mapping) else ():
        path = f"{above}{key}"
        below = known.get(key) if isinstance(known, Mapping) else None
        if path in elsewhere or below is None:
            yield path, False
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            yield from _paths(value, below, elsewhere, f"{path}.")
        else:
            yield path, True
