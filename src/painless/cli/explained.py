"""Explanations for eyes: the answer first, then the way to it, then who lost; in 80 columns."""

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap
from typing import assert_never

from painless.cli.columns import counted
from painless.explain.about import About
from painless.explain.answer import Explanation, Outcome, Place, Step
from painless.explain.lines import LineAbout
from painless.explain.names import KeyAbout, Meaning, ReasonAbout

_WIDTH = 80
_PODS = 5  # Addresses that are shown of a Service's.
_STATES = {
    "acts": "",
    "passes": " Not for this one.",
    "holds": "",
    "asks": " Only the moment tells.",
    "unknown": " Nobody can say beforehand.",
}


def request(found: Explanation, *, whole: bool) -> Iterator[str]:
    """Yield what happens to a request; ``whole``: with everything that is a default."""
    yield f"{found.method} {found.url}"
    for one in found.outcomes:
        yield from _outcome(one)
    if found.beyond:
        yield from ("", "Whoever is let in:")
        for one in found.beyond:
            yield from _outcome(one)
    yield ""
    yield from _place("server", found.server)
    if found.location:
        yield from _place("location", found.location)
    yield from _way(found.way, whole=whole)
    yield from _lost(found)
    for text in found.unclear:
        yield from _text(f"Nobody can say here {text}.", 0)


def _lost(found: Explanation) -> Iterator[str]:
    if found.lost:
        yield from ("", "Who would have liked it, too:")
    for lost in found.lost:
        yield from _text(f"{lost.object} {lost.field} ({lost.path}): {lost.why}", 2)
    if found.more_lost:
        yield f"  and {counted(found.more_lost, 'rule')} more"


def _outcome(one: Outcome) -> Iterator[str]:
    yield from _text(one.says, 2)
    if one.why:
        yield from _text(one.why, 4)
    if one.sent:
        yield from _text(f"asked for {one.sent} by {one.scheme}", 4)
    if one.pods is not None:
        more = f" and {len(one.pods) - _PODS} more" if len(one.pods) > _PODS else ""
        yield from _text(f"pods {', '.join(one.pods[:_PODS])}{more}" if one.pods else "no pod is ready", 4)


def _place(kind: str, one: Place) -> Iterator[str]:
    yield from _text(f"{kind:9} {one.says.removeprefix('location ')}: {one.why}", 2, 12)
    if one.source.object:
        yield from _text(str(one.source), 12)


def _way(way: tuple[Step, ...], *, whole: bool) -> Iterator[str]:
    shown = [one for one in way if whole or _says_something(one)]
    if shown:
        yield from ("", "On the way:")
    for phase, steps in groupby(shown, lambda one: one.phase):
        for at, one in enumerate(steps):
            yield from _text(f"{'' if at else phase:12}{one.says}{_STATES[one.state]}", 2, 14)
            yield from _text(one.directive, 14, 16)
            yield from _text(str(one.source), 14, 16)
    if hidden := len(way) - len(shown):
        yield f"  and {counted(hidden, 'default')}; --all shows them"


def _says_something(one: Step) -> bool:
    return one.source.kind not in {"default", "painless"} or one.state not in {"holds", "passes"}


def line(found: LineAbout) -> Iterator[str]:
    """Yield what a line is."""
    yield found.text
    yield ""
    about = found.about
    yield from _text(about.says if about else "A directive that Painless never writes.", 2)
    for note in found.notes:
        yield from _text(f"It is said above it: {note}", 2)
    if found.within:
        yield from _text(f"stands in  {' > '.join(found.within)}", 2, 13)
    for at, source in enumerate(found.sources):
        yield from _text(f"{'' if at else 'put there':11}{source}", 2, 13)
    if found.more_sources:
        yield f"             and {counted(found.more_sources, 'object')} more"
    if not found.sources:
        yield "  put there  by a default or a setting for all"
    if about:
        yield from _setters(about)


def names(found: tuple[Meaning, ...]) -> Iterator[str]:
    """Yield what a name means; a name may have several meanings."""
    for at, one in enumerate(found):
        if at:
            yield ""
        match one:
            case About():
                yield from _directive(one)
            case KeyAbout():
                yield from _key(one)
            case ReasonAbout():
                yield f"{one.name} (a finding)"
                yield from _text(one.says, 2)
                yield from _text(f"To mend it: {one.mend}", 2)
            case _:
                assert_never(one)


def _directive(one: About) -> Iterator[str]:
    yield f"{one.name} (a directive of NGINX)"
    yield from _text(one.says, 2)
    yield from _text(f"may stand in  {', '.join(one.contexts)}", 2, 16)
    yield from _setters(one)


def _setters(one: About) -> Iterator[str]:
    if one.annotations:
        yield from _text(f"annotations  {', '.join(one.annotations)}", 2, 15)
    if one.settings:
        yield from _text(f"ConfigMap  {', '.join(one.settings)}", 2, 13)
    if one.default:
        yield from _text(f"without it NGINX has  {one.default}", 2)


def _key(one: KeyAbout) -> Iterator[str]:
    yield f"{one.name} ({'an annotation' if one.kind == 'annotation' else 'a key of the ConfigMap'})"
    yield from _text(one.says, 2)
    rows = {
        "value": one.value,
        "default": one.default,
        "default for all": f"ConfigMap key {one.default_for_all}" if one.default_for_all else "",
        "wrong value": one.wrong,
        "other names": ", ".join(one.other_names),
        "writes": ", ".join(one.writes),
        "example": one.example,
    }
    for name, text in rows.items():
        if text:
            yield from _text(f"{name:17}{text}", 2, 19)


def _text(text: str, indent: int, after: int | None = None) -> Iterator[str]:
    """Yield a text in lines; those after the first one begin at column ``after``."""
    rest = " " * (indent if after is None else after)
    yield from wrap(
        text,
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
