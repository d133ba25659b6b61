"""Requests are counted by ingress-nginx's names, labels and buckets, whatever the lines say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from painless.observe.requests import LABELS, PREFIX, Lines, Shown
from painless.observe.tally import GRACE, KEPT, LONGEST, OTHER, UNDEFINED, Answered, Known, Tally

KNOWN = Known(frozenset({"web.test", "*.wild.test"}), frozenset({"shop/web"}))
GOOD = '-"100\t234\t0.003\t0.001\t0.002\t0.002'
CONTROLLER = ("controller_namespace", "controller_class", "controller_pod")
TABLE = [
    line.split("\t") for line in Path(__file__).with_name("request_metrics.tsv").read_text().splitlines()
]
"""ingress-nginx's metrics of requests: name, type, buckets."""


def _line(rest: str = GOOD, *, host: str = "web.test", status: str = "200", method: str = "GET") -> bytes:
    return f"{host}\t{status}\t{method}\t/\tshop/web\tshop.web.80\t{rest}\n".encode()


def _tally(*lines: bytes, shown: Shown | None = None, known: Known = KNOWN) -> Tally:
    tally = Tally(shown or Shown())
    tally.look(0.0, known)
    tally.write(b"".join(lines))
    return tally


def _text(tally: Tally) -> str:
    return b"".join(tally.page()).decode()


def _samples(tally: Tally, name: str) -> list[tuple[dict[str, str], float]]:
    found = text_string_to_metric_families(_text(tally))
    return [
        (one.labels, one.value) for family in found for one in family.samples if one.name == PREFIX + name
    ]


def _counts(tally: Tally, label: str) -> dict[str, float]:
    """Return how many requests there were, by a label."""
    return {labels[label]: value for labels, value in _samples(tally, "requests_total")}


@pytest.mark.parametrize(("name", "kind", "buckets"), TABLE, ids=[one[0] for one in TABLE])
def test_names_labels_and_buckets_are_those_of_ingress_nginx(name: str, kind: str, buckets: str) -> None:
    text = _text(_tally(_line()))
    series = tuple(f"{name}{end}{{" for end in ("", "_bucket", "_count"))
    lines = [line for line in text.splitlines() if line.startswith(series)]
    bounds = [line.rpartition('le="')[2].partition('"')[0] for line in lines if "_bucket{" in line]
    labels = {one.partition("=")[0] for one in lines[0].partition("{")[2].partition("}")[0].split('",')}
    assert f"# TYPE {name} {kind}\n" in text
    assert ([*buckets.split(","), "+Inf"] if buckets else []) == bounds
    assert {*LABELS, *CONTROLLER, *(["le"] if buckets else [])} == labels


def test_the_table_has_every_metric() -> None:
    names = [line.split()[2] for line in _text(_tally(_line())).splitlines() if line.startswith("# TYPE")]
    assert sorted(one[0] for one in TABLE) == sorted(names)


def test_a_value_is_in_the_first_bucket_that_holds_it() -> None:
    """A bucket's bound belongs to it."""
    tally = _tally(*(_line(f'-"1\t1\t{time}\t-\t-\t-') for time in ("0.005", "0.006", "11.000")))
    buckets = {labels["le"]: value for labels, value in _samples(tally, "request_duration_seconds_bucket")}
    [(_, total)] = _samples(tally, "request_duration_seconds_sum")
    assert {"0.005": 1, "0.01": 2, "10": 2, "+Inf": 3} == {
        le: buckets[le] for le in ("0.005", "0.01", "10", "+Inf")
    }
    assert 11.011 == pytest.approx(total)


@pytest.mark.parametrize(
    ("times", "expected"),
    [("0.5", [0.5]), ("0.1, 0.2", [0.2]), ("0.1 : 0.3", [0.3]), ("-, 0.4", [0.4]), ("0.1, -", []), ("-", [])],
)
def test_of_several_that_were_asked_the_last_counts(times: str, expected: list[float]) -> None:
    tally = _tally(_line(f'-"1\t1\t0.5\t-\t-\t{times}'))
    assert expected == [value for _, value in _samples(tally, "response_duration_seconds_sum")]
    assert 1 == tally.lines().counted


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'"' * 50,
        b"\xff\xfe" * 30,
        _line()[:-8],
        _line(GOOD + "\t1"),
        _line('-"-1\t1\t1\t1\t1\t1'),
        _line('-"nan\t1\t1\t1\t1\t1'),
        _line('-"1\t1\tinf\t1\t1\t1'),
        _line(status="20"),
        _line(status="2x0"),
        _line()[:30] + _line(),
        _line()[:-20] + _line(),
        b"x" * 300_000,
    ],
)
def test_a_torn_line_is_counted_as_such_and_changes_nothing(line: bytes) -> None:
    tally = _tally(_line(), line.rstrip(b"\n") + b"\n", _line())
    assert Lines(counted=2, malformed=1, folded=0, series=1) == tally.lines()
    assert {"GET": 2.0} == _counts(tally, "method")


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_is_written_counts_as_something(texts: list[bytes]) -> None:
    """Each line that is not empty is counted or malformed, and the page can be read."""
    data = b"\n".join(texts)
    tally = _tally(data)
    lines = sum(1 for one in data.split(b"\n") if one.strip(b"\0"))
    assert lines == tally.lines().counted + tally.lines().malformed
    assert list(text_string_to_metric_families(_text(tally))) is not None


@given(st.text(max_size=400))
def test_any_text_is_a_label_and_nothing_else(text: str) -> None:
    """NGINX escapes bytes; what they mean is the label, as much of it as fits."""
    raw = "".join(chr(one) if one in b"abc/. " else f"\\x{one:02X}" for one in text.encode(errors="replace"))
    tally = _tally(_line().replace(b"\t/\t", f"\t{raw or '-'}\t".encode()))
    expected = text.encode(errors="replace").decode()[:LONGEST]
    assert {expected: 1.0} == _counts(tally, "path")


def test_hosts_that_no_ingress_has_are_one() -> None:
    hosts = ("web.test", "a.wild.test", "b.wild.test", "a.b.wild.test", "evil.test", "-")
    tally = _tally(*(_line(host=one) for one in hosts))
    assert {"web.test": 1, "*.wild.test": 2, UNDEFINED: 3} == _counts(tally, "host")


def test_hosts_that_no_ingress_has_can_be_told_apart() -> None:
    tally = _tally(
        *(_line(host=one) for one in ("web.test", "evil.test", "-")), shown=Shown(per_undefined_host=True)
    )
    assert {"web.test": 1, "evil.test": 1, UNDEFINED: 1} == _counts(tally, "host")


def test_labels_can_be_left_out() -> None:
    tally = _tally(_line(), _line(host="b.test"), shown=Shown(per_host=False, per_path=False))
    [(labels, count)] = _samples(tally, "requests_total")
    assert ({*LABELS, *CONTROLLER} - {"host", "path"}, 2) == (set(labels), count)


def test_statuses_can_be_classes() -> None:
    shown = Shown(status_classes=True)
    tally = _tally(*(_line(status=one) for one in ("200", "204", "404")), shown=shown)
    assert {"2xx": 2, "4xx": 1} == _counts(tally, "status")


def test_methods_that_are_none_are_one() -> None:
    tally = _tally(*(_line(method=one) for one in ("GET", "QUERY", "FOO", "BAR", "-")))
    assert {"GET": 1, "QUERY": 1, OTHER: 2, "": 1} == _counts(tally, "method")


def test_metrics_can_be_left_out_by_either_name() -> None:
    shown = Shown(excluded=("requests", f"{PREFIX}bytes_sent", "request_size", "unheard_of"))
    text = _text(_tally(_line(), shown=shown))
    assert not any(f"{PREFIX}{one}" in text for one in ("requests{", "bytes_sent", "request_size"))
    assert (True, ("unheard_of",)) == (f"{PREFIX}response_size_count" in text, shown.unknown)


def test_beyond_the_ceiling_all_are_one() -> None:
    shown = Shown(per_undefined_host=True, most_series=10)
    tally = _tally(*(_line(host=f"h{one}.test") for one in range(100)), shown=shown)
    assert Lines(counted=100, malformed=0, folded=90, series=10) == tally.lines()
    assert 90 == _counts(tally, "host")[OTHER]


def test_series_of_what_is_gone_go_when_nobody_asks_any_more() -> None:
    """Workers of an old generation may still serve it; what no Ingress has stays."""
    nobody = b'web.test\t404\tGET\t/\t-\t-\t-"1\t1\t0\t-\t-\t-\n'
    tally = _tally(_line(), nobody)
    tally.look(GRACE, Known(KNOWN.hosts, frozenset()))
    assert 2 == tally.lines().series
    tally.write(_line())
    tally.look(2 * GRACE, Known(KNOWN.hosts, frozenset()))
    assert 2 == tally.lines().series
    tally.look(3 * GRACE, Known(KNOWN.hosts, frozenset()))
    assert {"404": 1} == _counts(tally, "status")
    tally.look(3 * GRACE, Known())
    assert {} == _counts(tally, "status")


def test_a_clock_that_jumps_removes_nothing_that_exists() -> None:
    tally = _tally(_line())
    tally.look(1e12, KNOWN)
    tally.look(-1e12, KNOWN)
    assert 1 == tally.lines().series


def test_what_is_remembered_of_lines_is_bounded() -> None:
    tally = _tally()
    for start in range(0, 3 * KEPT, KEPT // 2):
        tally.write(b"".join(_line(host=f"{at}.test") for at in range(start, start + KEPT // 2)))
    assert (KEPT >= len(tally._kept), 1) == (True, tally.lines().series)


def test_answers_by_host() -> None:
    """For who looks: all requests of a host, refused and failed ones; what nobody has is one host."""
    lines = (_line(), _line(status="404"), _line(status="503"), _line(host="a.wild.test", status="500"))
    found = _tally(*lines, _line(host="nobody.test")).by_host()
    wanted = {"web.test": Answered(3, 1, 1), "*.wild.test": Answered(1, 0, 1), UNDEFINED: Answered(1)}
    assert wanted == found
    assert {OTHER: Answered(2, 0, 0)} == _tally(_line(), _line(), shown=Shown(most_series=0)).by_host()
