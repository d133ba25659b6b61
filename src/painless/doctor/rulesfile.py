"""Reads the file of rules, and the day they are compared with; a wrong file is a sentence that names it."""

import time
from pathlib import Path

from painless.controller.ports import WorldError
from painless.doctor.checks import CHECKS
from painless.doctor.rules import Rules, Unclear, rules
from painless.syntax.yaml import parse_yaml


class NotReadable(WorldError):
    """A file that was given is not what it should be; the message is a sentence."""


def today() -> str:
    """Return the day, as silences end on it: everywhere the same, whatever the time zone."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def read_rules(file: Path) -> Rules:
    """Return what a file says; raises ``NotReadable``."""
    try:
        parsed = parse_yaml(file.read_bytes())
    except OSError as cause:
        raise NotReadable(f"{file} cannot be read: {cause.strerror}") from cause
    for fault in parsed.faults:
        raise NotReadable(f"{file}, line {fault.line}, column {fault.column}: {fault.says}")
    try:
        return rules(parsed.documents[0].value if parsed.documents else None, CHECKS)
    except Unclear as cause:
        raise NotReadable(f"{file}: {cause}") from cause
