"""Explain this URL: what happens to one request, on its way from the listener to a pod."""

from collections.abc import Iterator, Mapping

from painless.explain.answer import Explanation, Outcome, Place, Step
from painless.explain.asked import NotUnderstood, Request, understood
from painless.web.page.frame import Page
from painless.web.page.html import Child, Html, el, prose, several
from painless.web.page.parts import badge, facts, nothing, section, share, table
from painless.web.page.seen import Ask, View

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_TONES = {"acts": "good", "asks": "warn", "unknown": "warn"}
_PODS = 20  # Of one outcome that are named; the host's page has all of them.


def asked(query: Mapping[str, str]) -> Request | NotUnderstood | None:
    """Return the request that the form describes; ``None`` where it is empty."""
    if not (url := query.get("url", "").strip()):
        return None
    headers = [one for one in query.get("header", "").splitlines() if one.strip()]
    return understood(url, query.get("method", "GET"), headers, query.get("client", "").strip())


def page(_: View, ask: Ask) -> Page:
    return Page("Explain", several(_parts(ask)), "/explain", live=False)


def _parts(ask: Ask) -> Iterator[Html]:
    yield el("h1", "Explain a URL")
    yield el(
        "p", "What NGINX does with a request, and whose objects say so. No request is sent.", class_="lead"
    )
    yield _form(ask.query)
    if isinstance(ask.explained, Explanation):
        yield from _explained(ask.explained)
    elif ask.explained:
        yield el("p", ask.explained, class_="verdict wrong", role="alert")


def _form(query: Mapping[str, str]) -> Html:
    method = query.get("method", "GET")
    methods = (el("option", one, selected=one == method) for one in _METHODS)
    more = el(
        "details",
        el("summary", "Headers and client"),
        _field(
            "header",
            "Headers, one a line; they become part of the address",
            el("textarea", query.get("header", ""), name="header", id="header", rows=3),
        ),
        _field("client", "Address of the client", _input("client", query, "203.0.113.9")),
        open=bool(query.get("header") or query.get("client")),
    )
    return el(
        "form",
        el("label", "Method", for_="method", class_="unseen"),
        el("select", methods, name="method", id="method"),
        el("label", "URL", for_="url", class_="unseen"),
        _input("url", query, "https://shop.example/cart"),
        el("button", "Explain", type="submit"),
        more,
        action="/explain",
        class_="filter asking",
        id="explain-form",
    )


def _field(name: str, says: str, control: Html) -> Html:
    return el("p", el("label", says, for_=name), control)


def _input(name: str, query: Mapping[str, str], example: str) -> Html:
    return el("input", name=name, id=name, value=query.get(name, ""), placeholder=example, spellcheck="false")


def _explained(one: Explanation) -> Iterator[Html]:
    tone = "well" if one.served else "wrong"
    yield el("div", el("h2", prose(one.answer)), class_=f"verdict {tone}", id="answer")
    yield facts(
        ("Server", _place(one.server)), ("Location", _place(one.location) if one.location else "none")
    )
    yield section("outcomes", "How it ends", _outcomes(one.outcomes))
    if one.beyond:
        yield section("beyond", "For whoever is let in", _outcomes(one.beyond))
    if one.way:
        rows = map(_step, one.way)
        heads = ("Phase", "What", "Directive", "Because of")
        yield section(
            "way", "On its way", table(heads, rows, caption="What the request meets", key="way-rows")
        )
    if one.lost:
        lost = ((each.object, el("code", each.path), each.why) for each in one.lost)
        made = table(("Object", "Path", "Why not"), lost, caption="Rules that lost", key="lost-rows")
        more = nothing(f"and {one.more_lost:,} more") if one.more_lost else None
        yield section("lost", "Rules that would have taken it", made, more)
    if one.unclear:
        yield section(
            "unclear", "What cannot be said", el("ul", (el("li", prose(each)) for each in one.unclear))
        )


def _place(one: Place) -> Html:
    return several(prose(one.says), el("span", " ", prose(one.why), f" ({one.source})", class_="hint"))


def _outcomes(some: tuple[Outcome, ...]) -> Html:
    return el("ul", map(_outcome, some), class_="findings")


def _outcome(one: Outcome) -> Html:
    pods = one.pods or ()
    named = (el("li", el("code", each)) for each in pods[:_PODS])
    chance = badge(share(one.chance)) if one.chance < 1 else None
    sent: Child = el("p", "The pod gets ", el("code", one.sent), class_="hint") if one.sent else None
    return el(
        "li",
        el("p", chance, " ", prose(one.says)),
        el("p", prose(one.why), class_="hint") if one.why else None,
        sent,
        el("ul", named, class_="pods") if pods else None,
        nothing("No pod is ready.") if one.pods == () and one.service else None,
        class_="card",
    )


def _step(one: Step) -> tuple[Child, ...]:
    state = badge(one.state, _TONES.get(one.state, "")) if one.state != "holds" else None
    directive = el("code", one.directive) if one.directive else ""
    return one.phase, several(prose(one.says), " ", state), directive, str(one.source)
