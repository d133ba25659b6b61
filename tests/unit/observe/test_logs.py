"""A line of the log is one event, whatever its fields hold: nobody writes a second one."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.properties.hostile import strings

from painless.observe import logs
from painless.sensitive import Sensitive

FORGED = 'one"\n{"event": "nginx_ended"}\r\x1b[2J\x1b]0;title\x07\x9b31m\u2028\u202e\x00\x7f\ufeff\ud800'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Loggers are the process's: other tests get theirs back."""
    found = [
        (one, one.handlers, one.level, one.propagate) for one in (logging.getLogger("painless"), logging.root)
    ]
    yield
    for one, handlers, level, propagate in found:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def told(out: io.StringIO, **fields: Any) -> str:
    logs.set_up(out)
    logs.event("thing_happened", **fields)
    return out.getvalue()


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
@pytest.mark.parametrize("field", [FORGED, [FORGED], {FORGED: FORGED}, (("a", FORGED),)], ids=type)
def test_no_field_makes_a_line_or_moves_a_cursor(out: type[io.StringIO], field: object) -> None:
    text = told(out(), says=field)
    assert ("\n", 1) == (text[-1], len(text.splitlines()))
    assert text[:-1].isprintable()
    assert 1 == text.count("thing_happened")


def test_any_text_comes_back_as_it_was() -> None:
    """But for what UTF-8 has no bytes for."""
    for text in strings(300, seed=11):
        line = told(io.StringIO(), says=text)
        assert line[:-1].isprintable()
        found = json.loads(line)
        whole = text.encode(errors="backslashreplace").decode()
        assert ("thing_happened", "info") == (found["event"], found["level"])
        assert whole.startswith(found["says"].partition("… (")[0])


def test_a_line_is_never_long() -> None:
    """A text, a list, a list of lists: bounded, and what is missing is said."""
    says = json.loads(told(io.StringIO(), says="x" * 10_000_000))["says"]
    assert says == "x" * logs.LONGEST + f"… ({10_000_000 - logs.LONGEST} more)"
    assert logs.MOST == len(json.loads(told(io.StringIO(), says=["x"] * 10_000))["says"])


def test_a_secret_prints_as_its_length() -> None:
    found = json.loads(told(io.StringIO(), says=[Sensitive(b"word"), {"key": Sensitive(b"words")}]))
    assert ["<sensitive, 4 bytes>", {"key": "<sensitive, 5 bytes>"}] == found["says"]


def test_eyes_read_fields_as_they_are() -> None:
    line = told(Terminal(), about="Ingress shop/web", count=2, why="because", reasons=["a", "b"], then=None)
    assert (
        'INFO thing_happened about="Ingress shop/web" count=2 why=because reasons=["a","b"] then=null\n'
        == (line.partition(" ")[2])
    )


@pytest.mark.parametrize(("verbosity", "levels"), [(0, "iwe"), (1, "diwe"), (2, "Ddiwe"), (10, "Ddiwe")])
def test_more_is_told_as_it_is_asked_for(verbosity: int, levels: str) -> None:
    """With ``-v`` as klog takes it: from 1 on what is usual, from 2 on differences."""
    out = io.StringIO()
    logs.set_up(out, verbosity)
    said = {"D": logs.DETAIL, "d": logging.DEBUG, "i": logging.INFO, "w": logging.WARNING, "e": logging.ERROR}
    for name, level in said.items():
        logs.event(name, level=level)
        assert (name in levels) == logs.tells(level)
    assert levels == "".join(json.loads(line)["event"] for line in out.getvalue().splitlines())


def test_what_a_library_says_is_an_event_too() -> None:
    """A traceback as well, in one line."""
    out = io.StringIO()
    logs.set_up(out)
    try:
        int("no\nway")
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never %s", "retrieved")
    (line,) = out.getvalue().splitlines()
    found = json.loads(line)
    assert ("library_said", "asyncio", "error") == (found["event"], found["logger"], found["level"])
    assert ("Task exception was never retrieved", True) == (
        found["says"],
        "invalid literal for int() with base 10: 'no" in found["traceback"],
    )


def test_times_are_those_of_everybody() -> None:
    """UTC, as other logs of a cluster have them."""
    logs.set_up(io.StringIO())
    record = logging.LogRecord("painless", logging.INFO, "", 0, "x", (), None)
    record.created, record.msecs = 0.25, 250.0
    out = io.StringIO()
    logs.set_up(out)
    logging.getLogger("painless").handle(record)
    assert "1970-01-01T00:00:00.250Z" == json.loads(out.getvalue())["time"]
