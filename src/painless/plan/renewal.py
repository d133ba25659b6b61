"""From an NGINX whose binary was replaced on the disk to the new one, without a request that fails.

The new binary takes connections at once and has no peers before it was answered about them.  So it starts
on a bridge: the live generation, where each upstream has in addition the peers of the moment as fixed ones.
When it has taken the answers it loads the live generation, and the peers it learned go along.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from msgspec import structs

from painless.discovery.answers import Peer
from painless.nginx.generation import MAIN, STREAM_UPSTREAMS, UPSTREAMS, Generation, generation_id
from painless.nginx.resolver import DOMAIN, SERVICE
from painless.plan.steps import Await, Reload, Renew, Resolve, Retire, Stage, Step, Switch, Verify

Known = Mapping[str, tuple[Peer, ...]]
"""Peers by upstream; a port of 0 means the one that the configuration names."""

_SERVER = re.compile(
    rf"(?m)^( *)server ([\w.-]+)\.{DOMAIN}(?::([0-9]+)| service={SERVICE}) resolve( [^;\n]*)?;$"
)
_RESOLVER = re.compile(r"(?m)^ *resolver [^;\n]*;")
_ADDRESS = re.compile(r" 127\.[0-9.]+:[0-9]+")


def plan_renewal(live: Generation, known: Known, resolver: str) -> tuple[Step, ...]:
    """Return the steps; ``resolver`` is an address that no other NGINX asks."""
    over = bridge(live, known, resolver)
    resolve = (Resolve(live.upstreams),) if live.upstreams else ()
    return (
        Stage(over),
        Verify(over.id),
        Switch(over.id),
        Renew(),
        Await(over.id),
        *resolve,
        Switch(live.id),
        Reload(),
        Await(live.id),
        Retire(),
    )


def bridge(live: Generation, known: Known, resolver: str) -> Generation:
    """Return ``live`` with the known peers, and with ``resolver`` as the one that is asked."""
    cold = dict(live.cold)
    for name in (UPSTREAMS, STREAM_UPSTREAMS):
        if name in cold:
            cold[name] = _SERVER.sub(partial(_with_peers, known), cold[name])
    cold[MAIN] = _RESOLVER.sub(lambda line: _ADDRESS.sub(f" {resolver}", line[0]), cold[MAIN])
    # Not a line of it is an object's: nobody is to blame if NGINX refuses it.
    return structs.replace(live, id=generation_id(cold), cold=cold, origins={})


def _with_peers(known: Known, line: re.Match[str]) -> str:
    return "\n".join((line[0], *_fixed(line, known.get(line[2], ()))))


def _fixed(line: re.Match[str], peers: tuple[Peer, ...]) -> Iterator[str]:
    for one in peers:
        address = f"[{one.address}]" if ":" in one.address else one.address
        yield f"{line[1]}server {address}:{line[3] or one.port}{line[4] or ''};"
