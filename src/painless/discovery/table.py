"""The table of the responder: what each name stands for, encoded, and which names were asked for.

In memory, without I/O and without a clock.  A change is one record, the same from the controller and from
the journal; ``unanswered`` is how the controller learns that NGINX has peers.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import assert_never

from painless.discovery import wire
from painless.discovery.answers import Answer, Peer
from painless.discovery.control import Put, Remove, Replace
from painless.discovery.journal import Record, Resolved

NEVER = float("-inf")
"""When an entry was answered that nobody has been given yet."""


class Entry:
    """The answer to one question, and when it was last asked and answered (monotonic seconds).

    ``plain`` is the answer as nearly every question wants it, complete but for its number.  ``apart`` are
    the moments of the last two questions by an NGINX that starts beside another one.
    """

    __slots__ = ("answered", "apart", "asked", "plain", "records")

    def __init__(self, key: bytes, records: wire.Records) -> None:
        self.asked = NEVER
        self.answered = NEVER
        self.apart = (NEVER, NEVER)
        self.tell(key, records)

    def tell(self, key: bytes, records: wire.Records) -> None:
        """Answer this from now on; ``key`` is that of the question."""
        self.records = records
        self.plain = wire.plain_reply(key, records)


class Table:
    """Every upstream's answer; ``entries`` has the encoded form by the bytes of the question.

    ``told`` is false until the first record: what is not in a table that nobody filled says nothing.
    """

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.told = False
        self._answers: dict[str, Answer] = {}
        self._keys: dict[str, tuple[bytes, ...]] = {}
        self._resolved: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def apply(self, record: Record) -> bool:
        """Make one change, all of it or (``ValueError``) nothing; say whether it made a difference."""
        first, self.told = not self.told, True
        match record:
            case Replace(answers):
                changed = self._put(answers)
                kept = {one.upstream for one in answers}
                return self._remove([name for name in self._answers if name not in kept]) or changed or first
            case Put(answers):
                return self._put(answers) or first
            case Remove(upstreams):
                return self._remove(upstreams) or first
            case Resolved(hostname, addresses):
                return self._resolve(hostname, addresses)
            case _:
                assert_never(record)

    def content(self) -> Iterator[Record]:
        """Yield the fewest records that make this table."""
        yield Replace(tuple(self._answers.values()))
        for hostname in sorted(self.outside() & self._resolved.keys()):
            yield Resolved(hostname, self._resolved[hostname])

    def outside(self) -> frozenset[str]:
        """Return the names that must be resolved elsewhere."""
        return frozenset(one.external for one in self._answers.values() if one.external)

    def unanswered(self, upstreams: Iterable[str], since: float) -> tuple[str, ...]:
        """Return those not both asked for and answered since then.

        NGINX may ask for A alone or for A and AAAA together, so what counts is that something was answered
        and nothing that was asked waits.
        """
        return tuple(name for name in upstreams if not self._was_answered(name, since))

    def untaken(self, upstreams: Iterable[str], since: float) -> tuple[str, ...]:
        """Return those whose answer an NGINX that starts beside another one has not taken since then.

        It asks again when it has taken what it asked for before, so the second question is what shows it.
        """
        return tuple(name for name in upstreams if not self._was_taken(name, since))

    def peers(self, upstreams: Iterable[str]) -> dict[str, tuple[Peer, ...]]:
        """Return what each of these upstreams stands for now; an outside name's peers have the port 0."""
        found = {name: self._answers[name] for name in upstreams if name in self._answers}
        return {name: one.peers or self._outside_peers(one) for name, one in found.items()}

    def _outside_peers(self, answer: Answer) -> tuple[Peer, ...]:
        return tuple(Peer(one, 0) for one in self._resolved.get(answer.external, ()))

    def _was_taken(self, upstream: str, since: float) -> bool:
        entries = (self.entries[key] for key in self._keys.get(upstream, ()))
        return any(one.apart[0] >= since for one in entries)

    def _was_answered(self, upstream: str, since: float) -> bool:
        entries = [self.entries[key] for key in self._keys.get(upstream, ())]
        return any(one.answered >= since for one in entries) and all(
            one.answered >= one.asked for one in entries
        )

    def _put(self, answers: Iterable[Answer]) -> bool:
        changed = [one for one in answers if self._answers.get(one.upstream) != one]
        encoded = [(one, self._encoded(one)) for one in changed]
        for answer, records in encoded:
            self._answers[answer.upstream] = answer
            self._set(answer.upstream, records)
        return bool(changed)

    def _encoded(self, answer: Answer) -> dict[bytes, wire.Records]:
        addresses = self._resolved.get(answer.external, ()) if answer.external else None
        try:
            return wire.encoded(answer, addresses)
        except (OSError, struct.error) as error:
            raise ValueError(f"the answer for {answer.upstream} has a peer that is none: {error}") from error

    def _set(self, upstream: str, records: dict[bytes, wire.Records]) -> None:
        for gone in set(self._keys.get(upstream, ())) - records.keys():
            del self.entries[gone]
        self._keys[upstream] = tuple(records)
        for key, found in records.items():
            entry = self.entries.get(key)
            if entry is None:
                self.entries[key] = Entry(key, found)
            else:
                entry.tell(key, found)

    def _remove(self, upstreams: Iterable[str]) -> bool:
        gone = [name for name in upstreams if self._answers.pop(name, None) is not None]
        for name in gone:
            for key in self._keys.pop(name):
                del self.entries[key]
        return bool(gone)

    def _resolve(self, hostname: str, addresses: tuple[str, ...]) -> bool:
        if self._resolved.get(hostname) == addresses:
            return False
        self._resolved[hostname] = addresses
        for answer in self._answers.values():
            if answer.external == hostname:
                self._set(answer.upstream, self._encoded(answer))
        return True
