"""A case file: a sentence that must hold, and the sections that say how.  Text in, values out.

What the sections mean is for others: ``given`` reads manifests, ``settings`` options, ``probes`` requests.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Never

from msgspec import Struct

OUTPUT = ("main", "nginx", "upstreams", "diagnostics")
"""What ``--accept`` may rewrite."""

OPTIONAL = ("main", "upstreams")
"""Output that is compared only where a case has the section."""

ORDER = ("manifests", "options", *OUTPUT, "requests")

_MARK = "--- "


class BadCase(Exception):
    """A case file that cannot be understood; the message begins with file and line."""


class Section(Struct, frozen=True):
    """The text of one section and the line of the file, counted from 1, where that text begins."""

    text: str
    line: int


class Case(Struct, frozen=True):
    """One case: ``sentence`` says what must hold; ``notes`` are further lines before the first section."""

    path: Path
    sentence: str
    notes: str
    sections: Mapping[str, Section]

    def text(self, name: str) -> str:
        found = self.sections.get(name)
        return found.text if found else ""

    def bad(self, line: int, says: str) -> Never:
        raise BadCase(f"{self.path}:{line}: {says}")


def parse_case(path: Path, text: str) -> Case:
    """Read a case file; raise ``BadCase`` naming the line and what was expected there."""
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("---") and line.strip() != "---"]
    head = lines[: starts[0] if starts else len(lines)]
    case = Case(path, head[0].strip() if head else "", "\n".join(head[1:]).strip(), {})
    if not case.sentence.endswith("."):
        case.bad(1, f'found "{case.sentence}", expected a sentence that says what must hold, with its period')
    sections: dict[str, Section] = {}
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        name = _name(case, lines[at], at + 1, tuple(sections))
        body = "\n".join(lines[at + 1 : end]).strip("\n")
        sections[name] = Section(f"{body}\n" if body else "", at + 2)
    if "manifests" not in sections:
        case.bad(len(lines), 'found no section "--- manifests", expected one')
    return Case(path, case.sentence, case.notes, sections)


def with_output(case: Case, output: Mapping[str, str]) -> str:
    """Return the case's text with these sections in place of its own; empty diagnostics go."""
    bodies = {name: section.text for name, section in case.sections.items()} | dict(output)
    if not bodies.get("diagnostics"):
        bodies.pop("diagnostics", None)
    parts = [case.sentence, *([case.notes] if case.notes else [])]
    parts += [f"{_MARK}{name}\n{bodies[name]}".strip("\n") for name in ORDER if name in bodies]
    return "\n\n".join(parts) + "\n"


def _name(case: Case, line: str, number: int, before: tuple[str, ...]) -> str:
    name = line.removeprefix(_MARK).strip()
    if not line.startswith(_MARK) or name not in ORDER:
        case.bad(number, f'found "{line}", expected "--- " and one of {", ".join(ORDER)}')
    if name in before:
        case.bad(number, f'found a second section "{name}", expected each once')
    later = [one for one in before if ORDER.index(one) > ORDER.index(name)]
    if later:
        case.bad(number, f'found section "{name}" after "{later[0]}", expected the order {", ".join(ORDER)}')
    return name
