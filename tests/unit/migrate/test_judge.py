"""What becomes of one setting: its standing, what is said of it, and what is never shown."""

import pytest
from tests.builders import PREFIX

from painless.migrate import judge
from painless.migrate.foreign import Risk
from painless.migrate.judge import Policy
from painless.migrate.report import Standing
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef

SAME, DIFFERS, UNSUPPORTED, CLOSED = Standing


def finding(name, reason, severity=Severity.ERROR):
    field = f"metadata.annotations[{PREFIX}{name}]"
    return Diagnostic(ObjectRef("Ingress", "shop", "web"), field, reason, severity, "found x, expected y")


@pytest.mark.parametrize(
    ("name", "value", "reason", "expected"),
    [
        ("proxy-body-size", "8m", None, SAME),
        ("load-balance", "ewma", None, DIFFERS),
        ("load-balance", "round_robin", None, SAME),
        ("cors-allow-origin", "*", None, SAME),
        ("cors-allow-origin", "https://a.example", None, DIFFERS),
        ("proxy-body-sise", "8m", Reason.UNKNOWN_ANNOTATION, SAME),
        ("enable-modsecurity", "true", Reason.UNSUPPORTED_ANNOTATION, UNSUPPORTED),
        ("proxy-body-size", "much", Reason.INVALID_ANNOTATION_VALUE, DIFFERS),
        # Go reads neither of these, so ingress-nginx has the default as well.
        ("proxy-read-timeout", "5s", Reason.INVALID_ANNOTATION_VALUE, SAME),
        ("ssl-redirect", "yes", Reason.INVALID_ANNOTATION_VALUE, SAME),
        ("proxy-read-timeout", "0", Reason.INVALID_ANNOTATION_VALUE, DIFFERS),
        ("whitelist-source-range", "office", Reason.LOCATION_DENIED, CLOSED),
        ("auth-tls-secret", "a/b", Reason.HOST_CLOSED, CLOSED),
    ],
)
def test_a_standing_is_what_becomes_of_it(name, value, reason, expected):
    """By what the compiler says, by the differences, and by whether ingress-nginx reads it."""
    found = [finding(name, reason)] if reason else []
    assert expected == judge.annotation(name, value, found, Policy()).standing


def test_who_has_to_change_something_is_told_what_to_use():
    """And who has not is not."""
    found = [finding("enable-modsecurity", Reason.UNSUPPORTED_ANNOTATION)]
    bad = judge.annotation("enable-modsecurity", "true", found, Policy())
    good = judge.annotation("enable-modsecurity", "true", [], Policy())
    assert (True, "") == ("firewall" in bad.instead, good.instead)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), SAME),
        (Policy(snippets=True), DIFFERS),
        (Policy(snippets=True, risk=Risk.CRITICAL), UNSUPPORTED),
    ],
)
def test_a_snippet_that_does_nothing_today_is_no_loss(policy, expected):
    """Dropped where snippets are off; refused with its Ingress where the level is below; else it counts."""
    reason = Reason.UNSUPPORTED_ANNOTATION if policy.risk is Risk.CRITICAL else Reason.NO_EFFECT
    found = [finding("configuration-snippet", reason)]
    assert expected == judge.annotation("configuration-snippet", "x", found, policy).standing


def test_an_annotation_above_the_level_is_taken_here_only():
    """ingress-nginx keeps the old state of the Ingress, so it does differ."""
    low, high = (
        judge.annotation("auth-signin", "https://a.example", [], Policy(risk=one))
        for one in (Risk.LOW, Risk.HIGH)
    )
    assert (DIFFERS, SAME) == (low.standing, high.standing)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("configmap", "a/b", SAME),
        ("profiling", "true", SAME),
        ("profiling", "false", DIFFERS),
        ("maxmind-license-key", "hunter2", UNSUPPORTED),
        ("no-such-flag", "true", UNSUPPORTED),
    ],
)
def test_a_flag_counts_when_it_changes_something(name, value, expected):
    """One that is what it would be without it is no difference."""
    assert expected == judge.flag(name, value).standing


def test_secrets_in_settings_are_named_and_not_shown():
    """Their values are nobody's business but the cluster's."""
    found = (
        judge.flag("maxmind-license-key", "hunter2"),
        judge.config_key("ssl-session-ticket-key", "hunter2", []),
    )
    assert [judge.HIDDEN] * 2 == [one.value for one in found]


def test_values_of_the_chart_are_judged_by_path():
    """As deep as our chart knows them; what they are is never read."""
    known = {"controller": {"config": True, "service": {"type": True}}}
    given = {
        "controller": {"config": {"a": "b"}, "service": {"type": "x", "typo": 1}, "keda": {"on": 1}},
        "x": 0,
    }
    found = list(judge.values(given, known, {"controller.keda": "nobody scales so"}))
    assert [
        ("controller.config", SAME, ()),
        ("controller.service.type", SAME, ()),
        ("controller.service.typo", DIFFERS, ("It has no effect: our chart has no such value.",)),
        ("controller.keda", DIFFERS, ("It has no effect: nobody scales so.",)),
        ("x", DIFFERS, ("It has no effect: our chart has no such value.",)),
    ] == [(one.name, one.standing, one.says) for one in found]
