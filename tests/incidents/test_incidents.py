"""The short form of every incident: there on an NGINX of 2017, not there on Painless."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from incidents.__main__ import replayed
from incidents.every import REPLAYS, named

from painless.nginxd import procfs

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 30.0  # Seconds for what takes one or two, on a busy machine.
LOOK_AGAIN = 0.05


@pytest.mark.parametrize("letter", REPLAYS)
def test_incident(letter: str):
    """What fails on one side and holds on the other does so on a busy machine as well."""
    report = replayed(letter, full=False)
    if report.missing:
        pytest.skip(report.missing)
    assert () == report.unshown(full=False), report.lines


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_a_replay(how: signal.Signals, state_dir: Path):
    """Whoever ends a replay, by Ctrl-C or by a kill, ends its NGINX and everything else with it."""
    if why := named("d").missing():
        pytest.skip(why)
    command = (sys.executable, "-m", "incidents", "d", "--full")
    # Who is killed removes no files.
    elsewhere = {**os.environ, "TMPDIR": str(state_dir)}
    replay = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=elsewhere
    )
    try:
        until(lambda: any("nginx: worker" in title for title in below(replay.pid).values()))
        started = below(replay.pid)
    finally:
        replay.send_signal(how)
        replay.wait()
    until(lambda: not started.items() & titles().items())


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not holds():
        assert time.monotonic() < deadline, f"not within {WITHIN:g} s"
        time.sleep(LOOK_AGAIN)


def titles() -> dict[int, str]:
    return {one: title for one in procfs.every_pid() if (title := procfs.title(one))}


def below(pid: int) -> dict[int, str]:
    """Return the titles of all processes that a process has started."""
    found: dict[int, str] = {}
    wanted = [pid]
    while wanted:
        children = procfs.children(wanted.pop())
        wanted += children
        found |= {one: procfs.title(one) or "" for one in children}
    return found
