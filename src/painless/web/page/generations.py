"""Generations: which there are, and what each load has changed and why."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from painless.controller.history import Entry, What
from painless.controller.status import GenerationStatus, Load
from painless.model.objects import ObjectRef
from painless.observe.quantities import counted, size, span
from painless.web.page.frame import Page
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import badge, facts, link, nothing, of_object, section, table, to_host
from painless.web.page.seen import Ask, View

REASONS = 3  # That are shown of a load in the timeline; all of them one click away.

_WORDS = {
    What.LOADED: ("NGINX loaded", ""),
    What.REFUSED: ("NGINX refused a change", "bad"),
    What.FAILED: ("A round failed", "bad"),
    What.ENDED: ("NGINX ended", "bad"),
    What.REPLACED: ("NGINX's binary", ""),
}
_OBJECT = re.compile(r"(?P<what>\w+) (?P<kind>\w+) (?P<namespace>[^ /]+)/(?P<name>[^ /]+) ?(?P<field>.*)")
"""A reason as a load has it."""
_LINES = {"+": "added", "-": "removed", "@": "place"}


def page(view: View, _: Ask) -> Page:
    return Page("Generations", several(_parts(view)), "/generations")


def one_of(view: View, ask: Ask) -> Page:
    """Return one entry with all its reasons and its difference."""
    wanted = ask.path["number"]
    found = next((one for one in view.seen.history if str(one.number) == wanted), None)
    if found is None:
        says = "It was too long ago, or of another controller: only the latest changes are kept."
        body = several(el("h1", "There is no such change"), nothing(says), link("All changes", "generations"))
        return Page("No such change", body, "/generations", HTTPStatus.NOT_FOUND)
    return Page(_title(found), several(_whole(view, found)), "/generations")


def _parts(view: View) -> Iterator[Html]:
    status = view.seen.status
    yield el("h1", "Generations")
    some = status.generations or ()
    heads = ("Generation", "State", "Workers", "HTTP", "Upgraded", "Stream", "Memory", "Held by")
    rows = map(_row, some)
    known = table(heads, rows, caption="Generations that run", key="running", numbers=(2, 3, 4, 5, 6))
    yield section(
        "now", "Running now", known if some else nothing("It is not known what NGINX's workers run.")
    )
    if governor := status.governor:
        memory = f" and {size(governor.memory)}" if governor.memory is not None else ""
        waits = governor.waits_for or "nothing"
        yield facts(
            ("At most", f"{counted(governor.generations, 'generation')}{memory}"),
            ("A change waits for", waits),
        )
        if governor.decisions:
            told = (el("li", el("time", _time(one.at)), f" {one.says}") for one in governor.decisions)
            yield section("decisions", "What the governor did", el("ul", told, class_="plain"))
    entries = view.seen.history
    timeline = el("ol", map(entry, entries), class_="timeline")
    yield section(
        "changes", "Changes", timeline if entries else nothing("Nothing has changed since we began.")
    )


def _row(one: GenerationStatus) -> tuple[Child, ...]:
    state = badge("serves", "good") if one.draining is None else badge(f"drains {span(one.draining)}", "warn")
    kinds = one.connections
    counts = (kinds.http, kinds.upgraded, kinds.stream) if kinds else ("?", "?", "?")
    held = several(
        several(", " if at else None, to_host(each.host), f" ({each.connections})")
        for at, each in enumerate(one.held_by[:REASONS])
        if each.host
    )
    return el("code", one.id), state, len(one.workers), *counts, size(one.memory), held


def entry(one: Entry) -> Html:
    """Return an entry of the timeline."""
    tone = _WORDS[one.what][1]
    body = _reasons(one.load, REASONS) if one.load else el("p", one.says)
    head = el(
        "p",
        el("time", _time(one.at), datetime=one.at),
        " ",
        link(_title(one), "generations", str(one.number)),
        el("span", _size(one), class_="hint"),
        class_="what",
    )
    return el("li", head, body, class_=f"entry {tone}".rstrip(), id=f"entry-{one.number}")


def _title(one: Entry) -> str:
    if one.load is None:
        return _WORDS[one.what][0]
    return "NGINX loaded" if one.load.loads == 1 else f"NGINX loaded {one.load.loads} times"


def _size(one: Entry) -> str:
    if not one.diff:
        return ""
    lines = one.diff.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    return f"+{added} -{removed} lines" if added or removed else "many lines"


def _time(at: str) -> str:
    """Return the time of a moment that is written with its day: the last day is what one looks at."""
    return at.replace("T", " ").removesuffix("Z")


def _reasons(load: Load, most: int) -> Html:
    rest = len(load.reasons) - most + load.more
    more = el("li", f"and {rest:,} more", class_="hint") if rest > 0 else None
    return el("ul", (el("li", _reason(one)) for one in load.reasons[:most]), more, class_="reasons")


def _reason(text: str) -> Html:
    """Return a reason, which is a sentence, with the way to its object."""
    found = _OBJECT.fullmatch(text)
    if found is None:
        return several(text)
    ref = ObjectRef(found["kind"], found["namespace"], found["name"])
    return several(
        f"{found['what']} ", of_object(ref), " ", el("code", found["field"]) if found["field"] else None
    )


def _whole(view: View, one: Entry) -> Iterator[Html]:
    yield el("p", link("Generations", "generations"), class_="way-back")
    yield el("h1", _title(one))
    yield facts(("At", f"{_time(one.at)} UTC"), *_about(view, one))
    if one.load is None:
        yield el("pre", several(_lines(one.says)), class_="diff", tabindex=0)
        return
    yield section("reasons", "Because", _reasons(one.load, len(one.load.reasons)))
    yield section("diff", "What NGINX loads otherwise", _difference(one))


def _about(view: View, one: Entry) -> Iterator[tuple[str, Child]]:
    if one.load is not None:
        runs = [each for each in view.seen.status.generations or () if each.id == one.load.generation]
        state = "has ended"
        if runs:
            state = "serves" if runs[0].draining is None else f"drains for {span(runs[0].draining)}"
        yield "Generation", several(el("code", one.load.generation), f" {state}")


def _difference(one: Entry) -> Html:
    if one.diff is None:
        return nothing("It is made in this moment, or NGINX did not run before.")
    return el("pre", several(_lines(one.diff)), class_="diff", tabindex=0, aria_label="Difference")


def _lines(text: str) -> Iterator[Html]:
    """Yield the lines of a difference, or of what NGINX said; what is added and removed stands out."""
    for line in text.splitlines():
        kind = "file" if line.startswith(("+++ ", "--- ")) else _LINES.get(line[:1], "")
        yield el("span", line or " ", class_=kind or None)
