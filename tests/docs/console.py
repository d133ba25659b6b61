"""The shell blocks of a page, as commands with the output that the page promises.

A block is fenced as ``console``.  A line after ``$ `` is a command, lines after ``> `` continue it, all
others are its output.  An ellipsis in the output stands for anything within a line; alone, for any lines.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(Struct, frozen=True):
    """One command and the output it has on the page."""

    command: str
    output: str


def steps(page: str) -> list[Step]:
    return [one for block in _BLOCK.findall(page) for one in _steps(block)]


def _steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *rest = part.rstrip("\n").split("\n")
        command = [first]
        while rest and rest[0].startswith("> "):
            command.append(rest.pop(0).removeprefix("> "))
        yield Step("\n".join(command), "\n".join(rest).strip())


def fits(promised: str, seen: str) -> bool:
    """Whether ``seen`` is what a page promises."""
    pattern = "".join(map(_pattern, promised.split("\n")))
    return re.fullmatch(pattern, f"{seen.strip()}\n") is not None


def _pattern(line: str) -> str:
    return r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n"


def script(some: list[Step], mark: str) -> str:
    """Return one shell script that runs all commands and writes ``mark`` before the output of each.

    A command sees the status of the one before, as in a terminal.
    """
    lines = ["exec 2>&1", "status=0"]
    for one in some:
        lines += [f"echo '{mark}'; (exit $status)", one.command, "status=$?"]
    # What still runs in the background is asked to end, and is waited for.
    return "\n".join([*lines, f"echo '{mark}'", "kill $(jobs -p)", "wait", ""])
