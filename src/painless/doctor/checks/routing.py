"""Checks of rules: what a path matches, and which of two that want the same gets it."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from painless.annotations.names import ANNOTATIONS
from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import CLASSES, INGRESSES, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import annotate, command, controllers
from painless.doctor.routes import (
    PREFIX,
    Route,
    class_of,
    is_canary,
    is_regex,
    routes,
    services,
    setting,
    settings,
)
from painless.features import KEYS

LONG = 300  # Seconds of silence in which a connection is one that is kept, not one that answers.
OURS = "painless.dev/"
"""The prefix of annotations that ingress-nginx does not have."""
FOREIGN = ("nginx.org/", "nginx.com/")
"""Prefixes of another controller with NGINX in its name."""
_REGEX = re.compile(r"[*+?()|^$\[\]\\]")
_NUMBER = re.compile(r"\$(\d)")
HOUR = 3600.0


def unclear_paths(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """An expression in a path of type Prefix or Exact is text: it matches nothing that anybody asks for.

    Verify: ``kubectl get ingress NAME -o yaml | grep pathType``.

    Fix: ``pathType: ImplementationSpecific`` with the annotation ``use-regex``, or a plain path.

    Sources: Kubernetes, Path types.
    """
    for one in ingresses.value:
        for route in routes(one) if not is_regex(one) else ():
            if route.type != "ImplementationSpecific" and _REGEX.search(route.text):
                yield Finding(
                    f"{one.ref} {route.name}",
                    f"{route.text} of type {route.type} is no expression",
                    (route.path["path"].seen, route.path["pathType"].seen),
                    "a plain path",
                    annotate(one.ref, f"{PREFIX}use-regex", "true"),
                )


def left_open(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """What a path of type ImplementationSpecific matches differs from controller to controller.

    Verify: ``kubectl get ingress NAME -o yaml | grep pathType``.

    Fix: ``pathType: Prefix`` or ``Exact``.

    Sources: Kubernetes, Path types.
    """
    for one in ingresses.value:
        open_ = [route for route in routes(one) if route.type == "ImplementationSpecific"]
        if open_ and not is_regex(one):
            yield Finding(
                str(one.ref),
                f"{len(open_)} of its paths are ImplementationSpecific",
                (open_[0].path["pathType"].seen,),
                "Prefix or Exact",
                command(one.ref, "edit") + f"   # {open_[0].path['pathType'].field}",
            )


def shadowed(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """Of two rules for one path the older Ingress's counts, and the other one's backend gets nothing.

    Verify: ``kubectl get ingress``, and compare hosts and paths.

    Fix: remove one of them.

    Sources: docs/adr/0005-precedence.md.
    """
    for first, later in _twice(ingresses.value):
        if first.ingress.ref.namespace == later.ingress.ref.namespace and _backend(first) != _backend(later):
            yield _claimed(first, later)


def hijacked(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """Whoever made an Ingress first has the path, from whatever namespace: another team's, perhaps.

    Verify: ``kubectl get ingress -A``, and compare hosts and paths.

    Fix: one namespace for a path.

    Sources: docs/adr/0005-precedence.md.
    """
    for first, later in _twice(ingresses.value):
        if first.ingress.ref.namespace != later.ingress.ref.namespace:
            yield _claimed(first, later)


def collapses(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """A rewrite without a group of the path makes one URL of all; one with too many has holes.

    Verify: ``curl -i`` two paths below the rule: both get the same page.

    Fix: a group in the path, and ``$1`` in the target.

    Sources: ingress-nginx, Rewrite.
    """
    for one in ingresses.value:
        target = setting(one, "rewrite-target")
        wanted = max((int(number) for number in _NUMBER.findall(target.text)), default=0)
        for route in routes(one) if target.text else ():
            groups = _groups(route.text)
            if groups is None or (wanted and wanted <= groups):
                continue
            plain = wanted == 0 and groups == 0 and (route.type == "Exact" or route.text == "/")
            if not plain:
                yield Finding(
                    f"{one.ref} {route.name}",
                    f"{target.text} takes {wanted} groups, and {route.text} has {groups}",
                    (target.seen, route.path["path"].seen),
                    "as many groups",
                    command(one.ref, "edit") + "   # path: /app(/|$)(.*) with rewrite-target: /$2",
                )


def by_expression(ingresses: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """One Ingress with expressions makes ingress-nginx read all paths of its hosts so, without case.

    Verify: ask a path of another Ingress of the host in capital letters.

    Fix: a host of its own for expressions.

    Sources: ingress-nginx, Regular expressions in paths.
    """
    if not any(one.theirs for one in controllers(workloads.value)):
        return
    hosts: dict[tuple[str, str], Part] = {}
    for one in ingresses.value:
        if is_regex(one):
            hosts |= {(class_of(one).text, route.host): one for route in routes(one)}
    for one in ingresses.value:
        for host in sorted({route.host for route in routes(one)}) if not is_regex(one) else ():
            other = hosts.get((class_of(one).text, host))
            if other is not None:
                yield Finding(
                    f"{one.ref} {host}",
                    f"its paths of {host} are expressions, since those of {other.ref} are",
                    (
                        Evidence(f"use-regex or rewrite-target for {host}", other.where),
                        Evidence(host, one.where),
                    ),
                    "expressions on a host of their own",
                    annotate(one.ref, f"{PREFIX}use-regex", "true"),
                )


def dangling(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """An Ingress without a rule that passes anything on is work for everybody who reads it.

    Verify: ``kubectl get ingress NAME -o yaml``.

    Fix: delete it.

    Sources: kube-linter, dangling-ingress.
    """
    for one in ingresses.value:
        resource = any(route.path["backend"]["resource"].there for route in routes(one))
        if not any(True for _ in services(one)) and not resource:
            yield Finding(
                str(one.ref),
                "it passes nothing on",
                (one.at("spec.rules").seen,),
                "a rule with a backend",
                command(one.ref, "delete"),
            )


def unread(ingresses: Fact[Objects], classes: Fact[Objects] | None) -> Iterator[Finding]:
    """What nobody reads has no effect: the limit, or the list of addresses, that somebody relies on is none.

    Verify: the list of annotations in docs/reference/annotations.md.

    Fix: the right name.

    Sources: ingress-nginx, Annotations.
    """
    known = {one.ref.name: one.at("spec.controller").text for one in classes.value} if classes else {}
    for one in ingresses.value:
        for name, part in settings(one):
            if name not in ANNOTATIONS:
                near = get_close_matches(name, ANNOTATIONS, 1)
                yield _unread(
                    one, part, f"nobody reads {name}", f"{near[0]}, perhaps" if near else "another name"
                )
        served = known.get(class_of(one).text, "")
        for key, part in one.at("metadata.annotations").items():
            if key.startswith(OURS) and key not in KEYS:
                near = get_close_matches(key, KEYS, 1)
                yield _unread(one, part, f"nobody reads {key}", near[0] if near else "another name")
            if key.startswith(FOREIGN) and served and not served.startswith(FOREIGN):
                yield _unread(one, part, f"{key} is another controller's", f"an annotation below {PREFIX}")


def _unread(ingress: Part, part: Part, says: str, expected: str) -> Finding:
    key = part.field.partition("[")[2].rstrip("]")
    return Finding(f"{ingress.ref} {key}", says, (part.seen,), expected, annotate(ingress.ref, key, None))


def _twice(ingresses: Objects) -> Iterator[tuple[Route, Route]]:
    """Yield the rules for the same path, who gets it first."""
    older = sorted(ingresses, key=lambda one: f"{one.ref.namespace}/{one.ref.name}", reverse=True)
    older.sort(key=lambda one: one.at("metadata.creationTimestamp").text)
    first: dict[tuple[str, str, str, str], Route] = {}
    for one in older:
        for route in routes(one) if not is_canary(one) else ():
            key = (class_of(one).text, route.host, route.text, route.type)
            winner = first.setdefault(key, route)
            if winner is not route:
                yield winner, route


def _backend(route: Route) -> tuple[object, object]:
    return route.service["name"].value, route.service["port"].value


def _claimed(first: Route, later: Route) -> Finding:
    return Finding(
        f"{later.ingress.ref} {later.name}",
        f"{later.name} is {first.ingress.ref}'s already",
        (
            Evidence(f"{first.path['backend'].field}: {first.service['name'].text}", first.ingress.where),
            Evidence(f"{later.path['backend'].field}: {later.service['name'].text}", later.ingress.where),
        ),
        "one Ingress for a path",
        command(later.ingress.ref, "edit") + f"   # without {later.path.field}",
    )


def _groups(path: str) -> int | None:
    try:
        return re.compile(path).groups
    except (re.error, OverflowError, RecursionError):
        return None


CHECKS = (
    Check("I008", Severity.MEDIUM, "An expression that is none", unclear_paths, (INGRESSES,)),
    Check("I021", Severity.LOW, "Paths that are left open", left_open, (INGRESSES,)),
    Check("I009", Severity.MEDIUM, "A rule that gets nothing", shadowed, (INGRESSES,)),
    Check("I010", Severity.MEDIUM, "A rewrite makes one URL of all", collapses, (INGRESSES,)),
    Check("I016", Severity.LOW, "An Ingress of nothing", dangling, (INGRESSES,)),
    Check("I017", Severity.MEDIUM, "Paths become expressions", by_expression, (INGRESSES, WORKLOADS)),
    Check("S010", Severity.MEDIUM, "Two namespaces claim a path", hijacked, (INGRESSES,)),
    Check("S011", Severity.MEDIUM, "Annotations that nobody reads", unread, (INGRESSES,), (CLASSES,)),
)
