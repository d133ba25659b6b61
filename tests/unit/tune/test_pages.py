"""Pages of metrics become numbers, and whatever a page holds, nothing is raised but a sentence."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.histogram import Histogram
from painless.tune import numbers
from painless.tune.advice import Told, World
from painless.tune.advise import advise
from painless.tune.classes import Target, planned
from painless.tune.files import files
from painless.tune.measured import Measured, Traffic
from painless.tune.numbers import SPECS
from painless.tune.objects import objects
from painless.tune.pages import NoPage, measured, page

P = numbers.PREFIX
LABELS = 'namespace="shop",ingress="web"'
BEFORE = f"""
# HELP painless_workers NGINX's workers.
# TYPE painless_workers gauge
painless_workers{{state="active"}} 2
painless_netns_tcpext_total{{name="PassiveOpens"}} 1000
{P}requests{{{LABELS},status="200"}} 100
{P}nginx_process_oldest_start_time_seconds{{}} 1000
some_other_metric 5
"""
NOW = f"""
painless_workers{{state="active"}} 4
painless_workers{{state="shutting_down"}} 9
painless_netns_tcpext_total{{name="PassiveOpens"}} 1500
painless_netns_tcpext_total{{name="ActiveOpens"}} 7
painless_reloads_total{{reason="IngressAdded"}} 2
painless_reloads_total{{reason="IngressChanged"}} 1
painless_reloads_caused_total{{namespace="shop"}} 3
painless_capacity_limit{{limit="open_files"}} 10
painless_capacity_limit{{limit="worker_connections"}} 8000
{P}requests{{{LABELS},status="200"}} 300
{P}requests{{{LABELS},status="503"}} 20
{P}requests{{{LABELS},status="504"}} 10
{P}requests{{{LABELS},status="101"}} 5
{P}requests{{namespace="",ingress="",status="404"}} 99
{P}header_duration_seconds_bucket{{{LABELS},status="200",le="1"}} 200
{P}header_duration_seconds_bucket{{{LABELS},status="503",le="1"}} 20
{P}header_duration_seconds_bucket{{{LABELS},status="200",le="+Inf"}} 300
{P}header_duration_seconds_bucket{{{LABELS},status="503",le="+Inf"}} 20
{P}header_duration_seconds_bucket{{{LABELS},status="504",le="+Inf"}} 10
{P}request_duration_seconds_sum{{{LABELS},status="200"}} 40
{P}request_duration_seconds_sum{{{LABELS},status="101"}} 9000
{P}nginx_process_oldest_start_time_seconds{{}} 1000
"""


def of(text: str = NOW, before: str = "") -> Measured:
    first = page("before", 4590.0, before) if before else None
    return measured(page("now", 4600.0, text), first)


def test_one_page_has_counts_and_no_rates():
    """An hour since NGINX was started, so three loads an hour; peaks are not known."""
    found = of()
    assert (3600.0, 3.0, {"shop": 3.0}) == (found.seconds, found.value(numbers.RELOADS), found.churn)
    assert (None, 4, 8000) == tuple(map(found.value, (numbers.NEW, numbers.WORKERS, numbers.SLOTS)))
    assert (
        Traffic(
            ref=("shop", "web"),
            requests=335,
            failed=30,
            timed_out=10,
            upgraded=5,
            upgraded_seconds=9000,
            seconds=40,
            header=Histogram((1.0, inf), (220, 320)),
        ),
    ) == found.traffic


def test_two_pages_have_rates():
    """500 connections and 235 requests in ten seconds."""
    found = of(NOW, BEFORE)
    assert (50.0, 23.5) == (found.value(numbers.NEW), found.traffic[0].rate)
    assert "now, looked at twice in 10 s" == found.source


def test_a_counter_that_began_anew_has_no_rate():
    again = NOW.replace('"PassiveOpens"} 1500', '"PassiveOpens"} 5')
    assert None is of(again, BEFORE).value(numbers.NEW)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no metric of Painless"),
        ("<html>no</html>", "has no metric of Painless"),
        ('painless_workers{state="', "is no page of metrics"),
        ("painless_workers many", "is no page of metrics"),
        ("painless_workers NaN", "has no metric of Painless"),
        ("painless_workers -1", "has no metric of Painless"),
    ],
)
def test_what_is_no_page(text, says):
    with pytest.raises(NoPage, match=says):
        page("here", 0.0, text)


_NAMES = sorted({*numbers.wanted(), *(one.bare for one in SPECS.values()), f"{numbers.HEADER}_bucket"})
_LABELS = st.dictionaries(
    st.sampled_from(["namespace", "ingress", "status", "le", "name", "state", "limit", "level"]),
    st.sampled_from(
        [*("", "shop", "../x", "$(x)", "101", "504", "+Inf", "1", "NaN", "PassiveOpens", "active", "0")]
    ),
)


def _line(name: str, labels: dict[str, str], value: str) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value}"


_LINES = st.builds(
    _line,
    st.sampled_from(_NAMES),
    _LABELS,
    st.floats().map(str) | st.integers(-1, 10**6).map(str) | st.sampled_from(["", "x", "1 2 3"]),
) | st.text(max_size=20)


@given(st.lists(_LINES, max_size=30), st.lists(_LINES, max_size=10))
def test_whatever_a_page_holds(lines, before):
    """Advice, or one sentence; and no file outside of its folder."""
    try:
        first = page("before", 1.0, "\n".join(before)) if before else None
        found = measured(page("now", 5000.0, "\n".join(lines)), first)
    except NoPage:
        return
    told = Told(configmap=("ingress", "painless"))
    report = advise(World(found, objects([]), told))
    assert all("/" not in name for name in files(report, objects([]), told))
    assert () == planned(found, objects([]), Target()).moves
