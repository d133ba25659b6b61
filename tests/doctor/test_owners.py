"""Whose lines a finding is about is read off the generation; what everybody has is nobody's in particular."""

from painless.doctor.check import Evidence, Severity
from painless.doctor.owners import OWN, owned, owners, places
from painless.doctor.rules import Silence
from painless.doctor.run import Report, Result
from painless.model.objects import Ingress, ObjectRef, Origin
from painless.nginx.generation import MAIN, Generation


def origin(name: str) -> Origin:
    return Origin(ObjectRef("Ingress", "shop", name), "spec")


ORIGINS = (
    None,
    origin("web"),
    (origin("web"), origin("api")),
    tuple(origin(f"many-{n}") for n in range(OWN + 1)),
    Origin(ObjectRef("ConfigMap", "shop", "settings"), "data"),
)
GENERATION = Generation("1", {MAIN: "\n" * len(ORIGINS)}, origins={MAIN: ORIGINS})


def finding(*where: str, objects: tuple[str, ...] = ()) -> Result:
    evidence = tuple(Evidence("", one) for one in where)
    return Result("V014", Severity.LOW, "", " ".join(where), "", "", "", "", evidence, "", objects)


def test_whose_a_finding_is() -> None:
    """Of a line of ours nobody is told, nor of one that too many have, nor of one that is not there."""
    report = Report(
        (
            *(finding(f"/state/current/{MAIN}:{line}") for line in (1, 2, 3, 4, 5, 99)),
            finding(f"/state/current/{MAIN}:2", f"/state/current/{MAIN}:3", "sysctl x"),
            finding(f"/state/current/{MAIN}:2", objects=("Ingress other/one",)),
        ),
        (),
        (),
    )
    known = owners(places(report), GENERATION, ())
    web, api = "Ingress shop/web", "Ingress shop/api"
    assert [(), (web,), (api, web), (), (), (), (api, web), ("Ingress other/one",)] == [
        one.objects for one in owned(report, known).findings
    ]


def test_what_is_asked_by_strangers_is_no_place() -> None:
    assert (
        {} == owners(("", "x", ":1", f"{MAIN}:0", "/etc/passwd:1", f"{MAIN}:{'9' * 5000}"), GENERATION, ()).of
    )


def test_who_wants_to_hear_nothing() -> None:
    """A value that is not understood silences nothing: the finding about it says so; nor does no check."""
    name = "painless.dev/doctor-silence"
    values = {"web": "V014 it pings itself; X999 behind a proxy", "api": "V014", "plain": ""}
    some = [Ingress("shop", one, annotations=((name, value),)) for one, value in values.items()]
    assert (
        Silence("V014", "it pings itself", object="Ingress shop/web"),
        Silence(
            "X999",
            "there is no such check, expected one such as K001 (Ingress shop/web: behind a proxy)",
            object="Ingress shop/web",
        ),
    ) == owners((), GENERATION, some).silences
