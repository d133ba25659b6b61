"""What was confirmed survives, wherever the file ends."""

import struct
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.discovery.answers import Answer, Peer
from painless.discovery.control import Put, Remove, Replace
from painless.discovery.journal import Journal, Record, Resolved, framed, records
from painless.discovery.table import Table

NAMES = st.sampled_from(["a.b.80", "c.d.80", "e.f.443"])
ANSWERS = st.lists(
    st.builds(
        Answer,
        NAMES,
        st.lists(st.builds(Peer, st.sampled_from(["10.0.0.1", "10.0.0.2"]), st.just(80)), max_size=2).map(
            tuple
        ),
        st.booleans(),
        st.sampled_from(["", "example.org"]),
    ),
    max_size=3,
    unique_by=lambda one: one.upstream,
).map(tuple)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(Put, ANSWERS),
    st.builds(Replace, ANSWERS),
    st.builds(Remove, st.lists(NAMES, max_size=2).map(tuple)),
    st.builds(Resolved, st.just("example.org"), st.just(("192.0.2.1",))),
)


def table_of(some: tuple[Record, ...]) -> dict[bytes, object]:
    table = Table()
    for one in some:
        table.apply(one)
    return {key: entry.records for key, entry in table.entries.items()}


@given(st.lists(RECORDS, max_size=5), st.data())
def test_a_journal_cut_anywhere_is_what_was_whole(written: list[Record], data: st.DataObject):
    """A file that ends at any byte gives the records before the cut and nothing else."""
    whole = b"".join(map(framed, written))
    cut = data.draw(st.integers(0, len(whole)))
    found, good = records(whole[:cut])
    assert found == tuple(written[: len(found)])
    assert good == sum(len(framed(one)) for one in found)
    assert len(found) == len(written) or good + len(framed(written[len(found)])) > cut


@given(st.lists(RECORDS, min_size=1, max_size=4), st.data())
def test_a_changed_byte_ends_the_journal(written: list[Record], data: st.DataObject):
    """Damage is seen: what comes back is a prefix of what was written."""
    whole = bytearray(b"".join(map(framed, written)))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    found, _ = records(bytes(whole))
    assert found == tuple(written[: len(found)])
    assert len(found) < len(written)


@given(st.lists(RECORDS, max_size=8))
def test_the_fewest_records_make_the_same_table(written: list[Record]):
    """Writing the journal anew loses nothing that is served."""
    table = Table()
    for one in written:
        table.apply(one)
    assert table_of(tuple(table.content())) == table_of(tuple(written))


def test_appending_after_a_torn_record_overwrites_it(tmp_path: Path):
    """A start after a kill goes on where the whole records end."""
    path = tmp_path / "table"
    first, second, third = (Put((Answer(name),)) for name in ("a", "b", "c"))
    path.write_bytes(framed(first) + framed(second)[:-3])
    journal = Journal(path)
    assert journal.read() == (first,)
    journal.append(third)
    journal.close()
    assert path.read_bytes() == framed(first) + framed(third)


def test_a_journal_written_anew_holds_only_that(tmp_path: Path):
    """A rewrite is one atomic move, after which appending goes on in the new file."""
    path = tmp_path / "table"
    journal = Journal(path)
    journal.read()
    for _ in range(3):
        journal.append(Put((Answer("a"),)))
    journal.rewrite([Replace((Answer("b"),))])
    journal.append(Remove(("b",)))
    journal.close()
    assert path.read_bytes() == framed(Replace((Answer("b"),))) + framed(Remove(("b",)))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_grows_bulky(tmp_path: Path):
    """Far beyond its content it asks to be written anew, and is small again then."""
    journal = Journal(tmp_path / "table")
    journal.read()
    big = Put((Answer("a", tuple(Peer("10.0.0.1", port) for port in range(10_000))),))
    while not journal.bulky:
        journal.append(big)
    journal.rewrite([big])
    assert (journal.saved, journal.bulky) == (True, False)
    journal.close()


def test_a_full_disk_is_said_and_leaves_the_journal_whole():
    """A record that the disk did not take is an ``OSError``, and the next one asks for a new file."""
    journal = Journal(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        journal.append(Put((Answer("a"),)))
    assert (journal.saved, journal.bulky) == (False, True)
    journal.close()


def test_a_record_of_another_release_ends_the_journal():
    """What cannot be decoded is not guessed at."""
    strange = msgspec.msgpack.encode({"type": "Strange"})
    frame = struct.pack("!II", len(strange), zlib.crc32(strange)) + strange
    good = framed(Remove(("a",)))
    assert records(good + frame + good) == ((Remove(("a",)),), len(good))
