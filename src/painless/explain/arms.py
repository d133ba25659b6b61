"""Why a request goes to a canary or does not: the rule that decides, in the order of precedence."""

from painless.compiler.site import CanaryArm
from painless.explain.walk import Walk
from painless.features.canary import variable_of
from painless.nginx.tokens import Literal


def why_of(walk: Walk, arm: CanaryArm) -> str:
    """Return what decides between a route's Service and its canary."""
    choice, rule = walk.values.value("canary_choice") or "", arm.rule
    to = "the canary" if choice.startswith(("canary", "weight-in")) else "not the canary"
    if choice.startswith("weight"):
        return f"{to}: nothing but its weight decides, and that is {rule.weight / 100:g} %"
    deciding = {name for name, token in walk.values.decided.items() if token != Literal("")}
    bound = rule.bound and any(name.startswith("canary_") for name in deciding)
    cookie = walk.values.request.header("cookie")
    if bound and any(f"{one}=" in cookie for one in (rule.bound, rule.bound_here) if one):
        return f"{to}: its cookie binds the client"
    if rule.header and walk.values.value(variable_of(rule.header)):
        return f"{to}: the header {rule.header} decides"
    return f"{to}: the cookie {rule.cookie} decides" if rule.cookie else to
