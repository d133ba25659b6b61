"""Did it do what it says?  Each promise of the demo as a check with a sentence of evidence."""

import statistics
from collections.abc import Iterable, Sequence

import aiohttp
from msgspec import Struct

from painless.demo.clients import OK, Clients, Tally
from painless.demo.process import Doors, Figures
from painless.demo.shop import API, API_CANARY, CANARY_WEIGHT, CHAT, SHOP

SAMPLE = 300  # requests; a share of 20 % then lies within 9 points of it but once in 10,000 runs
MARGIN = 9  # points
REDIRECT = 308
NO_RELOAD = "no reload for it"  # left out where somebody changed the manifests


class Check(Struct, frozen=True):
    """A promise, whether it held, and what was seen."""

    promise: str
    held: bool
    seen: str


async def asked(clients: Clients, doors: Doors) -> tuple[Check, ...]:
    """Return the promises that a few more requests decide."""
    checks = []
    for promise, check in (
        ("all three hosts answer", _hosts),
        ("plain HTTP redirects to HTTPS", _redirect),
        ("the canary gets its share", _canary),
        ("a WebSocket gets through", _websocket),
    ):
        try:
            held, seen = await check(clients, doors)
        except (aiohttp.ClientError, TimeoutError, TypeError) as error:
            held, seen = False, repr(error)
        checks.append(Check(promise, held, seen))
    return tuple(checks)


def counted(
    tallies: Iterable[Tally], waits: Sequence[float], before: Figures, after: Figures | None
) -> tuple[Check, ...]:
    """Return the promises that the run itself has decided."""
    requests = sum(one.requests for one in tallies)
    failed = sum(one.failed for one in tallies)
    quoted = "; ".join(why for one in tallies for why in one.failures)
    joined = f"joined: {len(waits)}"
    if waits:
        joined += (
            f", first request after {statistics.median(waits):.2f} s (median), {max(waits):.2f} s (longest)"
        )
    reloads = "the controller does not answer"
    if after:
        reloads = (
            f"{after.reloads} before and after"
            if after.reloads == before.reloads
            else (f"{before.reloads} before, {after.reloads} after")
        )
    return (
        Check("pods come and go", bool(waits), joined),
        Check(
            "no request fails",
            requests > 0 and failed == 0,
            f"{failed} of {requests} failed. {quoted}".strip(),
        ),
        Check(NO_RELOAD, after is not None and after.reloads == before.reloads, f"reloads: {reloads}"),
    )


async def _hosts(clients: Clients, doors: Doors) -> tuple[bool, str]:
    statuses = {host: (await clients.get(doors.url(host))).status for host in (SHOP, API, CHAT)}
    return set(statuses.values()) == {OK}, ", ".join(f"{host} {status}" for host, status in statuses.items())


async def _redirect(clients: Clients, doors: Doors) -> tuple[bool, str]:
    reply = await clients.get(f"http://{SHOP}:{doors.http}/cart")
    expected = doors.url(SHOP, "/cart")
    return (reply.status, reply.location) == (
        REDIRECT,
        expected,
    ), f"{reply.status} to {reply.location or 'nowhere'}"


async def _canary(clients: Clients, doors: Doors) -> tuple[bool, str]:
    pods = [(await clients.get(doors.url(API))).pod for _ in range(SAMPLE)]
    share = 100 * sum(pod.startswith(API_CANARY) for pod in pods) / SAMPLE
    return abs(share - CANARY_WEIGHT) <= MARGIN, f"{share:.0f} % of {SAMPLE} requests, weight {CANARY_WEIGHT}"


async def _websocket(clients: Clients, _doors: Doors) -> tuple[bool, str]:
    said = "are you there?"
    heard = await clients.echoed(said)
    return heard == said, f"said {said!r}, heard {heard!r}"
