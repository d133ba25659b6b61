"""What a test of the whole program starts with: a folder, pods, and what makes controllers."""

import datetime as dt
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program, programs

from painless.demo.certificate import Pair, self_made

Make = Callable[..., Program]

SOAK = os.environ.get("PAINLESS_SOAK") == "1"
"""Whether the full-size variants run: on a machine of their own, in place of seconds on a shared one."""

PATIENT = pytest.mark.timeout(1800 if SOAK else 60)
"""For modules whose full-size variants take longer than a test may."""

AT_ONCE = 1.3 if SOAK else 5.0
"""Seconds that a change takes; NGINX asks for addresses once a second, and a busy machine is late."""
NOISE = 1.3 if SOAK else 10.0
"""Seconds that a single change may take; others use the same two cores."""


def certificate(*hosts: str) -> Pair:
    return self_made(hosts, dt.datetime.fromtimestamp(time.time(), dt.UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "manifests")


@pytest_asyncio.fixture
async def pods(folder: Folder, tmp_path: Path) -> AsyncIterator[Pods]:
    async with Pods(folder, certificate("pod.internal"), tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def make(folder: Folder, state_dir: Path) -> AsyncIterator[Make]:
    """Return what makes controllers on the test's folder and state directory; all end with the test."""
    async with programs(state_dir, folder.path, folder.path.parent) as made:
        yield made
