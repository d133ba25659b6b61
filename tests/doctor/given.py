"""What tests of the doctor start from: configurations as text, and facts that only tests know."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from painless.doctor.conf import Conf
from painless.doctor.facts import CONF, WHOLE, Fact, Facts
from painless.doctor.load import load


def loaded(folder: Path, text: str) -> Conf:
    """Return a configuration, all of which was understood."""
    file = folder / "nginx.conf"
    file.write_text(text)
    found = load(str(file))
    assert found.problems == ()
    return found.conf


def facts_of(folder: Path, given: Mapping[str, Any]) -> Facts:
    """Return facts by name; a configuration is given as text."""
    known = {name: Fact(value, f"the test's {name}") for name, value in given.items() if name != CONF}
    if CONF in given:
        conf = Fact(loaded(folder, given[CONF]), str(folder / "nginx.conf"))
        known |= {CONF: conf, WHOLE: conf}
    return Facts(known)
