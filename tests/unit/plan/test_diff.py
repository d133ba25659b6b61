"""From live to wanted: the least disruptive steps, in an order that is safe at each."""

from tests.builders import CLASS, OPTIONS, ingress, path, rule, service, web

from painless.compiler import compile_snapshot
from painless.compiler.emit import warm_generation
from painless.model.objects import Object
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import UPSTREAMS, Generation
from painless.plan.diff import moves, plan, plan_start
from painless.plan.steps import Await, DropHot, PutHot, Reload, Resolve, Stage, Start, Step, Switch, Verify


def generation(*objects: Object) -> Generation:
    return compile_snapshot(snapshot_of(objects), OPTIONS).generation


def steps(live: Generation | None, want: Generation) -> tuple[Step, ...]:
    if live is None:
        return plan_start(want, warm_generation(want, OPTIONS), frozenset())
    return plan(live, want)


def kinds(some: tuple[Step, ...]) -> list[str]:
    return [type(one).__name__ for one in some if not isinstance(one, PutHot | DropHot)]


def test_nothing_to_do_is_no_step() -> None:
    """Equal generations need nothing, not even a look."""
    assert () == steps(generation(*web()), generation(*web()))


def test_a_start_resolves_before_it_listens() -> None:
    """NGINX without peers answers 502, so the public ports open when it has them."""
    want = generation(*web())
    found = steps(None, want)
    expected = "Stage Verify Stage Switch Start Await Resolve Switch Reload Await".split()
    assert expected == kinds(found)
    assert Resolve(want.upstreams) in found
    warm = next(one.generation for one in found if isinstance(one, Stage) and one.generation.id != want.id)
    assert ":80" not in warm.cold["nginx.conf"].replace("listen unix:", "")
    assert want.cold[UPSTREAMS] == warm.cold[UPSTREAMS]


def test_a_start_without_upstreams_is_one_step() -> None:
    """With nobody to resolve there is nothing to wait for."""
    want = generation(CLASS)
    assert [Stage, Verify, PutHot, Switch, Start, Await] == [type(one) for one in steps(None, want)]


def test_a_weight_is_a_marker_and_no_reload() -> None:
    """A canary's weight and its total change by files alone, both ways."""

    def site(weight: str, total: str = "100") -> Generation:
        canary = ingress(
            "can",
            rule("web.example", path("/", "b")),
            annotations={"canary": "true", "canary-weight": weight, "canary-weight-total": total},
        )
        return generation(*web(), canary, service("b"))

    up, down = steps(site("1"), site("3")), steps(site("3"), site("1"))
    assert ["canary/shop.can/01", "canary/shop.can/02"] == [one.path for one in up if isinstance(one, PutHot)]
    assert [DropHot("canary/shop.can/01"), DropHot("canary/shop.can/02")] == list(down)
    # 15 of 1,000 are one hundredth and a half.
    finer = steps(site("1"), site("15", "1000"))
    assert [f"canary/shop.can/01{at:02}" for at in range(50)] == [
        one.path for one in finer if isinstance(one, PutHot)
    ]
    assert [] == kinds(finer)


def test_a_new_host_is_one_reload() -> None:
    """Its upstream is resolved afterwards: nobody had traffic there."""
    live, want = generation(*web()), generation(*web(), *web("b", "b.example"))
    assert "Stage Verify Switch Reload Await Resolve".split() == kinds(steps(live, want))
    assert Resolve(frozenset({"shop.b.80"})) in steps(live, want)


def test_a_path_that_moves_gets_its_upstream_first() -> None:
    """Traffic never meets an upstream that NGINX has not resolved: two loads, the second one moves."""
    live = generation(*web())
    want = generation(
        CLASS, ingress("web", rule("web.example", path("/", "b"))), service("web"), service("b")
    )
    found = steps(live, want)
    assert moves(live, want)
    expected = "Stage Verify Stage Verify Switch Reload Await Resolve Switch Reload Await Resolve".split()
    assert expected == kinds(found)
    both = next(one.generation for one in found if isinstance(one, Stage) and one.generation.id != want.id)
    assert live.cold["nginx.conf"] == both.cold["nginx.conf"]
    assert ["upstream shop.web.80 {", "upstream shop.b.80 {"] == [
        line for line in both.cold[UPSTREAMS].splitlines() if line.startswith("upstream")
    ]


def test_an_upstream_that_needs_a_map_is_resolved_first_too() -> None:
    """How its peers are chosen comes with the file that has the map; before that nobody is sent to it."""
    live = generation(*web())
    want = generation(*web(annotations={"affinity": "cookie"}))
    both = next(
        one.generation for one in steps(live, want) if isinstance(one, Stage) and one.generation != want
    )
    assert want.upstreams < both.upstreams
    assert ["$" in text for text in (want.cold[UPSTREAMS], both.cold[UPSTREAMS])] == [True, False]


def test_a_hot_file_is_there_before_what_names_it() -> None:
    """Whatever step is the last one, a generation that may be loaded finds its files."""
    live, want = generation(CLASS), generation(*web(tls=()), *web("b", "b.example"))
    found = steps(live, want)
    switch = next(at for at, one in enumerate(found) if isinstance(one, Switch))
    assert all(at < switch for at, one in enumerate(found) if isinstance(one, PutHot))
    verify = next(at for at, one in enumerate(found) if isinstance(one, Verify))
    assert all(at > verify for at, one in enumerate(found) if isinstance(one, PutHot | Reload))
