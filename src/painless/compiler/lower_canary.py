"""Choosing between a route's Service and its canary, for each request."""

import hashlib
from collections.abc import Iterable

from msgspec import structs

from painless.compiler.options import Options
from painless.compiler.shape import Names
from painless.compiler.site import CanaryArm, Proxy
from painless.features.canary import Canary, variable_of
from painless.nginx.tokens import Literal, Regex, Var, expr, pattern_of
from painless.nginx.tree import Directive, block, directive, entry, when
from painless.sensitive import Sensitive

DIGITS = ("canary_tens", "canary_ones", "canary_tenths", "canary_hundredths")
"""Variables with the digits of the part, of 10,000, that a request is dealt into."""
_HUNDREDTH = DIGITS[:2]


def lower_canary_maps(arms: tuple[CanaryArm, ...]) -> tuple[Directive, ...]:
    """Return the maps that all canaries share, each rule once."""
    if not arms:
        return ()
    rules = {_id(arm.rule): arm.rule for arm in arms}
    return (
        *(_digit(one) for one in DIGITS),
        *(one for at in sorted(rules) for one in _maps(rules[at], at)),
    )


def _digit(variable: str) -> Directive:
    # The last part takes the rest, so that the shares add up.
    parts = (entry(Literal("*" if at == 9 else "10%"), Literal(str(at))) for at in range(10))
    first = variable == DIGITS[0]
    return block(
        "split_clients",
        expr(Var("request_id"), variable.removeprefix("canary_")),
        Var(variable),
        body=parts,
        comment="Deals each request into one of 10,000 parts, 0000 to 9999, by four digits." if first else "",
    )


def markers(arm: CanaryArm) -> dict[str, Sensitive]:
    """Return the hot files that give the canary its weight: empty ones, named by the parts that are its own.

    ``07`` stands for the whole hundredth 0700 to 0799.  While files come and go the share is between the old
    and the new one.
    """
    whole, rest = divmod(arm.rule.weight, 100)
    parts = (*(f"{at:02}" for at in range(whole)), *(f"{whole:02}{at:02}" for at in range(rest)))
    return {f"{_folder(arm)}/{part}": Sensitive(b"") for part in parts}


def choose_arm(answer: Proxy, names: Names, options: Options) -> tuple[Directive, ...]:
    """Return the rewrite-phase directives that set ``$upstream``; none without a canary."""
    arm = answer.canary
    if arm is None:
        return ()
    choice = "canary_choice"
    alone = isinstance(names.canary, Literal)
    folder = (f"{options.state}/hot/canary/", names.canary, "/")
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
        *(
            when(Literal("-f"), expr(*folder, *(Var(one) for one in digits)), body=(marked,))
            for digits in (_HUNDREDTH, DIGITS)
        ),
        when(Var(choice), "~", Regex("^(canary|weight-in)"), body=to_canary),
        when(Literal("-f"), expr(f"{options.state}/down/", names.canary_upstream), body=back),
    )
    return tuple(structs.replace(one, origin=arm.origin) for one in chosen) if alone else chosen


def _folder(arm: CanaryArm) -> str:
    # A namespace has no dots, so the two names cannot be mistaken for others.
    return f"canary/{arm.origin.ref.namespace}.{arm.origin.ref.name}"


def _id(rule: Canary) -> str:
    decides = repr(structs.replace(rule, weight=0))
    return hashlib.blake2b(decides.encode(), digest_size=5).hexdigest()


def _maps(rule: Canary, at: str) -> tuple[Directive, ...]:
    """Return the maps that end in ``canary``, ``primary`` or ``weight``; the last one is asked first."""
    rules: list[tuple[str, str, list[Directive]]] = []
    if rule.cookie:
        rules.append(("cookie", "http_cookie", _by_cookie(rule.cookie)))
    if rule.header:
        rules.append(("header", variable_of(rule.header), _by_header(rule)))
    if rule.bound:
        rules.append(("affinity", "http_cookie", _by_affinity(rule)))
    variable = f"canary_{at}"
    if not rules:
        return (_map("", variable, Literal("weight"), [], _comment(rule)),)
    maps: list[Directive] = []
    undecided: Literal | Var = Literal("weight")
    for name, source, decided in rules[:-1]:
        maps.append(_map(source, f"canary_by_{name}_{at}", undecided, decided))
        undecided = Var(f"canary_by_{name}_{at}")
    _, source, decided = rules[-1]
    return (*maps, _map(source, variable, undecided, decided, _comment(rule)))


def _map(
    source: str, variable: str, undecided: Literal | Var, decided: Iterable[Directive], comment: str = ""
) -> Directive:
    body = (directive("default", undecided), *decided)
    return block("map", Var(source) if source else Literal(""), Var(variable), body=body, comment=comment)


def _by_affinity(rule: Canary) -> list[Directive]:
    bound = [entry(Regex(f"{_cookie(rule.bound)}[^;]", "~"), Literal("primary"))]
    if rule.bound_here:
        bound.append(entry(Regex(f"{_cookie(rule.bound_here)}[^;]", "~"), Literal("canary")))
    return bound


def _by_cookie(cookie: str) -> list[Directive]:
    return [
        entry(Regex(rf"{_cookie(cookie)}always(?:;|$)", "~"), Literal("canary")),
        entry(Regex(rf"{_cookie(cookie)}never(?:;|$)", "~"), Literal("primary")),
    ]


def _by_header(rule: Canary) -> list[Directive]:
    if rule.header_value:
        return [entry(_exactly(rule.header_value), Literal("canary"))]
    if rule.header_pattern:
        return [entry(Regex(rule.header_pattern, "~"), Literal("canary"))]
    return [entry(_exactly("always"), Literal("canary")), entry(_exactly("never"), Literal("primary"))]


def _cookie(name: str) -> str:
    # $cookie_NAME cannot hold every name a cookie may have, so the header is read.
    return rf"(?:^|;\s*){pattern_of(name)}="


def _exactly(value: str) -> Regex:
    # A map compares plain text without case, and ingress-nginx compares these with it.
    return Regex(f"^{pattern_of(value)}$", "~")


def _comment(rule: Canary) -> str:
    says = [f"cookie {one} that binds" for one in (rule.bound, rule.bound_here) if one]
    says += [f"header {rule.header}"] if rule.header else []
    says += [f"cookie {rule.cookie}"] if rule.cookie else []
    return f"Canary by {', '.join([*says, 'weight'])}"
