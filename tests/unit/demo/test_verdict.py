"""The demo's own judgement: it must not praise what failed."""

import pytest

from painless.demo.clients import Tally
from painless.demo.process import Doors, Figures, figures_in
from painless.demo.verdict import Check, counted
from painless.demo.view import invitation, line_of

STILL = Figures(reloads=1, endpoint_updates=4, generation="abc")


def tally(good=0, bad=()):
    one = Tally("shop.localhost")
    for _ in range(good):
        one.good("web-1")
    for why in bad:
        one.bad(why)
    return one


def held(checks):
    return {one.promise: one.held for one in checks}


def test_a_good_run_keeps_every_promise():
    """Pods joined, nothing failed, nothing was reloaded."""
    checks = counted([tally(good=10)], [0.5, 0.75], STILL, STILL)
    assert checks == (
        Check("pods come and go", True, "joined: 2, first request after 0.62 s (median), 0.75 s (longest)"),
        Check("no request fails", True, "0 of 10 failed."),
        Check("no reload for it", True, "reloads: 1 before and after"),
    )


@pytest.mark.parametrize(
    ("tallies", "waits", "after", "broken"),
    [
        ([tally(good=9, bad=["status 502"])], [0.5], STILL, "no request fails"),
        ([tally()], [0.5], STILL, "no request fails"),
        ([tally(good=9)], [], STILL, "pods come and go"),
        ([tally(good=9)], [0.5], Figures(reloads=2), "no reload for it"),
        ([tally(good=9)], [0.5], None, "no reload for it"),
    ],
)
def test_each_promise_can_break(tallies, waits, after, broken):
    """One failed request, no request at all, no pod, a reload, a silent controller: each is seen alone."""
    checks = held(counted(tallies, waits, STILL, after))
    assert [promise for promise, kept in checks.items() if not kept] == [broken]


def test_a_failure_is_quoted():
    """Whoever reads the table learns what failed, not only how often."""
    checks = counted([tally(good=1, bad=["status 502"])], [0.5], STILL, STILL)
    assert checks[1].seen == "1 of 2 failed. shop.localhost: status 502"


def test_figures_are_read_from_a_metrics_page():
    """Counters are added up over their labels; a page without them gives zeros."""
    page = """# TYPE painless_reloads counter
painless_reloads_total{reason="start"} 1.0
painless_reloads_total{reason="routes"} 2.0
# TYPE painless_endpoint_updates counter
painless_endpoint_updates_total 7.0
# TYPE painless_diagnostics gauge
painless_diagnostics{severity="error",reason="PathConflict"} 1.0
# TYPE painless_generation info
painless_generation_info{id="4f1c"} 1.0
"""
    assert figures_in(page) == Figures(reloads=3, endpoint_updates=7, diagnostics=1, generation="4f1c")
    assert figures_in("") == Figures()


def test_commands_name_the_ports_that_were_chosen(tmp_path):
    """What is printed works when it is pasted."""
    text = "\n".join(invitation(Doors(http=8001, https=8002, health=8003, admin=8004), tmp_path))
    for part in (
        f"--cacert {tmp_path}/shop.pem https://shop.localhost:8002/cart",
        "http://shop.localhost:8001/cart",
        "http://api.localhost:8001/",
        "http://chat.localhost:8001/",
        "http://127.0.0.1:8003/metrics",
        "http://127.0.0.1:8004/",
    ):
        assert part in text


def test_a_line_of_figures():
    """Without a terminal the figures are one line."""
    line = "3 requests, 1 failed, 4 endpoint updates, 1 reloads, generation abc"
    assert line_of([tally(good=2, bad=["x"])], STILL) == line
