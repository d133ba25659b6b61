"""The table changes as told, all or nothing, and knows who was answered."""

import pytest

from painless.discovery import wire
from painless.discovery.answers import Answer, Peer
from painless.discovery.control import Put, Remove, Replace
from painless.discovery.journal import Resolved
from painless.discovery.table import Table

A = wire.key("a.b.80.painless", wire.A)
AAAA = wire.key("a.b.80.painless", wire.AAAA)
ONE = Answer("a.b.80", (Peer("10.0.0.1", 80),))
OTHER = Answer("c.d.80", (Peer("10.0.0.2", 80),))


def test_replace_forgets_and_put_does_not():
    """After a replacement nothing else is served; a put leaves others alone."""
    table = Table()
    table.apply(Replace((ONE,)))
    table.apply(Put((OTHER,)))
    assert len(table) == 2
    table.apply(Replace((OTHER,)))
    assert A not in table.entries
    table.apply(Remove(("c.d.80", "unknown")))
    assert table.entries == {}


def test_what_is_the_same_makes_no_difference():
    """Only a real change is worth writing down."""
    table = Table()
    assert table.apply(Replace((ONE,)))
    assert not table.apply(Replace((ONE,)))
    assert not table.apply(Put((ONE,)))
    assert not table.apply(Remove(("unknown",)))


def test_an_empty_table_that_was_told_so_differs_from_none():
    """To be told "nothing" is to be told."""
    table = Table()
    assert not table.told
    assert table.apply(Replace(()))
    assert table.told


@pytest.mark.parametrize(
    "wrong",
    [
        Answer("not a name"),
        Answer("a", (Peer("10.0.0.256", 1),)),
        Answer("a", (Peer("::1", 70_000),), srv=True),
    ],
)
def test_a_wrong_answer_changes_nothing(wrong: Answer):
    """One answer that cannot be encoded leaves the whole table as it was, and is named."""
    table = Table()
    table.apply(Replace((ONE,)))
    before = dict(table.entries)
    with pytest.raises(ValueError, match=wrong.upstream):
        table.apply(Replace((OTHER, wrong)))
    assert table.entries == before


def test_from_addresses_to_services_the_old_question_goes():
    """An upstream has the records of one mode only."""
    table = Table()
    table.apply(Put((ONE,)))
    table.apply(Put((Answer("a.b.80", (Peer("10.0.0.1", 80),), srv=True),)))
    assert list(table.entries) == [wire.key("_http._tcp.a.b.80.painless", wire.SRV)]


def test_answered_means_nothing_asked_waits():
    """An upstream is answered when all that NGINX asked for was, and since the moment that counts."""
    table = Table()
    table.apply(Put((ONE,)))
    assert table.unanswered(["a.b.80", "unknown"], 0.0) == ("a.b.80", "unknown")
    table.entries[A].asked = table.entries[A].answered = 10.0
    assert table.unanswered(["a.b.80"], 0.0) == ()
    table.entries[AAAA].asked = 10.0
    assert table.unanswered(["a.b.80"], 0.0) == ("a.b.80",)
    table.entries[AAAA].answered = 10.1
    assert table.unanswered(["a.b.80"], 0.0) == ()
    assert table.unanswered(["a.b.80"], 11.0) == ("a.b.80",)


def test_a_change_keeps_who_was_answered():
    """New peers do not make a name fresh again: NGINX has peers for it."""
    table = Table()
    table.apply(Put((ONE,)))
    table.entries[A].answered = 10.0
    table.apply(Put((Answer("a.b.80"),)))
    assert table.entries[A].answered == 10.0


def test_outside_names_are_as_without_endpoints_until_resolved():
    """An outside name serves what it resolved to, also for upstreams that come later."""
    table = Table()
    table.apply(Put((Answer("a.b.80", external="example.org"),)))
    assert table.outside() == {"example.org"}
    assert table.entries[A].records == wire.encoded(Answer("a.b.80"))[A]
    table.apply(Resolved("example.org", ("10.0.0.1",)))
    assert table.entries[A].records == wire.encoded(ONE)[A]
    table.apply(Put((Answer("c.d.80", external="example.org"),)))
    later = wire.key("c.d.80.painless", wire.A)
    assert table.entries[later].records == wire.encoded(ONE)[A]
