"""How Ingresses stand: what is remembered of what the API server says, and whom it wakes."""

import msgspec
from tests.unit.kube.given import manifest

from painless.kube.standing import Address, Addresses, Standings, Watched
from painless.model.snapshot import Name

A, B = frozenset({Address(ip="192.0.2.1")}), frozenset({Address(hostname="b.example")})


class Board:
    """Standings, and what was heard of them."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Addresses, Addresses]] = []
        self.standings = Standings(self._changed)

    def _changed(self, name: Name, before: Addresses, after: Addresses) -> None:
        self.heard.append((name[1], before, after))


def raw(name: str, addresses: Addresses, version: str, uid: str = "u") -> bytes:
    made = manifest(name)
    made["metadata"] |= {"uid": uid, "resourceVersion": version}
    made["status"] = {"loadBalancer": {"ingress": sorted(addresses)}}
    return msgspec.json.encode(made)


def test_what_is_older_counts_nothing() -> None:
    """A watch lags behind the answers to our own writes: what it brings then is no news."""
    board = Board()
    for addresses, version in ((B, "5"), (A, "7"), (B, "6"), (A, "7"), (A, "9")):
        board.standings.take(raw("web", addresses, version))
    assert [("web", frozenset(), B), ("web", B, A)] == board.heard
    known = board.standings.get(("shop", "web"))
    assert known is not None
    assert (A, "9") == (known.addresses, known.version)


def test_a_new_object_of_the_name_is_another_one() -> None:
    """Whatever its version is; it begins without a status."""
    board = Board()
    board.standings.take(raw("web", A, "9"))
    board.standings.take(raw("web", frozenset(), "3", uid="another"))
    board.standings.take(raw("web", B, "4", uid="another"))
    assert [("web", frozenset(), A), ("web", frozenset(), B)] == board.heard


def test_what_a_list_no_longer_has_is_gone() -> None:
    """Of the feed's own objects, and no others; what cannot be read harms nobody."""
    board = Board()
    one, two = Watched(board.standings), Watched(board.standings)
    for sink, names in ((one, ("a", "b")), (two, ("c",)), (one, ("b",))):
        sink.begin()
        for name in names:
            sink.listed(raw(name, A, "1"))
        sink.listed(b'{"metadata": 7}')
        sink.end()
    one.event("ADDED", raw("d", A, "2"))
    one.event("DELETED", raw("b", A, "3"))
    assert ["c", "d"] == [name for name in "abcd" if board.standings.get(("shop", name))]
