"""Zones of limits: what NGINX would refuse about them only when it reloads."""

from hypothesis import given
from hypothesis import strategies as st

from painless.annotations.base import Place
from painless.features import limits
from painless.features.limits import Limits
from painless.nginx.tokens import Expr, Literal, Token, Var

rates = st.lists(
    st.tuples(
        st.sampled_from((1, 60, 1_000_000)),
        st.sampled_from(("second", "minute")),
        st.sampled_from((1, 5, 10**12)),
    ),
    max_size=2,
)
some_limits = st.builds(
    Limits,
    connections=st.integers(1, 65_535),
    rates=rates.map(tuple),
    exempt=st.lists(st.sampled_from(("10.0.0.0/8", "::1", "127.0.0.9")), unique=True).map(tuple),
    slow=st.just(()),
)
places = st.builds(
    Place, hot=st.just("/hot"), ingress=st.sampled_from((Literal("shop/web"), Var("site_ingress")))
)


def zones(found: Limits, place: Place) -> dict[Token, tuple[Token, ...]]:
    """Return all that is said of each zone, by its name and size."""
    declared = (one for one in limits.contribute(found, place).http if one.name.endswith("_zone"))
    return {one.args[1]: (one.args[0], *one.args[2:]) for one in declared}


@given(some_limits, places, some_limits, places)
def test_a_zone_of_a_name_is_always_the_same_zone(
    one: Limits, here: Place, other: Limits, there: Place
) -> None:
    """NGINX refuses a reload in which a zone that it has gets another key, and keeps what it counted."""
    mine, theirs = zones(one, here), zones(other, there)
    both = mine.keys() & theirs.keys()
    assert {name: mine[name] for name in both} == {name: theirs[name] for name in both}


@given(some_limits, places)
def test_the_key_is_part_of_the_name(found: Limits, place: Place) -> None:
    """A version that counts by another key has other zones, so that it can be reloaded into."""
    named = {
        (key.name, name.text.startswith(f"zone={key.name}_"))
        for name, (key, *_) in zones(found, place).items()
        if isinstance(key, Var) and isinstance(name, Literal)
    }
    assert named == {("limit_key", True)}


@given(some_limits, places)
def test_each_ingress_has_its_key(found: Limits, place: Place) -> None:
    """What is counted names the Ingress, in the block of one host and in one that many share."""
    said = [one.args[1] for one in limits.contribute(found, place).rewrite]
    assert any(
        one == place.ingress or (isinstance(one, Expr) and one.parts[0] == place.ingress) for one in said
    )
