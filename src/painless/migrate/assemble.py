"""Facts to report: each Ingress is judged by its settings, the habits it is part of, and our findings."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from painless.compiler import Compiled
from painless.migrate import judge, odd, theirs
from painless.migrate.differences import differences
from painless.migrate.foreign import DEFAULT_RISK, Risk
from painless.migrate.outline import Outlines, outlines
from painless.migrate.picture import TRUE, Picture, picture
from painless.migrate.report import Judged, Report, Standing, Surprise, Told, Verdict, capital, rank, worst
from painless.migrate.switching import Names, steps
from painless.migrate.theirs import Noted
from painless.migrate.workload import Asked, Workload
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.model.snapshot import Snapshot

_NO_SECRET = re.compile("found no (?:such )?Secret")
"""A finding that says nothing where no Secret was there to read."""


class Helm(Struct, frozen=True):
    """The values of the old release; what our chart knows; why some mean nothing to it."""

    given: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


class Facts(Struct, frozen=True):
    """All that a report is made of.

    ``found`` are all findings, those of the source included.  ``secrets`` is off where there was none to
    read.
    """

    source: str
    snapshot: Snapshot
    asked: Asked
    compiled: Compiled
    found: tuple[Diagnostic, ...]
    workloads: tuple[Workload, ...] = ()
    helm: Helm = Helm()
    notes: tuple[str, ...] = ()
    secrets: bool = True


class _Seen(Struct, frozen=True):
    """Facts by Ingress."""

    facts: Facts
    picture: Picture
    findings: Mapping[ObjectRef, tuple[Diagnostic, ...]]
    noted: Mapping[ObjectRef, tuple[Noted, ...]]
    outlines: Outlines
    policy: judge.Policy


def report(facts: Facts) -> Report:
    """Return the report."""
    seen = _seen(facts)
    ingresses = tuple(sorted((_judged(seen, one) for one in facts.compiled.ingresses), key=_worst_first))
    config = tuple(_config(seen))
    flags = tuple(_flags(facts))
    values = tuple(judge.values(facts.helm.given, facts.helm.known, facts.helm.elsewhere))
    mine = {one.ref for one in facts.compiled.ingresses}
    return Report(
        source=facts.source,
        controller=", ".join(map(str, facts.workloads)),
        standing=worst(one.standing for some in (ingresses, config, flags, values) for one in some),
        ingresses=ingresses,
        config=config,
        flags=flags,
        values=values,
        findings=tuple(_elsewhere(facts, mine)),
        others=tuple(one.ref for one in facts.snapshot.ingresses if one.ref not in mine),
        texts=seen.outlines.texts,
        notes=(*facts.notes, *_unread(facts)),
        general=tuple((one.theirs, one.ours) for one in differences() if not one.about),
        steps=steps(_names(facts)),
    )


def _worst_first(one: Judged) -> tuple[int, bool, str, str]:
    return -rank(one.standing), not one.surprises, one.ref.namespace, one.ref.name


def _seen(facts: Facts) -> _Seen:
    seen = picture(facts.compiled.ingresses, facts.asked.prefix)
    given = facts.asked.configmap and facts.snapshot.configmaps.get(facts.asked.configmap)
    config = dict(given.data) if given else {}
    risk = Risk.__members__.get(config.get("annotations-risk-level", "").upper(), DEFAULT_RISK)
    return _Seen(
        facts,
        seen,
        _grouped((one.about, one) for one in facts.found if _is_known(facts, one)),
        _grouped((one.about, one) for one in theirs.noted(seen)),
        outlines(facts.compiled.generation),
        judge.Policy(config.get("allow-snippet-annotations", "") in TRUE, risk),
    )


def _is_known(facts: Facts, one: Diagnostic) -> bool:
    return facts.secrets or _NO_SECRET.match(one.says) is None


def _grouped(pairs: Iterable[tuple[ObjectRef, Any]]) -> dict[ObjectRef, tuple[Any, ...]]:
    found: dict[ObjectRef, list[Any]] = {}
    for ref, one in pairs:
        found.setdefault(ref, []).append(one)
    return {ref: tuple(some) for ref, some in found.items()}


def _judged(seen: _Seen, ingress: Ingress) -> Judged:
    ref = ingress.ref
    given = seen.picture.given[ref]
    by_field: dict[str, list[Diagnostic]] = {}
    for one in seen.findings.get(ref, ()):
        by_field.setdefault(_annotation_of(one, seen.facts.asked.prefix), []).append(one)
    verdicts = [
        *(
            judge.annotation(name, value, by_field.get(name, ()), seen.policy)
            for name, value in given.items()
        ),
        *(_habit(one) for one in seen.noted.get(ref, ()) if _rows(one)),
        *(bad for found in by_field.get("", ()) if (bad := _rejected(found))),
    ]
    surprises = [
        *(Surprise(one.habit, one.says, one.mend) for one in seen.noted.get(ref, ()) if not _rows(one)),
        *odd.alone(ingress, given, seen.facts.asked.prefix, snippets=seen.policy.snippets),
        *(it for found in seen.findings.get(ref, ()) if (it := odd.of_finding(found))),
    ]
    return Judged(
        ref=ref,
        hosts=tuple(dict.fromkeys(rule.host or "*" for rule in ingress.rules)),
        standing=worst(one.standing for one in verdicts),
        verdicts=tuple(sorted(verdicts, key=lambda one: (-rank(one.standing), one.name))),
        surprises=tuple(dict.fromkeys(surprises)),
        directives=seen.outlines.own.get(ref, ""),
        shared=seen.outlines.shared.get(ref, ()),
    )


def _annotation_of(one: Diagnostic, prefix: str) -> str:
    """Return the annotation that a finding is about, empty when it is about something else."""
    start = f"metadata.annotations[{prefix}/"
    return one.field.removeprefix(start).removesuffix("]") if one.field.startswith(start) else ""


def _rows(one: Noted) -> bool:
    return any(row.habit(one.habit) for row in differences())


def _habit(one: Noted) -> Verdict:
    return Verdict(one.habit, Standing.DIFFERS, (f"{capital(one.says)}.",), instead=one.mend, where=one.where)


def _rejected(one: Diagnostic) -> Verdict | None:
    """Return what a finding about something else than an annotation means, if it is not so today."""
    if one.severity is Severity.WARNING or odd.of_finding(one):
        return None
    closed = one.severity is Severity.REJECTED or one.reason is Reason.HOST_CLOSED
    standing = Standing.CLOSED if closed else Standing.DIFFERS
    return Verdict(one.reason, standing, (f"{one.field}: {one.says}.",), instead=one.hint)


def _config(seen: _Seen) -> Iterator[Verdict]:
    name = seen.facts.asked.configmap
    configmap = seen.facts.snapshot.configmaps.get(name) if name else None
    if configmap is None:
        return
    found = seen.findings.get(configmap.ref, ())
    for key, value in configmap.data:
        about = [one for one in found if one.field == f"data[{key}]"]
        yield judge.config_key(key, value, about)


def _flags(facts: Facts) -> Iterator[Verdict]:
    for one in facts.workloads[:1]:
        for name, value in one.flags.items():
            yield judge.flag(name, value)


def _elsewhere(facts: Facts, mine: Collection[ObjectRef]) -> Iterator[Told]:
    """Yield what is said about other objects than our Ingresses and the ConfigMap, like with like."""
    configmap = facts.asked.configmap and ObjectRef("ConfigMap", *facts.asked.configmap)
    found: dict[tuple[str, str], list[str]] = {}
    for one in facts.found:
        if one.about not in mine and one.about != configmap and one.reason is not Reason.IGNORED_KIND:
            found.setdefault((f"{one.field}: {one.says}", one.hint), []).append(str(one.about))
    yield from (Told(says, tuple(whose), mend) for (says, mend), whose in found.items())


def _unread(facts: Facts) -> Iterator[str]:
    name = facts.asked.configmap
    if not facts.workloads:
        yield (
            "No Deployment or DaemonSet of ingress-nginx was found, so its flags were not looked at; "
            "--configmap, --ingress-class and the others say what they were."
        )
    if name is None:
        yield "No ConfigMap was named (--configmap), so global settings are taken to be the defaults."
    elif name not in facts.snapshot.configmaps:
        yield f"The ConfigMap {'/'.join(name)} is not there, so global settings are taken to be the defaults."
    if len(facts.workloads) > 1:
        yield f"There are {len(facts.workloads)} controllers; this is about {facts.workloads[0]}."


def _names(facts: Facts) -> Names:
    ingresses = facts.compiled.ingresses
    hosts = sorted({rule.host for one in ingresses for rule in one.rules if rule.host})
    plain = [one for one in hosts if not one.startswith("*")]
    with_tls = sorted(name for one in ingresses for tls in one.tls for name in tls.hosts if name in plain)
    return Names(
        workload=facts.workloads[0] if facts.workloads else None,
        classes=tuple(sorted({one.class_name for one in ingresses if one.class_name})),
        host=next(iter((*with_tls, *plain)), ""),
        tls=bool(with_tls),
        hosts=len(hosts),
        configmap="/".join(facts.asked.configmap or ()),
    )
