"""The doctor looks by itself, in a process that ends; what goes wrong with that is said, and nothing else."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from painless.clock import RealClock
from painless.controller.picture import Picture
from painless.controller.status import Status
from painless.doctor.checks import CHECKS
from painless.examining.schedule import COMMAND, Examining, Look, Pace, Subject
from painless.nginxd import procfs

COME = 30.0  # Seconds until something is so; one or two on a free machine.
QUICK = Pace(every=0.1, glance=0.02)


async def stating() -> Status:
    return Status(version="1", nginx="1.31.3", ready=False, missing="no generation serves yet")


def examining(
    state: Path,
    *,
    command: tuple[str, ...] = COMMAND,
    pace: Pace = QUICK,
    master: int | None = None,
    rules: Path | None = None,
) -> Examining:
    return Examining(Subject(state, stating, lambda: master, Picture, rules), RealClock(), pace, command)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(COME):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_look_makes_every_check(tmp_path: Path) -> None:
    """A controller that serves nothing is what it finds; the rest is of the machine, or unknown."""
    one = examining(tmp_path)
    await one.examine()
    look = msgspec.json.decode(one.json, type=Look)
    found = {each.id for each in look.report.findings}
    unknown = {each.id for each in look.report.unknown}
    assert found | unknown | set(look.report.passed) == {each.id for each in CHECKS}
    examined, short = one.examined(), one.short
    assert examined is not None
    assert short is not None
    assert sum(examined.findings.values()) == len(look.report.findings) == sum(short.findings.values())


async def test_an_nginx_that_is_gone_is_said(tmp_path: Path) -> None:
    """What went away between our asking and the look is a problem of the report."""
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()
    one = examining(tmp_path, master=gone.pid)
    await one.examine()
    assert (f"there is no process {gone.pid}",) == msgspec.json.decode(one.json, type=Look).report.problems


async def test_rules_are_read_at_each_look(tmp_path: Path) -> None:
    """What they silence is not found; a file that is not understood silences nothing, and is said."""
    rules = tmp_path / "doctor.yaml"
    one = examining(tmp_path, rules=rules)
    reports = []
    for text in ("doctor: {silence: [{id: R023, reason: it starts}]}", "doctor: {silent: []}"):
        rules.write_text(text)
        await one.examine()
        reports.append(msgspec.json.decode(one.json, type=Look).report)
    before, after = reports
    assert ["R023"] == [each.id for each in before.silenced]
    assert (False, True) == tuple(any(each.id == "R023" for each in said.findings) for said in reports)
    assert (f"{rules}: doctor: found 'silent', expected silence or limits",) == after.problems


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (python("import time; time.sleep(60)"), "it took longer than 0.5 seconds"),
        (python("raise SystemExit('all is lost')"), "it ended with status 1: all is lost"),
        (python("print('{}')"), "its report is not understood: "),
        (("/nowhere",), "the process cannot be started: No such file or directory"),
    ],
)
async def test_a_look_that_fails_is_said(
    command: tuple[str, ...], says: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What the look before found stays, with why there is none since; no process is left."""
    one = examining(tmp_path, command=command, pace=Pace(every=0.1, within=0.5))
    others = set(procfs.children(os.getpid()))
    await one.examine()
    (told,) = caplog.records
    said = vars(told)["fields"]["problem"]
    assert ("doctor_failed", True) == (told.getMessage(), said.startswith(says)), said
    assert (None, b"", None) == (one.short, one.json, one.examined())
    assert set() == set(procfs.children(os.getpid())) - others


async def test_one_look_comes_after_the_other(tmp_path: Path) -> None:
    """Each notes when it begins and ends; one that comes to nothing is followed by the next."""
    notes = tmp_path / "notes"
    code = f"notes = open({str(notes)!r}, 'a'); notes.write('began '); notes.flush(); notes.write('ended ')"
    one = examining(tmp_path, command=python(code), pace=Pace(every=0.05, glance=0.01))
    task = asyncio.ensure_future(one.run(lambda: "same"))
    await until(lambda: notes.exists() and notes.read_text().count("ended") >= 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ["began", "ended"] * 3 == notes.read_text().split()[:6]


async def test_without_an_interval_nothing_is_looked_at(tmp_path: Path) -> None:
    await examining(tmp_path, command=("/nowhere",), pace=Pace(every=0.0)).run(lambda: "")
