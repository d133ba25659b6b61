"""A canary's marker files are its share, and stay between two shares while one becomes the other."""

from hypothesis import given
from hypothesis import strategies as st

from painless.compiler.lower_canary import markers
from painless.compiler.site import CanaryArm
from painless.features.canary import WHOLE, Canary
from painless.model.objects import ObjectRef, Origin

WEIGHTS = st.integers(0, WHOLE)
ARM = CanaryArm("shop.new.80", "shop-new-80", Canary(), Origin(ObjectRef("Ingress", "shop", "can"), "spec"))


def share(files: set[str]) -> set[int]:
    """Return the parts, out of all, of which NGINX finds a file: by two digits or by four."""
    names = {one.rsplit("/", 1)[1] for one in files}
    return {at for at in range(WHOLE) if f"{at:04}" in names or f"{at:04}"[:2] in names}


def files(weight: int) -> set[str]:
    return set(markers(CanaryArm(ARM.upstream, ARM.label, Canary(weight=weight), ARM.origin)))


@given(WEIGHTS)
def test_files_are_the_share(weight: int) -> None:
    """As many parts as the weight has, and never many files."""
    found = files(weight)
    assert set(range(weight)) == share(found)
    assert len(found) <= 2 * 99


@given(WEIGHTS, WEIGHTS, st.data())
def test_between_two_weights_the_share_is_between(old: int, new: int, data: st.DataObject) -> None:
    """New files come first, then old ones go, one by one: no moment has less than both or more than both."""
    puts, drops = sorted(files(new) - files(old)), sorted(files(old) - files(new))
    cut = data.draw(st.integers(0, len(puts) + len(drops)))
    now = (files(old) | set(puts[:cut])) - set(drops[: max(0, cut - len(puts))])
    assert min(old, new) <= len(share(now)) <= max(old, new)
