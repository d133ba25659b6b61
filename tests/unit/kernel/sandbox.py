"""A sandbox that refuses netlink, as some do for containers: told with seccomp, in the calling process."""

import ctypes
import errno
import platform
import socket
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_LOAD, _UNLESS_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER, _FIRST_ARGUMENT = 0, 16


def refuse_netlink() -> None:
    """Have every later ``socket(AF_NETLINK, …)`` of this process fail; there is no way back."""
    code = b"".join(
        struct.pack("=HBBI", *one)
        for one in (
            (_LOAD, 0, 0, _NUMBER),
            (_UNLESS_EQUAL, 0, 3, _SOCKET_CALL[platform.machine()]),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_UNLESS_EQUAL, 0, 1, socket.AF_NETLINK),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    lines = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(lines))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
