"""What it costs NGINX to read its files: ``nginx -t``, as the kernel accounts for it."""

import os
import select
import subprocess
import time
from pathlib import Path

from msgspec import Struct

from bench.running import BenchError
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

WITHIN = 120.0  # Seconds for one check; it takes two at 5,000 hosts with a server block each.
_KIB = 1024


class Check(Struct, frozen=True):
    """Seconds of the clock and of processor time, and the most memory in MiB."""

    wall: float
    cpu: float
    peak: float


def check(state: Path) -> Check:
    """Let NGINX read the current generation of a state directory once."""
    binary = find_nginx("", nginx_variable()).path
    main = state / "current" / "nginx.conf"
    began = time.perf_counter()
    with subprocess.Popen(
        [binary, "-t", "-q", "-p", str(state), "-c", str(main), "-e", "stderr"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        _wait(process)
        wall = time.perf_counter() - began
        # Only whoever buries a process learns what it cost.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.stderr is not None, "it was asked for"
        said = process.stderr.read().decode(errors="replace")
    if process.returncode:
        raise BenchError(f"NGINX refuses {main}: {said}")
    return Check(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _KIB)


def _wait(process: "subprocess.Popen[bytes]") -> None:
    handle = os.pidfd_open(process.pid)
    try:
        ended, _, _ = select.select([handle], [], [], WITHIN)
    finally:
        os.close(handle)
    if not ended:
        process.kill()
        raise BenchError(f"nginx -t did not end within {WITHIN:.0f} s")
