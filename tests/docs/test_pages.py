"""The commands on our pages do what the pages say, in a shell, with a real Painless and a real NGINX."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from tests.docs.console import fits, script, steps

from painless.demo.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    one.relative_to(ROOT).as_posix()
    for one in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if steps(one.read_text(encoding="utf-8"))
)
PORTS = ("8080", "8443", "9000", "10253", "10254")  # as the pages write them; tests take free ones
FOLDER = "/tmp/painless"  # as the pages write it
PATIENCE = 50  # seconds for all commands of a page; the slowest takes ten
EXAMPLES = "docs/examples"
MARK = "--8<-- next command"


def other_ports() -> dict[str, str]:
    return {port: str(free) for port, free in zip(PORTS, free_ports(len(PORTS)), strict=True)}


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that NGINX's workers may pass through when they are another user's."""
    with tempfile.TemporaryDirectory(prefix="painless-page-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def replaced(text: str, free: Mapping[str, str]) -> str:
    for written, one in free.items():
        text = re.sub(rf"{written}(?![\w-])", one, text)
    return text


def with_examples(folder: Path, free: Mapping[str, str]) -> Path:
    """Return a folder that looks like a checkout, as far as the pages use one."""
    for one in (ROOT / EXAMPLES).rglob("*.yaml"):
        copy = folder / one.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(replaced(one.read_text(encoding="utf-8"), free), encoding="utf-8")
    return folder


def run(commands: str, folder: Path) -> str:
    """Return what a shell prints for ``commands``; whatever they started has ended then."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Into a file: a pipe would stay open for as long as anything lives that the shell started.
    with (folder / "seen").open("w+", encoding="utf-8") as seen:
        shell = subprocess.Popen(
            ["bash", "-c", commands],
            cwd=folder,
            env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=seen,
            start_new_session=True,
        )
        try:
            with suppress(subprocess.TimeoutExpired):
                shell.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
            shell.wait(5)
        seen.seek(0)
        return seen.read()


@pytest.mark.skipif(not shutil.which("curl"), reason="the pages use curl")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_its_word(name: str, folder: Path) -> None:
    """Each command of a page prints what the page shows."""
    free = {**other_ports(), FOLDER: str(folder / "work")}
    checkout = with_examples(folder, free)
    some = steps(replaced((ROOT / name).read_text(encoding="utf-8"), free))
    seen = run(script(some, MARK), checkout).split(f"{MARK}\n")[1:]
    wrong = [
        f"$ {one.command}\n{found}"
        for one, found in zip(some, seen, strict=False)
        if not fits(one.output, found)
    ]
    assert ("", len(some) + 1) == ("\n".join(wrong), len(seen)), "\n".join(wrong)
