"""What processes use together: of a master with a child, as the kernel counts."""

import os
import subprocess
import sys
import time

from painless.nginxd.processes import processes

_BUSY = "import time\nwhile time.process_time() < 0.2: pass"
_MASTER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_BUSY!r}], check=True)
child = subprocess.Popen(["sleep", "60"])
print("there", flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_a_master_and_its_children() -> None:
    """Those that have ended count with the time that they used, those that run with their memory.

    The kernel tells four times, of the master and of its ended children, in user and in system mode, and
    each is rounded down to a tick.
    """
    began = time.time()
    with subprocess.Popen(
        [sys.executable, "-c", _MASTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as master:
        assert master.stdout is not None
        assert "there\n" == master.stdout.readline()
        found = processes(master.pid)
        master.communicate("")
    assert found is not None
    assert 2 == found.count
    assert found.cpu_seconds >= 0.2 - 4 / os.sysconf("SC_CLK_TCK")
    assert found.virtual > found.resident > os.sysconf("SC_PAGE_SIZE")
    assert abs(found.started - began) < 60
    assert (True, True) == (found.read_bytes is not None, found.write_bytes is not None)
    assert None is processes(master.pid)
