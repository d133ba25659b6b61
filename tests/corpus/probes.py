"""The requests section of a case: what is sent and what must come back, a line each.

``METHOD URL  field  field => STATUS pod  field  field``, with two spaces or more between fields.

Before the arrow: ``Header: value`` · ``from 127.0.0.9`` (the client's address) · ``body 2048 bytes`` ·
``with cookies`` (those that earlier answers of this case set) · ``HTTP/2`` · ``whole URL`` (in the request
line) · ``SNI name``, ``no SNI`` (what the handshake asks for, if not the URL's host) · ``certificate ann of
ours``, ``expired certificate ann of ours`` (what the client shows) · ``PROXY 203.0.113.9 443`` (a header with
a client's address and the port it asked).  ``10x GET …`` sends it ten times.  The status 000 is a TLS that
was refused.

After it, a pod's name right after the status; ``web-1, web-2`` means that these and no others answered, each
at least once; ``(one pod)`` that all answers came from one.  Then: ``Header: value`` · ``Header ~ regular
expression`` · ``no Header`` · ``body contains text`` · ``body lacks text`` · ``certificate: names`` ·
``cipher: name`` · ``web-new 10-90 times`` (how many of the answers came from this pod) · ``logged text``,
``logged ~ regular expression``, ``logged json {…}`` (what lines of the access log hold), ``not logged``.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct, structs
from tests.corpus.authority import Shown
from tests.corpus.case import Case
from tests.corpus.client import Answer, Request, parse_url

ONE_POD = "(one pod)"

_WAYS = {"HTTP/2": "http2", "whole URL": "whole"}
"""How a request is written, and the field of ``Request`` that says so."""

_LEFT = re.compile(r"(?:(?P<times>\d+)x )?(?P<method>[A-Z0-9]+) (?P<url>\S+)")
_RIGHT = re.compile(r"(?P<status>\d{3})(?: (?P<pods>.+))?")
_FIELDS = re.compile(r"\s{2,}")
_HEADER = re.compile(r"(?P<name>[A-Za-z0-9_-]+)(?P<how>:| ~) ?(?P<value>.*)")
_FORM = "METHOD URL  field => STATUS pod  field, with two spaces before each field"

_SHARE = re.compile(r"(?P<pod>[\w.-]+) (?P<least>\d+)-(?P<most>\d+) times")

Check = Callable[[Answer], str]
"""Says what is wrong with an answer, or nothing."""

LogCheck = Callable[[tuple[str, ...]], str]
"""Says what is wrong with the lines that were logged about a request, or nothing."""


class Share(Struct, frozen=True):
    """How many of the answers to one line a pod may have given."""

    pod: str
    least: int
    most: int


class Probe(Struct, frozen=True):
    """One line: the request, how often, and what each answer must be; ``line`` is the one in the file."""

    text: str
    line: int
    request: Request
    times: int
    cookies: bool
    status: int
    pods: tuple[str, ...]
    checks: tuple[Check, ...]
    shares: tuple[Share, ...]
    logged: tuple[LogCheck, ...]


def parse_requests(case: Case) -> Iterator[Probe]:
    """Read the section; raise ``BadCase`` for a line that is none."""
    section = case.sections.get("requests")
    for at, line in enumerate(section.text.splitlines() if section else ()):
        if line.strip() and not line.startswith("#"):
            yield _probe(case, line.strip(), (section.line if section else 0) + at)


def _probe(case: Case, text: str, line: int) -> Probe:
    left, arrow, right = text.partition("=>")
    sent, expected = _FIELDS.split(left.strip()), _FIELDS.split(right.strip())
    first, last = _LEFT.fullmatch(sent[0]), _RIGHT.fullmatch(expected[0])
    url = parse_url(first["url"]) if first else None
    if not arrow or first is None or last is None or url is None:
        case.bad(line, f'found "{text}", expected {_FORM}')
    request = Request(first["method"], url)
    cookies = False
    for field in sent[1:]:
        if field == "with cookies":
            cookies = True
            continue
        request = _with(request, field) or case.bad(line, f'found "{field}", expected a field of a request')
    shares = tuple(_share(found) for field in expected[1:] if (found := _SHARE.fullmatch(field)))
    logged = {field: check for field in expected[1:] if (check := _in_log(field)) is not None}
    checks = [
        _check(field) or case.bad(line, f'found "{field}", expected a field of an answer')
        for field in expected[1:]
        if not _SHARE.fullmatch(field) and field not in logged
    ]
    pods = tuple(last["pods"].split(", ")) if last["pods"] else ()
    times = int(first["times"] or 1)
    return Probe(
        *(text, line, request, times, cookies, int(last["status"]), pods, tuple(checks), shares),
        tuple(logged.values()),
    )


def _share(found: re.Match[str]) -> Share:
    return Share(found["pod"], int(found["least"]), int(found["most"]))


def _with(request: Request, field: str) -> Request | None:
    if found := re.fullmatch(r"from (127\.[\d.]+)", field):
        return structs.replace(request, source=found[1])
    if found := re.fullmatch(r"body (\d+) bytes", field):
        return structs.replace(request, length=int(found[1]))
    if field in _WAYS:
        return structs.replace(request, **{_WAYS[field]: True})
    if of_connection := _of_connection(field):
        return structs.replace(request, **of_connection)
    found = _HEADER.fullmatch(field)
    if found is None or found["how"] != ":":
        return None
    return structs.replace(request, headers=(*request.headers, (found["name"], found["value"])))


def _of_connection(field: str) -> dict[str, Any]:
    """Return what a client says before its request: in a PROXY header and in the handshake."""
    if found := re.fullmatch(r"PROXY (\S+)(?: (\d+))?", field):
        return {"proxied": (found[1], found[2] or "80")}
    if found := re.fullmatch(r"no SNI|SNI (\S+)", field):
        return {"server_name": found[1] or ""}
    if found := re.fullmatch(r"(expired )?certificate (\S+) of (\S+)", field):
        return {"shown": Shown(found[2], found[3], expired=bool(found[1]))}
    return {}


def _in_log(field: str) -> LogCheck | None:
    if field == "not logged":
        return lambda lines: f"found {lines[0]} in the log, expected nothing" if lines else ""
    found = re.fullmatch(r"logged (~|json)? ?(.+)", field)
    if found is None:
        return None
    holds = _LOGGED[found[1]](found[2])
    return lambda lines: (
        "" if any(map(holds, lines)) else f"found {lines} in the log, expected a line: {found[2]}"
    )


def _is_json(text: str) -> Callable[[str], object]:
    def holds(line: str) -> bool:
        with suppress(ValueError):
            return bool(json.loads(line) == json.loads(text))
        return False

    return holds


_LOGGED: Mapping[str | None, Callable[[str], Callable[[str], object]]] = {
    "~": lambda text: re.compile(text).search,
    "json": _is_json,
    None: lambda text: text.__eq__,
}


def _check(field: str) -> Check | None:
    if found := re.fullmatch(r"body (contains|lacks) (.+)", field):
        return _body(found[2], wanted=found[1] == "contains")
    if found := re.fullmatch(r"no ([A-Za-z0-9-]+)", field):
        return _header_is(found[1], lambda values: not values, "absent")
    found = _HEADER.fullmatch(field)
    if found is None:
        return None
    name, how, value = found.groups()
    if name in {"certificate", "cipher"}:
        return _in_tls(name, value)
    if how == ":":
        return _header_is(name, lambda values: values == (value,), f'"{value}"')
    holds = re.compile(value).search
    return _header_is(name, lambda values: any(holds(one) for one in values), f"to match {value}")


def _body(text: str, *, wanted: bool) -> Check:
    says = f'expected {"" if wanted else "no "}"{text}" in the body'
    return lambda answer: "" if (text in answer.body) == wanted else says


def _header_is(name: str, holds: Callable[[tuple[str, ...]], bool], expected: str) -> Check:
    def check(answer: Answer) -> str:
        found = answer.all(name)
        shown = ", ".join(f'"{one}"' for one in found) or "none"
        return "" if holds(found) else f"found header {name} {shown}, expected it {expected}"

    return check


def _in_tls(what: str, value: str) -> Check:
    def check(answer: Answer) -> str:
        found = answer.cipher if what == "cipher" else ", ".join(answer.names)
        return "" if found == value else f"found a {what} for {found or 'none'}, expected one for {value}"

    return check


def judge(probe: Probe, answers: Iterable[Answer]) -> tuple[str, ...]:
    """Return what is wrong with the answers to one line, each thing once."""
    some = tuple(answers)
    wrong = {
        f"found status {one.status}, expected {probe.status}" for one in some if one.status != probe.status
    }
    wrong |= {says for one in some for check in probe.checks if (says := check(one))}
    answered = [pod for one in some for pod in one.all("x-pod")]
    wrong |= set(_pods(probe, set(answered)))
    wrong |= {
        f"found {count} answers of {share.pod}, expected {share.least} to {share.most}"
        for share in probe.shares
        if not share.least <= (count := answered.count(share.pod)) <= share.most
    }
    return tuple(sorted(wrong))


def _pods(probe: Probe, answered: set[str]) -> Iterator[str]:
    expected = set(probe.pods)
    shown = ", ".join(sorted(answered)) or "no pod"
    if expected == {ONE_POD}:
        if len(answered) != 1:
            yield f"found answers of {shown}, expected one pod"
    elif answered != expected:
        yield f"found {shown} answering, expected {', '.join(sorted(expected)) or 'no pod'}"


class Cookies:
    """The cookies that answers of a case have set: names and values are all that matters here."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def keep(self, answer: Answer) -> None:
        for one in answer.all("set-cookie"):
            name, _, value = one.partition(";")[0].partition("=")
            self._values[name] = value

    def added_to(self, request: Request) -> Request:
        text = "; ".join(f"{name}={value}" for name, value in self._values.items())
        return structs.replace(request, headers=(*request.headers, ("Cookie", text))) if text else request
