"""The state directory, read beside whoever holds it.

Says nothing secret: certificates, never their keys; no password file.  What a file means is its writer's
business (``nginxd.disk``, ``discovery.journal``); here it is only shown.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from painless.controller.ports import WorldError
from painless.discovery.answers import Answer
from painless.discovery.control import Put, Remove, Replace
from painless.discovery.journal import records
from painless.discovery.server import JOURNAL
from painless.nginx.generation import MAIN
from painless.nginx.reader import Node, read
from painless.nginxd.probe import look

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)

_SHOWN = ["$ssl_server_name", "$certificate"]
"""The map that says which file a client is shown."""


class NothingThere(WorldError):
    """What was asked for is not on the disk; the message is a sentence."""


def configuration(root: Path, host: str) -> str:
    """Return what NGINX loads next, which is what it runs but for the moment of a reload."""
    text = _main(root)
    if not host:
        return text
    found = tuple(_blocks(text, host))
    if not found:
        raise NothingThere(f"no server block has the name {host}")
    return "\n\n".join(found) + "\n"


def certificate(root: Path, host: str) -> bytes:
    """Return the chain that clients of a host are shown."""
    shown = dict(_map(_main(root)))
    name = shown.get(next(_fitting(shown, host), "default"), "default")
    found = _CERTIFICATE.findall(_read(root / "hot" / "certificates" / f"{name}.pem"))
    if not found:
        raise NothingThere(f"the file of {host} holds no certificate")
    return b"".join(found)


def backends(root: Path, backend: str, *, names: bool) -> str:
    """Return the upstreams and the addresses the responder was told last, or the names alone."""
    told = _told(_read(root / "discovery" / JOURNAL))
    if backend and backend not in told:
        raise NothingThere(f"there is no backend {backend}")
    shown = [told[name] for name in sorted({backend} if backend else told)]
    if names:
        return "".join(f"{one.upstream}\n" for one in shown)
    return _json([_backend(one) for one in shown])


def general(root: Path) -> str:
    """Return which generation is current, which one runs, and in which processes."""
    link, run = root / "current", root.resolve() / "run"
    pid = _read(run / "nginx.pid").decode().strip() if (run / "nginx.pid").exists() else ""
    sight = look(int(pid), run) if pid.isdecimal() else None
    workers = [
        {"pid": one.pid, "title": one.title, "generation": one.generation}
        for one in (sight.workers if sight else ())
    ]
    return _json(
        {
            "current": link.readlink().name if link.is_symlink() else None,
            "live": sight.live if sight else None,
            "master": sight.master if sight else None,
            "workers": workers,
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _main(root: Path) -> str:
    return _read(root / "current" / MAIN).decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise NothingThere(
            f"{path} cannot be read: {cause.strerror}; --state-dir names the directory of the controller"
        ) from cause


def _blocks(text: str, host: str) -> Iterator[str]:
    """Yield the server blocks of a host as they are printed, with the comments above them."""
    lines = text.splitlines()
    servers = [(one, _names(one)) for one in _http(text) if one.name == "server"]
    wanted = next(_fitting((name for _, names in servers for name in names), host), "")
    for one, names in servers:
        if wanted in names:
            yield "\n".join(_lines_of(lines, one.line - 1))


def _lines_of(lines: list[str], start: int) -> list[str]:
    """Return the block that starts at a line of what our printer wrote: its end is as far indented."""
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = lines.index(" " * indent + "}", start)
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return lines[start : end + 1]


def _http(text: str) -> tuple[Node, ...]:
    return next((one.block or () for one in read(text) if one.name == "http"), ())


def _names(server: Node) -> tuple[str, ...]:
    return tuple(word.text for one in server.block or () if one.name == "server_name" for word in one.args)


def _map(text: str) -> Iterator[tuple[str, str]]:
    for one in _http(text):
        if one.name == "map" and [word.text for word in one.args] == _SHOWN:
            yield from ((line.name, line.args[0].text) for line in one.block or () if line.args)


def _fitting(names: Iterable[str], host: str) -> Iterator[str]:
    """Yield the names that NGINX takes for a host: itself, or else expressions, as wildcards become."""
    known = tuple(names)
    if host in known:
        yield host
        return
    for one in known:
        # What PCRE knows and Python does not is no wildcard of ours.
        with suppress(re.error):
            if one.startswith("~") and re.search(one.lstrip("~*"), host, re.IGNORECASE):
                yield one


def _told(journal: bytes) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for one in records(journal)[0]:
        if isinstance(one, Replace):
            found = {}
        if isinstance(one, Replace | Put):
            found.update({answer.upstream: answer for answer in one.answers})
        if isinstance(one, Remove):
            found = {name: answer for name, answer in found.items() if name not in one.upstreams}
    return found


def _backend(one: Answer) -> dict[str, Any]:
    peers = [{"address": each.address, "port": str(each.port)} for each in one.peers]
    return {"name": one.upstream, "endpoints": peers} | ({"external": one.external} if one.external else {})
