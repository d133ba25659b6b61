"""The record beside a generation's text."""

from painless.model.objects import ObjectRef, Origin
from painless.nginx.generation import Generation
from painless.nginxd.record import decoded, encoded, restored
from painless.sensitive import Sensitive


def test_origins_cost_by_run_and_not_by_line() -> None:
    """Ten thousand lines of a hundred Ingresses are a few kilobytes, and come back line for line."""
    origins = [Origin(ObjectRef("Ingress", "shop", f"web-{n}"), "spec.rules[0]") for n in range(100)]
    lines: tuple[object, ...] = tuple(one for one in origins for _ in range(100))
    generation = Generation(id="g", cold={}, origins={"sites.conf": (None, *lines, "not an origin")})

    text = encoded(generation)
    record = decoded(text)

    assert len(text) < 10_000
    assert record is not None
    assert (None, *lines, None) == restored(record, "g", {}, {}).origins["sites.conf"]


def test_a_line_that_hosts_share_has_all_their_origins() -> None:
    """A refusal of it concerns each of them, after a restart too."""
    one, two = (Origin(ObjectRef("Ingress", "shop", name), "spec.rules[0]") for name in ("one", "two"))
    lines: tuple[object, ...] = ((one, two), (one, two), one, None, (two,))

    record = decoded(encoded(Generation(id="g", cold={}, origins={"nginx.conf": lines})))

    assert record is not None
    assert lines == restored(record, "g", {}, {}).origins["nginx.conf"]


def test_secrets_are_not_in_it() -> None:
    """Hot files are recorded by path only."""
    text = encoded(Generation(id="g", cold={}, hot={"certs/a.pem": Sensitive(b"PRIVATE")}))

    assert b"certs/a.pem" in text
    assert b"PRIVATE" not in text


def test_a_damaged_record_is_none() -> None:
    """Half a record, or one of another format, is as good as none."""
    text = encoded(Generation(id="g", cold={}))

    assert [None, None, None] == [decoded(one) for one in (text[:-1], b"", text.replace(b"2", b"1", 1))]
