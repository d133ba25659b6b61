"""What a controller says when a command asks it over its socket."""

import asyncio
import json
import subprocess
import sys
from typing import Any

from tests.front.program import Program


async def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours, while pods go on answering."""
    run = [sys.executable, "-m", "painless", *words]
    return await asyncio.to_thread(subprocess.run, run, capture_output=True, text=True)


async def status(program: Program) -> dict[str, Any]:
    done = await command("status", "--state-dir", str(program.state), "--output", "json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def planned(program: Program, *words: str) -> dict[str, Any]:
    plan = ("plan", "--running", "--state-dir", str(program.state), "--output", "json")
    done = await command(*plan, *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def explained(program: Program, url: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status of explaining a URL, and what was said."""
    done = await command("explain", url, "--state-dir", str(program.state), "--output", "json")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found
