"""Checks of regular expressions: those that a short text keeps busy for long."""

import re
from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.conf import Conf
from painless.doctor.facts import CONF, Fact
from painless.doctor.objects import INGRESSES, Objects
from painless.doctor.pods import command
from painless.doctor.routes import is_regex, routes

TWICE = re.compile(r"\((?:\?:|\?P?<\w+>)?(?:\\?\.|\\[wdsWDS]|\[[^\]]+\]|\w)[+*]\)[+*]")
"""One character any number of times, and that any number of times: each one more doubles the ways."""
_WORDS = frozenset({"~", "~*", "!~", "!~*"})


def takes_for_ever(conf: Fact[Conf]) -> Iterator[Finding]:
    """Each character that a client adds doubles the work, and no other request is answered meanwhile.

    Verify: time ``pcre2test`` with the expression and thirty equal characters, and one that does not match.

    Fix: one quantifier: ``(a+)+`` is ``(a+)``.

    Sources: OWASP, Regular expression Denial of Service; gixy, regex_redos.
    """
    blocks = [one for name in ("location", "if") for one in conf.value.blocks.get(name, ())]
    texts = [(one.args, one.where, one.label) for one in blocks if _WORDS & set(one.args)]
    rewrites = conf.value.all("rewrite", "server_name")
    texts += [(one.args[:1], one.where, f"{one.block.label} {one.name}") for one in rewrites]
    for args, where, label in texts:
        text = " ".join(args)
        if TWICE.search(text):
            yield _found(label, text, Evidence(text, where), "one quantifier in place of two")


def path_takes_for_ever(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """An expression of one team keeps the workers of all busy: each further character doubles the work.

    Verify: time ``pcre2test`` with the path and thirty equal characters, and one that does not match.

    Fix: one quantifier: ``(a+)+`` is ``(a+)``.

    Sources: OWASP, Regular expression Denial of Service.
    """
    for one in ingresses.value:
        for route in routes(one) if is_regex(one) else ():
            if TWICE.search(route.text):
                fix = command(one.ref, "edit") + f"   # {route.path['path'].field}"
                yield _found(f"{one.ref} {route.name}", route.text, route.path["path"].seen, fix)


def _found(about: str, text: str, seen: Evidence, fix: str) -> Finding:
    return Finding(about, f"a client may keep a worker busy with {text[:60]}", (seen,), "one quantifier", fix)


CHECKS = (
    Check("V005", Severity.MEDIUM, "An expression takes for ever", takes_for_ever, (CONF,)),
    Check("I023", Severity.MEDIUM, "A path takes for ever", path_takes_for_ever, (INGRESSES,)),
)
