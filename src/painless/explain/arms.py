"""Why a request goes to a canary or does not: the rule that decides, in the order of precedence."""

from painless.compiler.site import CanaryArm
from painless.explain.walk import Walk
from painless.features.canary import WHOLE, Canary

_CHOSEN = ("canary", "weight-in")
_BY = "canary_by_"
_NOT_RULES = ("canary_choice", _BY)


def why_of(walk: Walk, arm: CanaryArm) -> str:
    """Return what decides between a route's Service and its canary; nothing where neither is asked."""
    choice, rule = walk.values.value("canary_choice"), arm.rule
    if not choice:
        return ""
    to = "the canary" if choice.startswith(_CHOSEN) else "not the canary"
    if choice.startswith("weight"):
        return f"{to}: nothing but its weight decides, and that is {100 * rule.weight / WHOLE:g} %"
    return f"{to}: {_decides(walk, rule)}"


def _decides(walk: Walk, rule: Canary) -> str:
    """Return which rule decided: of each kind there is a map, and the one that is asked first has no kind."""
    says = {
        "cookie": f"the cookie {rule.cookie} decides",
        "header": f"the header {rule.header} decides",
        "affinity": "the cookie that binds the client decides",
    }
    there = (("cookie", rule.cookie), ("header", rule.header), ("affinity", rule.bound))
    kinds = [kind for kind, name in there if name]
    names = [name for name in walk.values.decided if name.startswith("canary_")]
    if any(not name.startswith(_NOT_RULES) for name in names):
        return says[kinds[-1]]
    return next(
        says[kind] for kind in reversed(kinds) if any(name.startswith(f"{_BY}{kind}") for name in names)
    )
