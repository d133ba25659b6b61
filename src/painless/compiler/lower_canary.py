"""Choosing between a route's Service and its canary, for each request."""

import hashlib

from msgspec import structs

from painless.compiler.options import Options
from painless.compiler.shape import Names
from painless.compiler.site import CanaryArm, Proxy
from painless.features.canary import Canary, variable_of
from painless.nginx.tokens import Literal, Regex, Var, expr, pattern_of
from painless.nginx.tree import Directive, block, directive, entry, when
from painless.sensitive import Sensitive

_TENS, _ONES = "canary_tens", "canary_ones"


def lower_canary_maps(arms: tuple[CanaryArm, ...]) -> tuple[Directive, ...]:
    """Return the maps that all canaries share, each rule once."""
    if not arms:
        return ()
    rules = {_id(arm.rule): arm.rule for arm in arms}
    return (
        _digit(_TENS, "tens", "Deals each request into one of a hundred parts, 00 to 99, by two digits."),
        _digit(_ONES, "ones"),
        *(one for at in sorted(rules) for one in _maps(rules[at], at)),
    )


def _digit(variable: str, salt: str, comment: str = "") -> Directive:
    # The last part takes the rest, so that the shares add up.
    parts = (entry(Literal("*" if at == 9 else "10%"), Literal(str(at))) for at in range(10))
    return block("split_clients", expr(Var("request_id"), salt), Var(variable), body=parts, comment=comment)


def markers(arm: CanaryArm) -> dict[str, Sensitive]:
    """Return the hot files that give the canary its weight: an empty one for each of its hundredths."""
    return {f"{_folder(arm)}/{at:02}": Sensitive(b"") for at in range(arm.rule.weight)}


def choose_arm(answer: Proxy, names: Names, options: Options) -> tuple[Directive, ...]:
    """Return the rewrite-phase directives that set ``$upstream``; none without a canary."""
    arm = answer.canary
    if arm is None:
        return ()
    choice = "canary_choice"
    alone = isinstance(names.canary, Literal)
    marked = directive("set", Var(choice), expr(Var(choice), "-in"))
    to_canary = (
        directive("set", Var("upstream"), names.canary_upstream),
        directive("set", Var("proxy_alternative_upstream_name"), names.canary_label),
    )
    back = (
        directive("set", Var("upstream"), names.upstream),
        directive("set", Var("proxy_alternative_upstream_name"), ""),
    )
    chosen = (
        directive(
            "set",
            Var("proxy_alternative_upstream_name"),
            "",
            comment=f"Canary {arm.origin.ref}" if alone else "The canary",
        ),
        directive("set", Var("upstream"), names.upstream),
        directive("set", Var(choice), Var(f"canary_{_id(arm.rule)}")),
        when(
            Literal("-f"),
            expr(f"{options.state}/hot/canary/", names.canary, "/", Var(_TENS), Var(_ONES)),
            body=(marked,),
        ),
        when(Var(choice), "~", Regex("^(canary|weight-in)"), body=to_canary),
        when(Literal("-f"), expr(f"{options.state}/down/", names.canary_upstream), body=back),
    )
    return tuple(structs.replace(one, origin=arm.origin) for one in chosen) if alone else chosen


def _folder(arm: CanaryArm) -> str:
    # A namespace has no dots, so the two names cannot be mistaken for others.
    return f"canary/{arm.origin.ref.namespace}.{arm.origin.ref.name}"


def _id(rule: Canary) -> str:
    decides = repr((rule.header, rule.header_value, rule.header_pattern, rule.cookie))
    return hashlib.blake2b(decides.encode(), digest_size=5).hexdigest()


def _maps(rule: Canary, at: str) -> tuple[Directive, ...]:
    """Return the maps that end in ``canary``, ``primary`` or ``weight``: header first, then cookie."""
    last: Literal | Var = Literal("weight")
    maps: list[Directive] = []
    if rule.cookie:
        maps += _cookie_maps(rule.cookie, at, last)
        last = Var(f"canary_by_cookie_{at}")
    decided = [directive("default", last)]
    if rule.header_value:
        decided.append(entry(_exactly(rule.header_value), Literal("canary")))
    elif rule.header_pattern:
        decided.append(entry(Regex(rule.header_pattern, "~"), Literal("canary")))
    elif rule.header:
        decided += _always_never()
    source = Var(variable_of(rule.header)) if rule.header else Literal("")
    maps.append(block("map", source, Var(f"canary_{at}"), body=decided, comment=_comment(rule)))
    return tuple(maps)


def _cookie_maps(cookie: str, at: str, last: Literal | Var) -> list[Directive]:
    variable = f"canary_by_cookie_{at}"
    # $cookie_NAME cannot hold every name a cookie may have, so the header is read.
    start = rf"(?:^|;\s*){pattern_of(cookie)}="
    return [
        block(
            "map",
            Var("http_cookie"),
            Var(variable),
            body=(
                directive("default", last),
                entry(Regex(rf"{start}always(?:;|$)", "~"), Literal("canary")),
                entry(Regex(rf"{start}never(?:;|$)", "~"), Literal("primary")),
            ),
        )
    ]


def _always_never() -> list[Directive]:
    return [entry(_exactly("always"), Literal("canary")), entry(_exactly("never"), Literal("primary"))]


def _exactly(value: str) -> Regex:
    # A map compares plain text without case, and ingress-nginx compares these with it.
    return Regex(f"^{pattern_of(value)}$", "~")


def _comment(rule: Canary) -> str:
    says = [f"header {rule.header}"] if rule.header else []
    says += [f"cookie {rule.cookie}"] if rule.cookie else []
    return f"Canary by {', '.join([*says, 'weight'])}"
