"""Checks of classes: which Ingress is whose, and what shares a controller."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.conf import Conf
from painless.doctor.facts import CONF, PAINLESS, Fact, Painless
from painless.doctor.objects import CLASSES, HPAS, INGRESSES, NAMESPACES, SERVICES, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import annotate, behind, patch
from painless.doctor.routes import (
    CLASS,
    DEFAULT_CLASS,
    by_class,
    production,
    services,
    setting,
)
from painless.doctor.scalers import scaler_of

LONG = 300  # Seconds of silence in which a connection is one that is kept, not one that answers.
FOREIGN = ("nginx.org/", "nginx.com/")
"""Prefixes of another controller with NGINX in its name."""
_REGEX = re.compile(r"[*+?()|^$\[\]\\]")
_NUMBER = re.compile(r"\$(\d)")
HOUR = 3600.0


def no_class(ingresses: Fact[Objects], classes: Fact[Objects]) -> Iterator[Finding]:
    """An Ingress of a class that does not exist is served by nobody, without a word.

    Verify: ``kubectl get ingressclass``.

    Fix: the name of a class.

    Sources: Kubernetes, Ingress class.
    """
    known = {one.ref.name for one in classes.value}
    for one in ingresses.value:
        field = one.at("spec.ingressClassName")
        if field.text and field.text not in known and classes.value.whole:
            near = get_close_matches(field.text, known, 1)
            yield Finding(
                str(one.ref),
                f"there is no class {field.text}",
                (field.seen,),
                " or ".join(near or sorted(known)[:3]) or "an IngressClass",
                patch(one.ref, {"spec": {"ingressClassName": near[0] if near else "nginx"}}),
            )


def two_defaults(classes: Fact[Objects]) -> Iterator[Finding]:
    """With two default classes the API server refuses an Ingress without a class, or takes the newer one.

    Verify: ``kubectl get ingressclass -o yaml | grep is-default-class``.

    Fix: one default.

    Sources: Kubernetes, Default IngressClass.
    """
    defaults = [one for one in classes.value if one.annotation(DEFAULT_CLASS).text == "true"]
    if len(defaults) > 1:
        names = ", ".join(sorted(one.ref.name for one in defaults))
        yield Finding(
            "default",
            f"{names} are all the default class",
            tuple(one.annotation(DEFAULT_CLASS).seen for one in defaults),
            "one default",
            annotate(defaults[1].ref, DEFAULT_CLASS, None),
        )


def two_classes(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """Who reads the field and who reads the old annotation take an Ingress for theirs, or nobody does.

    Verify: ``kubectl get ingress NAME -o yaml``.

    Fix: the field alone.

    Sources: Kubernetes, Ingress class (deprecated annotation).
    """
    for one in ingresses.value:
        field, annotation = one.at("spec.ingressClassName"), one.annotation(CLASS)
        if field.text and annotation.text and field.text != annotation.text:
            yield Finding(
                str(one.ref),
                f"its class is {field.text} and {annotation.text}",
                (field.seen, annotation.seen),
                "one class, in spec.ingressClassName",
                annotate(one.ref, CLASS, None),
            )


def environments(ingresses: Fact[Objects], namespaces: Fact[Objects] | None) -> Iterator[Finding]:
    """A test of staging's load, or its many changes, is felt by production when both have one controller.

    Verify: the classes of Ingresses in namespaces of production and of others.

    Fix: a class, and with it a controller, for each environment.

    Sources: danielfm, "Painless NGINX Ingress" (2017).
    """
    spaces = namespaces.value.by_name if namespaces else {}
    for name, some in sorted(by_class(ingresses.value).items()):
        live = [one for one in some if production(one.ref.namespace, spaces) is True]
        others = [one for one in some if production(one.ref.namespace, spaces) is False]
        if live and others:
            yield Finding(
                f"class {name}",
                f"class {name or '(none)'} has {len(live)} Ingresses of production and {len(others)} others",
                (Evidence("production", live[0].where), Evidence("not production", others[0].where)),
                "a class for each environment",
                patch(others[0].ref, {"spec": {"ingressClassName": f"{name or 'nginx'}-staging"}}),
            )


def mixed(
    ingresses: Fact[Objects],
    services_: Fact[Objects],
    workloads: Fact[Objects],
    hpas: Fact[Objects],
    *,
    limit: float,
) -> Iterator[Finding]:
    """Applications that scale change the proxy often, and each reload puts long connections on notice.

    Verify: ``kubectl get ingress -o yaml | grep proxy-read-timeout``; ``kubectl get hpa``.

    Fix: a class of their own for long connections.

    Sources: danielfm, "Painless NGINX Ingress" (2017).
    """
    for name, some in sorted(by_class(ingresses.value).items()):
        patient = [one for one in some if (setting(one, "proxy-read-timeout").number or 0) > limit]
        scaled = next(_scaled(some, services_.value, workloads.value, hpas.value), None) if patient else None
        if scaled is not None:
            yield Finding(
                f"class {name}",
                f"class {name or '(none)'} has long connections beside applications that scale",
                (setting(patient[0], "proxy-read-timeout").seen, Evidence("scales", scaled.where)),
                "a class of its own for long connections",
                patch(patient[0].ref, {"spec": {"ingressClassName": f"{name or 'nginx'}-long"}}),
            )


def pinned(conf: Fact[Conf], painless: Fact[Painless], *, limit: float) -> Iterator[Finding]:
    """Each reload keeps a generation for as long as its connections last, or cuts them.

    Verify: ``painless status``: loads, and the workers that drain.

    Fix: a class of their own for these hosts, or fewer reloads.

    Sources: danielfm, "Painless NGINX Ingress" (2017).
    """
    lately = [ago for ago in painless.value.loads if ago < HOUR]
    for one in conf.value.all("proxy_read_timeout"):
        if len(lately) > 1 and (one.seconds or 0) > limit:
            yield Finding(
                f"{one.block.label} {one.name}",
                f"connections may be silent for {one.seconds:.0f} s, and {len(lately)} loads were in an hour",
                (Evidence(one.text, one.where), Evidence(f"{len(lately)} loads", painless.source)),
                "a controller that hardly reloads for connections that last",
                "spec.ingressClassName: long-lived   # in the Ingress of these hosts",
            )


def _scaled(some: list[Part], services_: Objects, workloads: Objects, hpas: Objects) -> Iterator[Part]:
    """Yield the autoscalers of what these Ingresses ask."""
    known = services_.by_name
    for ingress in some:
        for one in services(ingress):
            service = known.get((ingress.ref.namespace, one["name"].text))
            for workload in behind(service, workloads) if service else ():
                if (scaler := scaler_of(workload, hpas)) is not None:
                    yield scaler


CHECKS = (
    Check("I005", Severity.HIGH, "A class that does not exist", no_class, (INGRESSES, CLASSES)),
    Check("I019", Severity.HIGH, "Two default classes", two_defaults, (CLASSES,)),
    Check("I020", Severity.HIGH, "Two classes", two_classes, (INGRESSES,)),
    Check(
        "I006", Severity.HIGH, "Environments share a controller", environments, (INGRESSES,), (NAMESPACES,)
    ),
    Check(
        "I007",
        Severity.MEDIUM,
        "Long beside short",
        mixed,
        (INGRESSES, SERVICES, WORKLOADS, HPAS),
        limit=Limit(LONG, "seconds of silence that make a connection a long one"),
    ),
    Check(
        "V013",
        Severity.HIGH,
        "Reloads hold long connections",
        pinned,
        (CONF, PAINLESS),
        limit=Limit(LONG, "seconds of silence that make a connection a long one"),
    ),
)
