"""What it costs NGINX to read its files: ``nginx -t``, as the kernel accounts for it."""

import subprocess
import sys
from pathlib import Path

from msgspec import Struct

from bench.running import BenchError
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

WITHIN = 120.0  # Seconds for one check; it takes two at 5,000 hosts with a server block each.
_KIB = 1024

_RUN = """
import os, sys, time
began = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - began
print(os.waitstatus_to_exitcode(status), took, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""A Python of its own, as small as can be: a process is charged with the memory of whoever started it."""


class Check(Struct, frozen=True):
    """Seconds of the clock and of processor time, and the most memory in MiB."""

    wall: float
    cpu: float
    peak: float


def check(state: Path) -> Check:
    """Let NGINX read the current generation of a state directory once."""
    binary = find_nginx("", nginx_variable()).path
    main = state / "current" / "nginx.conf"
    command = [binary, "-t", "-q", "-p", str(state), "-c", str(main), "-e", "stderr"]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _RUN, *command],
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=True,
        )
    except subprocess.TimeoutExpired as cause:
        raise BenchError(f"nginx -t did not end within {WITHIN:.0f} s") from cause
    code, wall, cpu, peak = done.stdout.split()
    if code != "0":
        raise BenchError(f"NGINX refuses {main}: {done.stderr}")
    return Check(float(wall), float(cpu), float(peak) / _KIB)
