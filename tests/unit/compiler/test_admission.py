"""What is refused before it is stored, what is only told, and who is named."""

import pytest
from tests.builders import CLASS, OPTIONS, ingress, options, path, rule, service

from painless.compiler.admission import LONGEST_WARNING, MOST_WARNINGS, Verdict, Version, review
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, IngressTls, Object
from painless.model.snapshot import snapshot_of

OLD = ingress("old", rule("web.example", path("/", "web")), created=100.0)
HERE = (CLASS, service("web"), OLD)


def judged(
    new: Ingress, *here: Object, before: Ingress | None = None, wrong: tuple[Diagnostic, ...] = ()
) -> Verdict:
    """Return the verdict on a new Ingress, or on a change of one, among ``here`` or the usual objects."""
    old = Version(before.ref, before) if before else None
    return review(old, Version(new.ref, new, wrong), snapshot_of(here or HERE), OPTIONS)


def new(*paths: str, name: str = "new", host: str = "web.example", created: float = 200.0, **more) -> Ingress:
    """A younger Ingress for the host that is there."""
    return ingress(name, rule(host, *(path(one, "web") for one in paths)), created=created, **more)


def test_the_path_of_an_older_ingress_is_refused() -> None:
    """The sentence names the path, the owner and where the owner has it."""
    refusal = (
        'spec.rules[0].http.paths[1]: "/" is already served for Ingress shop/old '
        "(spec.rules[0].http.paths[0]) [PathConflict]"
    )
    assert (refusal,) == judged(new("/new", "/")).refusals


def test_another_path_of_the_same_host_is_admitted() -> None:
    """Hosts are shared; paths are not."""
    assert Verdict(compared=2) == judged(new("/new"))


@pytest.mark.parametrize("created", [50.0, 100.0])
def test_an_ingress_that_would_win_is_refused_too(created: float) -> None:
    """A restored one is older, and at equal times names decide: it must not take a path that is served."""
    (refusal,) = judged(new("/", name="zoo", created=created)).refusals
    assert refusal.startswith(
        "it would take from Ingress shop/old spec.rules[0].http.paths[0]: "
        '"/" is already served for Ingress shop/zoo'
    )


def test_an_unknown_time_is_now() -> None:
    """Who has no time of creation yet is the youngest, and loses."""
    (refusal,) = judged(new("/", name="zoo", created=0.0)).refusals
    assert refusal.startswith('spec.rules[0].http.paths[0]: "/" is already served for Ingress shop/old')


def test_the_name_of_somebodys_alias_is_refused() -> None:
    """As a host it would take the name from the alias."""
    aliased = ingress(
        "old", rule("web.example", path("/", "web")), created=1.0, annotations={"server-alias": "b.example"}
    )
    (refusal,) = judged(new("/", host="b.example"), CLASS, service("web"), aliased).refusals
    assert refusal.startswith("it would take from Ingress shop/old metadata.annotations[")


def test_a_path_that_would_become_a_bad_expression_is_somebodys_loss() -> None:
    """One Ingress with regular expressions makes every path of the host one."""
    odd = ingress("old", rule("web.example", path("/a(", "web")), created=1.0)
    regex = new("/x", annotations={"use-regex": "true"})
    (refusal,) = judged(regex, CLASS, service("web"), odd).refusals
    assert "it would take from Ingress shop/old" in refusal
    assert "[InvalidPath]" in refusal


def test_a_second_canary_is_refused_and_one_without_a_primary_is_told() -> None:
    """The first would take the share of another one, the second waits for what may come."""
    canary = {"canary": "true", "canary-weight": "10"}
    first = new("/", name="first", annotations=canary, created=150.0)
    (refusal,) = judged(new("/", annotations=canary), *HERE, first).refusals
    assert "already has the canary Ingress shop/first" in refusal
    alone = judged(new("/", host="c.example", annotations=canary))
    assert ((), 1) == (alone.refusals, len(alone.warnings))


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ({"proxy-body-size": "much"}, "InvalidAnnotationValue"),
        ({"whitelist-source-range": "everywhere"}, "LocationDenied"),
        ({"auth-secret": "users"}, "IncompleteAnnotation"),
    ],
)
def test_a_setting_that_would_not_hold_is_refused(annotations: dict[str, str], reason: str) -> None:
    """Its author is there to mend it."""
    (refusal,) = judged(new("/new", annotations=annotations)).refusals
    assert refusal.endswith(f"[{reason}]")


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ({"enable-modsecurity": "true"}, "UnsupportedAnnotation"),
        ({"proxy-bodysize": "1m"}, "UnknownAnnotation"),
        ({"canary": "false", "canary-weight": "0"}, "CanaryIgnored"),
    ],
)
def test_what_tools_and_migrations_leave_is_told(annotations: dict[str, str], reason: str) -> None:
    """ingress-nginx admits it, and it does no harm."""
    verdict = judged(new("/new", annotations=annotations))
    assert ((), 1) == (verdict.refusals, len(verdict.warnings))
    assert verdict.warnings[0].startswith("Ingress shop/new: metadata.annotations[")
    assert f"[{reason}]" in verdict.warnings[0]


def test_what_another_object_mends_is_told() -> None:
    """A Service or a Secret may come a moment after the Ingress."""
    later = ingress("new", rule("new.example", path("/", "later")), created=200.0)
    verdict = judged(later)
    assert ((), 1) == (verdict.refusals, len(verdict.warnings))
    assert "[ServiceNotFound]" in verdict.warnings[0]


def test_a_secret_that_nobody_named_before_is_not_told() -> None:
    """Only those are kept that a stored Ingress names, so it may well be there."""
    secured = ingress(
        "new", rule("new.example", path("/", "web")), tls=(IngressTls(("new.example",), "pair"),), created=9.0
    )
    assert Verdict(compared=2) == judged(secured)
    (warning,) = judged(secured, before=secured).warnings
    assert "[SecretNotFound]" in warning


def test_what_was_wrong_before_refuses_no_change() -> None:
    """Neither of its labels nor of its other parts, wherever the wrong line stands then."""
    broken = new("/", annotations={"proxy-body-size": "much"})
    moved = new("/first", "/", annotations={"proxy-body-size": "much"})
    assert () == judged(broken, before=broken).refusals
    assert () == judged(moved, before=broken).refusals
    assert 2 == len(judged(moved, before=broken).warnings)


def test_what_was_wrong_and_becomes_wrong_otherwise_is_refused() -> None:
    """Another bad value is a new mistake, and so is another bad line."""
    broken = new("/", annotations={"proxy-body-size": "much"})
    worse = new("/", annotations={"proxy-body-size": "more"})
    assert 1 == len(judged(worse, before=broken).refusals)


def test_a_change_may_give_a_path_back() -> None:
    """Who gets it is told another owner, and loses nothing."""
    owner = new("/", "/mine", name="aaa", created=1.0)
    (third, fourth) = (new("/", name=name, created=created) for name, created in (("c", 2.0), ("d", 3.0)))
    verdict = judged(
        new("/mine", name="aaa", created=1.0), CLASS, service("web"), third, fourth, before=owner
    )
    assert () == verdict.refusals


def test_a_primary_that_goes_is_told() -> None:
    """To give up a path is everybody's right, though a canary hangs on it."""
    canary = new("/", name="canary", annotations={"canary": "true", "canary-weight": "10"})
    verdict = judged(new("/other", name="old", created=100.0), CLASS, service("web"), canary, before=OLD)
    assert () == verdict.refusals
    assert verdict.warnings[0].startswith("Ingress shop/canary: spec.rules[0].http.paths[0]: found no other")


def test_ingresses_of_others_are_none_of_our_business() -> None:
    """Whatever is in them; that a class does not exist is worth a word."""
    wrong = {"proxy-body-size": "much"}
    foreign = snapshot_of((*HERE, CLASS.__class__("other", "other.example/controller")))
    one = new("/", class_name="other", annotations=wrong)
    assert Verdict() == review(None, Version(one.ref, one), foreign, OPTIONS)
    missing = judged(new("/", class_name="gone", annotations=wrong))
    assert ((), 1) == (missing.refusals, len(missing.warnings))


def test_an_ingress_that_becomes_ours_is_new() -> None:
    """What was wrong with it before was not ours to say."""
    other = new("/", class_name="other")
    assert 1 == len(judged(new("/"), before=other).refusals)


def test_a_default_backend_is_refused_where_none_is_allowed() -> None:
    """With --disable-catch-all."""
    one = new("/new", default_backend=path("/", "web").backend)
    snapshot, off = snapshot_of(HERE), options(catch_all=False)
    (refusal,) = review(None, Version(one.ref, one), snapshot, off).refusals
    assert refusal.startswith("spec.defaultBackend: found a default backend, which --disable-catch-all")


def test_parts_that_cannot_be_read_are_refused() -> None:
    """They would be left out; those that were there before refuse nothing."""
    one = new("/new")
    wrong = Diagnostic(one.ref, "spec.rules[1].host", Reason.INVALID_HOST, Severity.ERROR, "found a b, bad")
    version = Version(one.ref, one, (wrong,))
    assert ("spec.rules[1].host: found a b, bad [InvalidHost]",) == judged(one, wrong=(wrong,)).refusals
    assert () == review(version, version, snapshot_of(HERE), OPTIONS).refusals


def test_warnings_are_what_the_api_server_passes_on() -> None:
    """A few, each of a length, however much there is to say."""
    many = {f"unknown-{at}-{'x' * 40}": "x" for at in range(40)} | {"modsecurity-transaction-id": "x" * 2000}
    warnings = judged(new("/new", annotations=many)).warnings
    assert MOST_WARNINGS == len(warnings)
    assert max(map(len, warnings)) <= LONGEST_WARNING
    assert "and 30 more" == warnings[-1]
