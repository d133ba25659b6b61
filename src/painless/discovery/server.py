"""The responder: a small process that answers NGINX's resolver and outlives the controller.

``python -m painless.discovery.server --state DIR`` answers for names below ``painless`` and for nothing
else, on loopback only.  What it serves it is told over a unix socket in DIR and keeps in DIR, so that an
NGINX that starts while the controller is away gets its peers.  A process of its own, since a controller that
computes would answer 80 times fewer questions; few imports, since it lives beside NGINX in one memory limit.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import assert_never

from painless import __version__
from painless.discovery import control
from painless.discovery.answering import Answering
from painless.discovery.journal import Journal, Record, Resolved
from painless.discovery.outside import Outside, host_and_port
from painless.discovery.sockets import Sockets, bound, is_lock, lock
from painless.discovery.table import Table
from painless.garbage import keep_collecting, tame
from painless.observe import logs
from painless.privacy import keep_to_ourselves

JOURNAL, PORT, LOCK = "table", "port", "lock"
"""File names below DIR: what it serves, where, and who serves it."""

HELD = 3
"""The exit status when another responder serves the directory."""

_UNBINDABLE = 4
_STILL_OURS = 2.0  # seconds between two looks at the lock, which only a mistake or a test removes
_TAKE = 10.0  # seconds a controller may take to read a reply before it is given up


class Server:
    """One responder: a table, its journal, the names outside and the conversation with the controller."""

    def __init__(self, options: "Options", sockets: Sockets, held: int) -> None:
        self._directory = directory = options.state
        self._options = options
        self._sockets = sockets
        self._held = held
        self._since = time.time()
        self._journal = Journal(directory / JOURNAL)
        self._table = Table()
        self._answering = Answering(self._table)
        self._outside = Outside(options.nameservers, self._resolved, allow_loopback=options.allow_loopback)
        self._stopped = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Serve until told to stop."""
        for record in self._journal.read():
            with contextlib.suppress(ValueError):  # written by a release with other rules
                self._table.apply(record)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        self._answering.attach(self._sockets.udp, self._sockets.udp[-1])
        async with self._group:
            collecting = self._group.create_task(keep_collecting())
            self._outside.follow(self._table.outside(), self._group)
            # The controller's socket is last: who finds it finds everything else at work.
            servers = [
                await asyncio.start_server(self._answering.converse, sock=one) for one in self._sockets.tcp
            ]
            servers.append(await self._listen())
            logs.event(
                "responder_started", upstreams=len(self._table), address=str(self._sockets.addresses[0])
            )
            await self._until_stopped()
            for server in servers:
                server.close()
            self._outside.stop()
            collecting.cancel()
        self._journal.close()

    async def _until_stopped(self) -> None:
        """Wait until told to stop, or until the directory is gone and nobody could tell us any more."""
        while is_lock(self._directory / LOCK, self._held):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STILL_OURS):
                    await self._stopped.wait()
                return
        logs.event("responder_orphaned", level=logging.WARNING, state=str(self._directory))

    async def _listen(self) -> asyncio.Server:
        path = self._directory / control.SOCKET
        path.unlink(missing_ok=True)  # the lock is ours, so it is a dead responder's
        before = os.umask(0o177)  # it must never be open to others, not even for a moment
        try:
            return await asyncio.start_unix_server(self._converse, path)
        finally:
            os.umask(before)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do what one controller asks, until it goes, also in the middle of a sentence."""
        try:
            while True:
                request = await control.read_request(reader)
                writer.write(control.frame(self._do(request)))
                async with asyncio.timeout(_TAKE):
                    await writer.drain()
                if isinstance(request, control.Stop):
                    self._stopped.set()
        except (OSError, EOFError):
            pass
        except asyncio.CancelledError:
            pass  # The process ends; raised on, asyncio of Python 3.11 would log it as an error.
        except control.Malformed as error:
            logs.event("responder_misunderstood", level=logging.WARNING, problem=str(error))
        finally:
            writer.close()

    def _do(self, request: control.Request) -> control.Reply:
        match request:
            case control.Replace() | control.Put() | control.Remove():
                return self._change(request)
            case control.Unanswered(upstreams, since):
                return control.Names(self._table.unanswered(upstreams, since))
            case control.Untaken(upstreams, since):
                return control.Names(self._table.untaken(upstreams, since))
            case control.Ask(upstreams):
                return control.Stands(self._table.peers(upstreams))
            case control.Describe():
                return self._statistics()
            case control.Stop():
                return control.Done()
            case _:
                assert_never(request)

    def _change(self, record: Record) -> control.Reply:
        try:
            changed = self._table.apply(record)
        except ValueError as error:
            return control.Failed(str(error))
        if changed or not self._journal.saved:
            self._keep(record)
            self._outside.follow(self._table.outside(), self._group)
        return control.Done()

    def _keep(self, record: Record) -> None:
        """Keep a change on disk; without a disk it is served all the same, and kept with the next one."""
        try:
            if isinstance(record, control.Replace) or self._journal.bulky:
                self._journal.rewrite(self._table.content())
            else:
                self._journal.append(record)
        except OSError as error:
            logs.event("answers_not_kept", level=logging.WARNING, problem=str(error))

    def _resolved(self, hostname: str, addresses: tuple[str, ...]) -> None:
        self._change(Resolved(hostname, addresses))

    def _statistics(self) -> control.Statistics:
        answering = self._answering
        return control.Statistics(
            pid=os.getpid(),
            version=__version__,
            options=self._options.given,
            addresses=self._sockets.addresses,
            apart=self._sockets.apart,
            since=self._since,
            questions=answering.questions,
            answers=answering.answers,
            dropped=answering.dropped,
            upstreams=len(self._table),
            outside=len(self._outside),
            failing=tuple(sorted(self._outside.failing)),
            saved=self._journal.saved,
        )


class Options:
    """The arguments: ``given`` are those that a controller compares with its own."""

    def __init__(self, arguments: list[str]) -> None:
        parser = argparse.ArgumentParser("painless.discovery.server", allow_abbrev=False)
        parser.add_argument("--state", required=True, type=Path, help="the directory of the table")
        parser.add_argument("--nameserver", action="append", default=[], metavar="ADDR:PORT")
        parser.add_argument("--allow-loopback", action="store_true")
        found = parser.parse_args(arguments)
        self.state: Path = found.state
        self.nameservers: tuple[str, ...] = tuple(found.nameserver)
        self.allow_loopback: bool = found.allow_loopback
        self.given = control.options(self.nameservers, allow_loopback=self.allow_loopback)
        for one in self.nameservers:
            try:
                host_and_port(one)
            except ValueError as error:
                parser.error(f"--nameserver: {error}; expected an address, with a port or without")


def main(arguments: list[str]) -> int:
    keep_to_ourselves()
    options = Options(arguments)
    logs.set_up()
    options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = lock(options.state / LOCK)
    if held is None:
        holder = (options.state / LOCK).read_text().strip() or "unknown"
        logs.event("responder_held", level=logging.ERROR, state=str(options.state), pid=holder)
        return HELD
    try:
        sockets = bound(options.state / PORT)
    except OSError as error:
        problem = f"the port in {options.state / PORT} cannot be had: {error}"
        logs.event("responder_port_taken", level=logging.ERROR, problem=problem)
        return _UNBINDABLE
    _run(options, sockets, held)
    return 0


def _run(options: Options, sockets: Sockets, held: int) -> None:
    async def serve() -> None:
        tame()
        await Server(options, sockets, held).run()

    try:
        import uvloop  # noqa: PLC0415 - a third faster where it exists, and not needed
    except ImportError:
        asyncio.run(serve())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
