"""Promises of admission: it says what the compiler would say, from a few of the Ingresses."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.clusters import (
    OPTIONS,
    PATIENT,
    PREFIX,
    SEVERAL,
    clusters,
    compiled,
    decoded,
    ingresses,
)

from painless.compiler import admission
from painless.compiler.admission import Verdict, Version, review
from painless.controller.inbox import Inbox
from painless.model.objects import Ingress, Object, ObjectRef
from painless.model.snapshot import Snapshot, snapshot_of

pytestmark = PATIENT
FEW = settings(
    SEVERAL,
    max_examples=SEVERAL.max_examples // 4,
    # Most changes are refused, and a test may be about those that are not.
    suppress_health_check=[*SEVERAL.suppress_health_check, HealthCheck.filter_too_much],
)

_NAMES = ("a.test", "b.test", "c.test", "*.b.test", "d.test")


@st.composite
def _aliased(draw: st.DrawFn, some: tuple[Object, ...]) -> tuple[Object, ...]:
    """Give some of the Ingresses aliases that they have to share."""
    return tuple(_with_alias(one, draw(st.sampled_from(("", "", *_NAMES)))) for one in some)


def _with_alias(one: Object, alias: str) -> Object:
    if not isinstance(one, Ingress) or not alias:
        return one
    return structs.replace(one, annotations=(*one.annotations, (f"{PREFIX}server-alias", alias)))


_changes = ingresses().map(lambda raw: decoded((raw,))).flatmap(_aliased)
_clusters = clusters().flatmap(_aliased)


def _version(one: Ingress) -> Version:
    return Version(one.ref, one)


def _without(some: tuple[Object, ...], ref: ObjectRef) -> tuple[Object, ...]:
    return tuple(one for one in some if one.ref != ref)


def _around(some: tuple[Object, ...], *versions: Ingress) -> Snapshot:
    """Return the snapshot with those Ingresses only that share a name with one of the versions."""
    inbox = Inbox()
    inbox.take(some, ())
    near = {one.ref for each in versions for one in inbox.neighbours(admission.names_of(each))}
    near -= {one.ref for one in versions}
    snapshot = snapshot_of(some)
    return structs.replace(snapshot, ingresses=tuple(one for one in snapshot.ingresses if one.ref in near))


@FEW
@given(_clusters, _changes, st.data())
def test_neighbours_are_enough(some, changes, data) -> None:
    """The verdict from the Ingresses that share a name is that from all of them, for new ones and changes."""
    assume(changes)
    (after,) = changes
    before = data.draw(st.sampled_from([None, *(one for one in some if isinstance(one, Ingress))]))
    if before is not None:
        after = structs.replace(after, namespace=before.namespace, name=before.name, created=before.created)
    others = _without(some, after.ref)
    old = _version(before) if before else None
    whole = review(old, _version(after), snapshot_of(others), OPTIONS)
    near = _around(others, after, *([before] if before else []))
    assert _said(whole) == _said(review(old, _version(after), near, OPTIONS))


def _said(verdict: Verdict) -> tuple[object, ...]:
    return verdict.refusals, verdict.warnings


@FEW
@given(_clusters)
def test_findings_are_those_of_the_compiler(some) -> None:
    """What admission finds about an Ingress is what the compiler finds once it is stored."""
    for one in some:
        if isinstance(one, Ingress):
            told = frozenset(each for each in compiled(some).diagnostics if each.about == one.ref)
            found = admission._about_ingresses(one, _around(_without(some, one.ref), one), OPTIONS)
            assert told == admission._own(found, one.ref)


@FEW
@given(_clusters)
def test_nobody_is_refused_for_what_was_there(some) -> None:
    """A change of labels, whatever is wrong with an Ingress, is admitted."""
    for one in some:
        if isinstance(one, Ingress):
            others = snapshot_of(_without(some, one.ref))
            assert () == review(_version(one), _version(one), others, OPTIONS).refusals


@FEW
@given(_clusters, _changes)
def test_who_is_admitted_takes_nothing(some, changes) -> None:
    """After an Ingress was admitted, every path and every alias that was served is whose it was before."""
    assume(changes)
    (new,) = changes
    others = _without(some, new.ref)
    verdict = review(None, _version(new), snapshot_of(others), OPTIONS)
    assume(not verdict.refusals)
    kept, now = _owners(others), _owners((*others, new))
    assert kept == {place: now.get(place) for place in kept}


def _owners(some: tuple[Object, ...]) -> dict[tuple[str, ...], ObjectRef | str]:
    """Return whose each path of each host is, but for missing roots, and which host each alias is of."""
    servers = compiled(some).site.servers
    aliases = {(name,): one.host for one in servers for name in one.names if name != one.host}
    return aliases | {
        (server.host, one.route.path, one.route.path_type): one.route.origin.ref
        for server in servers
        for one in server.locations
        if not one.route.implicit and one.route.origin.ref.name
    }
