"""Events of the log are declared, and what is declared is logged: alerts and readers rely on their names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from painless.observe.events import EVENTS, FIELDS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "painless"
DECLARED = {one.name: one for some in EVENTS.values() for one in some}
OTHERWISE = {"library_said": "by the formatter", "request_failed": "by the filter of servers' own logs"}
"""Events that no call of ``logs.event`` logs."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(one, ast.Call) and ast.unparse(one.func) == "logs.event":
                yield f"{path.relative_to(SOURCE)}:{one.lineno}", one


def constants(node: ast.expr) -> list[str]:
    """The names that an expression may come to; nothing for what is no constant."""
    if isinstance(node, ast.IfExp):
        return [*constants(node.body), *constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


CALLS = dict(calls())


@pytest.mark.parametrize("where", list(CALLS))
def test_what_is_logged_is_declared(where: str) -> None:
    """By a constant name, with no other field and at no other level."""
    call = CALLS[where]
    names = constants(call.args[0])
    assert names != []
    for name in names:
        one = DECLARED[name]
        fields = {key.arg for key in call.keywords if key.arg not in {None, "level"}}
        assert set() == fields - set(one.fields.split())
        level = next((key.value for key in call.keywords if key.arg == "level"), None)
        said = (
            {each.attr for each in ast.walk(level) if isinstance(each, ast.Attribute)} if level else {"INFO"}
        )
        levels = {each.upper() for each in one.levels.split()} | {"DETAIL", "connections"}
        assert set() == said - levels


def test_what_is_declared_is_logged() -> None:
    """Once, with fields that say something, and none that a line has already."""
    logged = {name for call in CALLS.values() for name in constants(call.args[0])}
    assert DECLARED.keys() - OTHERWISE.keys() == logged
    assert len(DECLARED) == sum(len(some) for some in EVENTS.values())
    used = {field for one in DECLARED.values() for field in one.fields.split()}
    assert (set(FIELDS), set()) == (used, used & {"time", "level", "event"})
