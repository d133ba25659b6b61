"""How often somebody may be wrong: so many at once and so many a minute, for each address and in all.

A try is paid for before it is looked at, and given back when it was right: tries at the same moment
cannot all be the last one.  Pure, but for the clock that it is given.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct


class Allowance(Struct, frozen=True):
    """``burst`` wrong tries at once, and one more each ``every`` seconds."""

    burst: int
    every: float


EACH = Allowance(10, 6.0)
"""A person mistypes a few times; a program that guesses gets 10 a minute."""
ALL = Allowance(100, 0.5)
"""What all of them together may cost: two questions a second to the API server."""
ADDRESSES = 1024
"""Addresses that are remembered, the last that were wrong: each costs 200 bytes."""


class _Bucket:
    def __init__(self, allowance: Allowance, now: float) -> None:
        self._allowance = allowance
        self._full = now  # When it is full again.

    def wait(self, now: float) -> float:
        """Return the seconds until a try is left; 0 when one is."""
        lead = self._full - now - (self._allowance.burst - 1) * self._allowance.every
        return max(0.0, lead)

    def take(self, now: float) -> None:
        self._full = max(self._full, now) + self._allowance.every

    def give_back(self) -> None:
        self._full -= self._allowance.every


class Tries:
    """The tries of everybody."""

    def __init__(self, now: Callable[[], float], each: Allowance = EACH, of_all: Allowance = ALL) -> None:
        self._now = now
        self._each = each
        self._of_all = _Bucket(of_all, now())
        self._addresses: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._addresses)

    def take(self, address: str) -> float:
        """Take one try; return the seconds to wait when none is left, 0 when it may be made."""
        now, bucket = self._now(), self._bucket(address)
        if wait := max(bucket.wait(now), self._of_all.wait(now)):
            return wait
        bucket.take(now)
        self._of_all.take(now)
        return 0.0

    def right(self, address: str) -> None:
        """Give back a try: it was right, or it could not be made."""
        self._bucket(address).give_back()
        self._of_all.give_back()

    def _bucket(self, address: str) -> _Bucket:
        key = _network(address)
        bucket = self._addresses.setdefault(key, _Bucket(self._each, self._now()))
        self._addresses.move_to_end(key)
        while len(self._addresses) > ADDRESSES:
            self._addresses.popitem(last=False)
        return bucket


def _network(address: str) -> str:
    """Of IPv6 the first 64 bits: who has one such address has all of them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
