"""Asking the controller of a state directory: who gets no answer is told why."""

import os
from pathlib import Path

import pytest

from painless.cli.running import NoController, ask
from painless.web.admin import LONGEST, SOCKET, listen

NOBODY = 65534


def says(state: Path) -> str:
    with pytest.raises(NoController) as found:
        ask(state, "/v1/status")
    return str(found.value)


def test_nobody_has_been_there(tmp_path: Path) -> None:
    expected = f"no controller runs on {tmp_path}: it has no {SOCKET}; --state-dir names its directory"
    assert expected == says(tmp_path)


def test_it_has_ended(tmp_path: Path) -> None:
    """A killed controller leaves its socket."""
    listen(tmp_path / SOCKET).close()
    assert says(tmp_path).startswith(f"the controller of {tmp_path} has ended; ")


def test_the_path_is_too_long(tmp_path: Path) -> None:
    assert says(tmp_path / ("x" * LONGEST)).endswith(
        f"is longer than the path of a socket may be ({LONGEST} bytes)"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_it_is_somebody_elses(tmp_path: Path) -> None:
    """Another user of the machine may not ask, and is told who may."""
    with listen(tmp_path / SOCKET):
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            try:
                os.setuid(NOBODY)
                os.write(writing, says(tmp_path).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read().decode()
    expected = f"{tmp_path / SOCKET} may not be opened by user {NOBODY}; run this as the controller's user"
    assert expected == told
