"""Fixtures that more than one part of the suite needs."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from painless.nginxd.procfs import holders


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory that an unprivileged worker may enter; an NGINX left on it is ended afterwards.

    Not below ``tmp_path``, which only we may enter, and short, since unix socket paths end at 107 bytes.
    """
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    yield root
    for pid in holders(root / "run"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(root)
