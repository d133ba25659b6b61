"""What can go wrong in the world outside, as exceptions; NGINX saying no is a result (``Refused``).

NginxError
├─ NginxNotFound     no binary, or it does not say its version
│  └─ NginxTooOld    below the floor
├─ NotRunning        the master is gone, or did not come up
├─ Unresponsive      NGINX or a test of it took longer than its time-out
├─ DiskFull          the state directory has no room
├─ StateBusy         another controller writes to the state directory
└─ StateUnreachable  NGINX's workers, or we, may not enter the state directory, or it is gone
"""

from pathlib import Path

from painless.controller.ports import WorldError


class NginxError(WorldError):
    """NGINX or its state directory failed us; the message is one sentence for the operator."""


class NginxNotFound(NginxError):
    """There is no NGINX to run at a place where the operator said there is one."""


class NginxTooOld(NginxNotFound):
    """The NGINX that was found lacks what the generated configuration needs."""


class NotRunning(NginxError):
    """There is no master process to talk to."""


class Unresponsive(NginxError):
    """A deadline passed without an answer, a confirmation or a reason."""


class DiskFull(NginxError):
    """There was no room for a file; nothing half written was left behind."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"no room to write {path}: free some space or enlarge the volume it is on")
        self.path = path


class StateBusy(NginxError):
    """Another process holds the state directory's lock."""

    def __init__(self, root: Path, pid: str) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"the state directory {root} is in use by {who}: one controller writes at a time")
        self.pid = pid


class StateUnreachable(NginxError):
    """A folder on the way to the state directory may not be entered, or it cannot be made, or is gone."""
