"""Keeping what this process knows from other processes of the same user.

NGINX's workers talk to everybody, and in a Pod they are the same user as the controller and see its process.
The kernel lets a user's processes look into each other: memory, environment, open files, and through
``/proc/PID/root`` the file system with the token for the API server.  Not into one that is not "dumpable";
only a capability (CAP_SYS_PTRACE) opens that, which no container of ours has.
"""

import ctypes
import os

_PR_SET_DUMPABLE = 4


def keep_to_ourselves() -> None:
    """Close this process; what it starts has to do so by itself, since each program begins open."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl(PR_SET_DUMPABLE): {os.strerror(error)}")
