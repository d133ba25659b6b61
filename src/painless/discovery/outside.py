"""Names outside the cluster (Services of type ExternalName), resolved again and again as their TTL says.

The last good answer stays while resolution fails: a broken name server must not take away a working
backend.  Addresses that would lead back to this machine are left out (addresses.py).
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable

from painless.discovery.addresses import canonical, refusal
from painless.observe import logs

_AT_LEAST = 1.0  # seconds between two questions for one name, whatever its TTL says
_RETRY = (1.0, 15.0)  # seconds after a failure, doubling: a name server's outage is met with patience
_AT_ONCE = 32  # names asked for at once, so that thousands of names are no flood
_DNS_PORT = 53


class Unresolvable(Exception):
    """A name has no address that may be used."""


class Outside:
    """The names that are followed, each by a task of its own; ``found`` is called with each answer."""

    def __init__(
        self,
        nameservers: tuple[str, ...],
        found: Callable[[str, tuple[str, ...]], None],
        *,
        allow_loopback: bool,
    ) -> None:
        self._nameservers = nameservers
        self._allow_loopback = allow_loopback
        self._found = found
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self.failing: set[str] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def follow(self, hostnames: frozenset[str], group: asyncio.TaskGroup) -> None:
        """Follow these names and no others."""
        for gone in self._tasks.keys() - hostnames:
            self._tasks.pop(gone).cancel()
            self.failing.discard(gone)
        for new in sorted(hostnames - self._tasks.keys()):
            self._tasks[new] = group.create_task(self._keep_resolving(new))

    def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _keep_resolving(self, hostname: str) -> None:
        retry = _RETRY[0]
        while True:
            found = await self._attempt(hostname)
            if _is_cancelled():  # wait_for of Python 3.11, which dnspython uses, can lose a cancellation
                return
            if isinstance(found, Unresolvable):
                if hostname not in self.failing:
                    logs.event(
                        "name_unresolved", level=logging.WARNING, hostname=hostname, problem=str(found)
                    )
                self.failing.add(hostname)
                await asyncio.sleep(retry)
                retry = min(2 * retry, _RETRY[1])
            else:
                addresses, ttl = found
                self.failing.discard(hostname)
                self._found(hostname, addresses)
                retry = _RETRY[0]
                await asyncio.sleep(max(_AT_LEAST, ttl))

    async def _attempt(self, hostname: str) -> tuple[tuple[str, ...], float] | Unresolvable:
        async with self._at_once:
            try:
                return await self._resolve(hostname)
            except Unresolvable as error:
                return error

    async def _resolve(self, hostname: str) -> tuple[tuple[str, ...], float]:
        """Return the addresses of a name and for how many seconds they hold: A, or AAAA without any A."""
        why = ""
        for kind in ("A", "AAAA"):
            try:
                found, ttl = await self._asked(hostname, kind)
            except Unresolvable as error:
                why = why or str(error)
                continue
            refused = {one: self._refusal(one) for one in found}
            usable = tuple(sorted(canonical(one) for one, says in refused.items() if not says))
            if usable:
                return usable, ttl
            why = "; ".join(f"its address {one} {says}" for one, says in refused.items())
        raise Unresolvable(why)

    def _refusal(self, address: str) -> str:
        says = refusal(address, allow_loopback=self._allow_loopback)
        return says or ("is an address of NGINX's own machine" if is_own(address) else "")

    async def _asked(self, hostname: str, kind: str) -> tuple[list[str], float]:
        # Late: dnspython is 5 MB that a cluster without such Services need not spend.
        from painless.discovery.lookup import LookupFailed, looked_up  # noqa: PLC0415

        try:
            return await looked_up(hostname, kind, self._nameservers)
        except LookupFailed as error:
            raise Unresolvable(str(error)) from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_own(address: str) -> bool:
    """Whether an address is this machine's, or this Pod's, and not a loopback address.

    The kernel sends from an address that is its own to the same one, and to all others from another.
    """
    wanted = ipaddress.ip_address(address)
    family = socket.AF_INET if wanted.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as attempt:
        try:
            attempt.connect((address, _DNS_PORT))  # Nothing is sent.
        except OSError:
            return False  # There is no way to it at all.
        return not wanted.is_loopback and ipaddress.ip_address(attempt.getsockname()[0]) == wanted


def host_and_port(nameserver: str) -> tuple[str, int]:
    """Return address and port of ``ADDR``, ``ADDR:PORT`` or ``[ADDR]:PORT``; raise ``ValueError``."""
    host, port = nameserver, str(_DNS_PORT)
    if not nameserver.endswith("]") and (nameserver.startswith("[") or nameserver.count(":") == 1):
        host, _, port = nameserver.rpartition(":")
    address = str(ipaddress.ip_address(host.strip("[]")))
    if not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ValueError(f"{nameserver!r} has the port {port!r}; expected a number from 1 to 65535")
    return address, int(port)
