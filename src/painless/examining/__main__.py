"""The process that looks once: orders on standard input, a report on standard output.

It takes a tenth of a processor, whether others want it or not: a quota of the container that it used up
would stop NGINX, too, and on a machine without any time left the doctor is wanted most.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

from painless.privacy import keep_to_ourselves

BEHIND_NGINX = 10  # Of niceness: on a processor that both want, a tenth is ours.
WORK, REST = 0.005, 0.045
"""Seconds of a processor's time at once, and of rest after it: far below the 100 ms of a quota's period."""


def main() -> None:
    # It sees keys beside certificates.
    keep_to_ourselves()
    with _gently():
        # To load what looks takes as long as the look.
        looking = import_module("painless.examining.looking")
        sys.stdout.buffer.write(looking.answer(sys.stdin.buffer.read()))


@contextmanager
def _gently() -> Iterator[None]:
    os.nice(BEHIND_NGINX)
    signal.signal(signal.SIGPROF, _rest)
    signal.setitimer(signal.ITIMER_PROF, WORK, WORK)
    yield
    # An interpreter that ends has no handler any more.
    signal.setitimer(signal.ITIMER_PROF, 0.0)


def _rest(_signal: int, _frame: FrameType | None) -> None:
    time.sleep(REST)


if __name__ == "__main__":
    main()
