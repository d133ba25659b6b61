"""A Pod of two containers without a container runtime: mount namespaces of their own, all else shared.

As in the Pod that is deployed, both are one user without any capability, see each other's processes and
share a volume at one path.  The NGINX container has its NGINX where the controller's has none, and nothing
of Python.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.front.clients import until
from tests.front.program import STARTED, STOPPED, Doors, Program

from painless.demo.ports import free_ports
from painless.nginxd import procfs
from painless.nginxd.find import find_nginx
from painless.nginxd.runner import install

# A user of its own, who is us outside and so may read what the tests are made of.
_USER = ("--user", "--map-user=65534", "--map-group=65534")
OWN = "/opt"  # What each container has for itself.
GRACE = 2  # Seconds that the NGINX container leaves to the controller; in a cluster it is more.

_ENTER = """
mount -t tmpfs tmpfs "$1" && mkdir "$1/own" && mount --bind "$2" "$1/own" && mount --bind "$3" "$4" || exit 9
shift 4
exec "$@"
"""
_NO_CAPABILITY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


def _namespaces_permitted() -> bool:
    tools = all(shutil.which(one) for one in ("mount", "nsenter", "setpriv", "unshare"))
    probe = ("unshare", "--mount", "unshare", *_USER, "true")
    return tools and os.geteuid() == 0 and not subprocess.run(probe, check=False).returncode


needs_namespaces = pytest.mark.skipif(
    not _namespaces_permitted(), reason="two containers are two mount namespaces, which take root to make"
)


class Pod(Program):
    """Both containers; the controller is the program, and ``nginx`` the other one's command."""

    def __init__(self, state: Path, source: Path, volume: Path, doors: Doors, log: Path, user: int) -> None:
        runner = state / "runner"
        super().__init__(state, Path(OWN, "own"), doors, log, "--nginx-runner", str(runner))

        def enter(own: Path) -> list[str]:
            places = (OWN, str(own), str(volume), str(state))
            within = ("nsenter", f"--user=/proc/{user}/ns/user", "--preserve-credentials", *_NO_CAPABILITY)
            return ["unshare", "--mount", "--propagation=private", "sh", "-c", _ENTER, "sh", *places, *within]

        self._command = [*enter(source), *self._command]
        binary = Path(find_nginx().path).parent
        script = (str(runner / "runner.sh"), str(runner), str(state), str(GRACE))
        self._worker = enter(binary)
        self._nginx_command = [*enter(binary), "/bin/sh", *script]
        self.nginx: subprocess.Popen[bytes] | None = None
        install(volume / "runner")

    def start(self) -> None:
        """Start what does not run."""
        if self.nginx is None or self.nginx.poll() is not None:
            self.start_nginx()
        if self.process is None or self.process.poll() is not None:
            super().start()

    def start_nginx(self) -> None:
        """Start the NGINX container."""
        with self.log.open("ab") as log:
            self.nginx = subprocess.Popen(
                self._nginx_command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={"PATH": f"{OWN}/own:/usr/sbin:/usr/bin:/sbin:/bin"},
            )

    def as_worker(self, *command: str) -> bool:
        """Return whether a command succeeds that somebody runs who has taken over a worker of NGINX."""
        return not subprocess.run([*self._worker, *command], capture_output=True, check=False).returncode

    @property
    def runner(self) -> int:
        """The pid of the NGINX container's command."""
        assert self.nginx is not None, "it was started"
        return self.nginx.pid

    async def runner_ended(self) -> int:
        nginx = self.nginx
        assert nginx is not None, "it was started"
        await until(lambda: nginx.poll() is not None, STOPPED, self.last_words)
        return nginx.returncode

    async def kill_nginx(self) -> None:
        """End the NGINX container as running out of memory does: all of it at once."""
        self.end_script()
        _kill(procfs.holders(self.state / "run"))
        await self.runner_ended()

    def end_script(self) -> None:
        """End the container's command with its subshells, which lead a session."""
        if self.nginx is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.nginx.pid, signal.SIGKILL)

    async def serving(self) -> None:
        self.start()
        await until(self.is_ready, STARTED, self.last_words)


@asynccontextmanager
async def pod_of(state: Path, source: Path) -> AsyncIterator[Pod]:
    """Yield a Pod that is not started yet; nothing is left of it afterwards."""
    volume = source.parent / "volume"
    volume.mkdir(mode=0o711)
    with _sleeper() as user:
        theirs, ours = (Path(f"/proc/{one}/ns/user") for one in (user.pid, "self"))
        await until(lambda: theirs.readlink() != ours.readlink(), STARTED)
        pod = Pod(state, source, volume, Doors(*free_ports(3)), source.parent / "log", user.pid)
        try:
            yield pod
        finally:
            pod.end_script()
            for one in (pod.process, pod.nginx, user):
                if one is not None and one.poll() is None:
                    one.kill()
                    one.wait()
            _kill({*procfs.holders(state / "run"), pod.responder()} - {0})


def _sleeper() -> subprocess.Popen[bytes]:
    """Start what keeps the user namespace, which the containers share."""
    return subprocess.Popen(["unshare", *_USER, "sleep", "infinity"])


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
