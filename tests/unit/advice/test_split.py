"""Who should move to another class: only with a gain, never everybody, whatever the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from painless.advice.split import MAIN, Facts, Group, Move, Why, split


def group(namespace: str, name: str = "web", **more: object) -> Group:
    return structs.replace(Group(refs=((namespace, name),)), **more)


SHOP = group("shop", requests=1000, open=10)
OTHER = group("other", requests=1000, open=10)
STAGING = group("shop-staging", environment="staging", requests=10)


def moved(*groups: Group, **more: object) -> dict[str, tuple[str, ...]]:
    """Return the namespaces that move, by pool."""
    found = split(structs.replace(Facts(groups=groups, hours=10.0), **more))
    return {one.pool: tuple(namespace for namespace, _ in one.refs) for one in found}


@pytest.mark.parametrize(
    ("groups", "more", "expected"),
    [
        ((), {}, {}),
        ((SHOP,), {}, {}),
        ((SHOP, OTHER), {}, {}),
        ((SHOP, STAGING), {}, {"staging": ("shop-staging",)}),
        # Without production the busiest stays.
        ((STAGING, group("dev", environment="dev", requests=1)), {}, {"dev": ("dev",)}),
        # Nothing was measured of it, so nothing is gained.
        ((SHOP, structs.replace(STAGING, requests=0)), {}, {}),
        (
            (SHOP, structs.replace(STAGING, requests=0)),
            {"loads": {"shop-staging": 1}},
            {"staging": ("shop-staging",)},
        ),
        # Ten connections that stay, and a load an hour by others.
        ((SHOP, group("chat", staying=10)), {"loads": {"shop": 10}}, {"long-lived": ("chat",)}),
        ((SHOP, group("chat", staying=9)), {"loads": {"shop": 10}}, {}),
        ((SHOP, group("chat", staying=10)), {"loads": {"shop": 9}}, {}),
        ((SHOP, group("chat", staying=10)), {"loads": {"chat": 99}}, {"changing": ("chat",)}),
        ((group("chat", staying=10),), {"loads": {"shop": 10}}, {}),
        # Half of the loads, two an hour, and fewer than half of the requests.
        ((SHOP, group("ci", requests=1)), {"loads": {"ci": 20, "shop": 20}}, {"changing": ("ci",)}),
        ((SHOP, group("ci", requests=1)), {"loads": {"ci": 19, "shop": 19}}, {}),
        ((SHOP, group("ci", requests=1)), {"loads": {"ci": 20, "shop": 21}}, {}),
        ((SHOP, group("ci", requests=1000)), {"loads": {"ci": 20}}, {}),
        ((SHOP, group("ci", requests=1)), {"loads": {"ci": 20}, "hours": None}, {}),
        # Half of the open requests, and a quarter of all that there can be.
        ((SHOP, group("slow", open=250, requests=1)), {"clients": 1000}, {"heavy": ("slow",)}),
        ((SHOP, group("slow", open=249, requests=1)), {"clients": 1000}, {}),
        ((SHOP, group("slow", open=250, requests=1)), {"clients": None}, {}),
    ],
)
def test_who_moves(groups, more, expected):
    assert expected == moved(*groups, **more)


def test_what_is_gained():
    """20 of 25 loads no longer touch the shop."""
    (found,) = split(
        Facts(groups=(SHOP, group("ci", requests=1)), loads={"ci": 20, "shop": 5, "gone": 9}, hours=1.0)
    )
    assert (
        Move(pool="changing", why=Why.CHURN, refs=(("ci", "web"),), loads=20, all_loads=25, requests=1)
        == found
    )


def test_what_shares_a_host_moves_together():
    """A group of two namespaces is nobody's churn alone."""
    both = Group(refs=(("ci", "web"), ("shop", "canary")), requests=1)
    assert {} == moved(SHOP, both, loads={"ci": 99})


_GROUPS = st.lists(
    st.builds(
        Group,
        refs=st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), min_size=1, max_size=2).map(
            lambda some: tuple(sorted(some))
        ),
        environment=st.sampled_from([MAIN, "staging", "dev"]),
        requests=st.integers(0, 1000).map(float),
        open=st.integers(0, 1000).map(float),
        staying=st.integers(0, 20).map(float),
    ),
    max_size=8,
    unique_by=lambda one: one.refs,
)


@given(_GROUPS, st.dictionaries(st.sampled_from("abcde"), st.integers(0, 50).map(float)), st.data())
def test_promises(groups, loads, data):
    """Each moves once, somebody stays, something is gained, and the order of objects changes nothing."""
    facts = Facts(groups=tuple(groups), loads=loads, hours=5.0, clients=1000.0)
    found = split(facts)
    every = [ref for one in groups for ref in one.refs]
    gone = [ref for one in found for ref in one.refs]
    assert len(gone) < len(every) or not found
    assert all(gone.count(ref) <= every.count(ref) for ref in gone)
    assert all(one.loads + one.staying + one.open + one.requests > 0 for one in found)
    assert all(one.loads <= one.all_loads for one in found)
    assert found == split(structs.replace(facts, groups=tuple(data.draw(st.permutations(groups)))))
    # Split once, it is split: what is left does not fall apart further.
    left = tuple(one for one in groups if not set(one.refs) <= set(gone))
    assert {one.pool for one in split(structs.replace(facts, groups=left))} <= {
        "heavy",
        "changing",
        "long-lived",
    }


@given(_GROUPS)
def test_nothing_measured_is_no_reason(groups):
    silent = tuple(structs.replace(one, requests=0.0, open=0.0, staying=0.0) for one in groups)
    assert () == split(Facts(groups=silent, hours=5.0, clients=1000.0))
