"""The doctor that watches shows a report again when it has changed, and Ctrl-C is its end."""

import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

COME = 40.0  # Seconds until something is shown; five or six on a free machine.


def shown(process: subprocess.Popen[bytes], until: bytes) -> bytes:
    """Return what is shown up to some words."""
    assert process.stdout is not None
    found, end = b"", time.monotonic() + COME
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while until not in found:
            assert ready.select(end - time.monotonic()), found
            found += os.read(process.stdout.fileno(), 1 << 16)
    return found


def test_a_change_is_shown(tmp_path: Path) -> None:
    conf = tmp_path / "nginx.conf"
    conf.write_text("events {}\nhttp { gzip_comp_level 9; }\n")
    command = (sys.executable, "-m", "painless", "doctor", "--nginx-conf", str(conf), "--watch")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert b"gzip works at level 9" in shown(process, b"checks made")
        conf.write_text("events {}\nhttp { gzip_comp_level 8; }\n")
        assert b"gzip works at level 8" in shown(process, b"checks made")
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(COME)
