"""What is said of a request: who answers, who asked for what, and which rules lost."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import CLASS, OPTIONS, PREFIX, ingress, path, rule, service

from painless.compiler import compile_snapshot
from painless.explain.answer import Explanation, Step
from painless.explain.asked import NotUnderstood, Request, understood
from painless.explain.request import request
from painless.explain.scene import Known
from painless.model.objects import Ingress, PathType
from painless.model.snapshot import snapshot_of

KINDS = {"Prefix": PathType.PREFIX, "Exact": PathType.EXACT, "Any": PathType.IMPLEMENTATION_SPECIFIC}
SERVICES = tuple(service(name) for name in ("web", "api", "new"))


def made(name: str, *paths: str, host: str = "a.example", class_name: str = "nginx", **given: str) -> Ingress:
    """Return an Ingress; a path is ``KIND PATH SERVICE``, and a name ends with how young it is."""
    some = (one.split() for one in paths)
    rules = rule(host, *(path(at, to, KINDS[kind]) for kind, at, to in some))
    annotations = {key.replace("_", "-"): value for key, value in given.items()}
    return ingress(name, rules, class_name=class_name, annotations=annotations, created=float(name[-1]))


def known(*some: Ingress, peers: dict[str, tuple[str, ...]] | None = None) -> Known:
    snapshot = snapshot_of((CLASS, *SERVICES, *some))
    return Known(compile_snapshot(snapshot, OPTIONS), snapshot, OPTIONS, peers or {})


def said(url: str, *some: Ingress, headers: tuple[str, ...] = (), **more: Any) -> Explanation:
    asked = understood(url, headers=headers, client=more.pop("client", ""))
    assert isinstance(asked, Request)
    return request(known(*some, **more), asked)


def step(found: Explanation, directive: str) -> Step:
    return next(one for one in found.way if one.directive.startswith(directive))


def test_the_longer_path_wins_and_the_others_are_told_why() -> None:
    """A shorter prefix, a younger rule with the path, a wildcard host, and an Ingress of another class."""
    found = said(
        "http://a.example/x/y",
        made("web-1", "Prefix / web"),
        made("api-2", "Prefix /x api"),
        made("new-3", "Prefix /x/ new"),
        made("wild-4", "Prefix /x new", host="*.example"),
        made("theirs-5", "Prefix /x/y new", class_name="other"),
    )
    assert "Service shop/api:80 answers" == found.answer
    assert {
        "Ingress shop/web-1": "/x is longer",
        "Ingress shop/new-3": '"/x/" is already served for Ingress shop/api-2 (spec.rules[0].http.paths[0]) '
        "(PathConflict)",
        "Ingress shop/wild-4": "a rule for the host itself comes before one for more hosts",
        "Ingress shop/theirs-5": "it is of the class other, which is not ours",
    } == {one.object: one.why for one in found.lost}


def test_each_step_says_who_asked_for_it() -> None:
    """An annotation with its value, or the key whose default it is."""
    found = said(
        "http://a.example/", made("web-1", "Prefix / web", proxy_read_timeout="30", enable_cors="true")
    )
    read, cors = step(found, "proxy_read_timeout"), step(found, "add_header Access-Control-Allow-Origin")
    assert f"Ingress shop/web-1 metadata.annotations[{PREFIX}proxy-read-timeout]: 30" == str(read.source)
    assert f"Ingress shop/web-1 metadata.annotations[{PREFIX}enable-cors]: true" == str(cors.source)
    assert "default of hsts" == str(step(found, "add_header Strict-Transport-Security").source)
    assert "default of proxy-send-timeout" == str(step(found, "proxy_send_timeout").source)


CANARY = made(
    "new-2",
    "Prefix / new",
    canary="true",
    canary_weight="20",
    canary_by_header="X-Canary",
    canary_by_cookie="c",
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), [("shop/new:80", 0.2, "by chance"), ("shop/web:80", 0.8, "by chance")]),
        (("X-Canary: always",), [("shop/new:80", 1.0, "the canary: the header X-Canary decides")]),
        (("X-Canary: never",), [("shop/web:80", 1.0, "not the canary: the header X-Canary decides")]),
        (("Cookie: c=always",), [("shop/new:80", 1.0, "the canary: the cookie c decides")]),
        (
            ("X-Canary: never", "Cookie: c=always"),
            [("shop/web:80", 1.0, "not the canary: the header X-Canary decides")],
        ),
        (
            ("X-Canary: other", "Cookie: c=always"),
            [("shop/new:80", 1.0, "the canary: the cookie c decides")],
        ),
    ],
)
def test_what_decides_about_a_canary(
    headers: tuple[str, ...], expected: list[tuple[str, float, str]]
) -> None:
    """The header before the cookie before the weight, whose shares are told."""
    found = said("http://a.example/", made("web-1", "Prefix / web"), CANARY, headers=headers)
    assert expected == [(one.service, one.chance, one.why) for one in found.outcomes]


def test_a_redirect_asks_no_canary() -> None:
    """Where the request goes elsewhere before, nothing decides between the two."""
    found = said("http://a.example/", made("web-1", "Prefix / web", force_ssl_redirect="true"), CANARY)
    assert [(308, "https://a.example", "")] == [(one.status, one.target, one.why) for one in found.outcomes]


def test_who_is_refused_hears_what_is_behind_the_door() -> None:
    """A client that is not on the list gets 403; who is answers is said, too."""
    guarded = made("web-1", "Prefix / web", allowlist_source_range="10.0.0.0/8")
    found = said("http://a.example/", guarded, client="192.0.2.1")
    assert ("403 Forbidden: the client may not enter", ["shop/web:80"]) == (
        found.answer,
        [one.service for one in found.beyond],
    )
    assert "asks" == step(said("http://a.example/", guarded), "allow").state


def test_pods_are_told_and_so_is_that_there_are_none() -> None:
    """Without a ready pod NGINX answers 503."""
    plain = made("web-1", "Prefix / web")
    one = said("http://a.example/", plain, peers={"shop.web.80": ("10.0.0.1:8080",)})
    none = said("http://a.example/", plain, peers={"shop.web.80": ()})
    assert (("10.0.0.1:8080",), 503) == (one.outcomes[0].pods, none.outcomes[0].status)


def test_an_expression_that_takes_too_long_is_not_waited_for() -> None:
    """It is said that nobody can say, in the time that a terminal waits."""
    slow = made("web-1", "Any /(x+x+)+y web", use_regex="true")
    began = time.monotonic()
    found = said("http://a.example/" + "x" * 5000, slow)
    assert ("whether the expression ^/(x+x+)+y matches the path",) == found.unclear
    assert time.monotonic() - began < 30


SITE = known(
    made("web-1", "Any /(a|b)(.*) web", rewrite_target="/$2", use_regex="true"),
    made("api-2", "Prefix /é api", "Exact /x/ api", host="b.example", app_root="/start"),
    CANARY,
)
PARTS = (*"/%.?#&=\\;:@[]{}$^~ \x00\x7fé\udc80aZ0", "%2e", "%ff", "%00", "x/y")
HOSTILE = st.lists(st.sampled_from(PARTS)).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(("a.example", "b.example", "", "*")), HOSTILE, st.lists(HOSTILE, max_size=2))
def test_whatever_is_asked_is_answered(host: str, rest: str, headers: list[str]) -> None:
    """Hostile URLs and headers raise nothing, and what is said can be written down."""
    asked = understood(f"http://{host}/{rest}", headers=[f"X-Canary: {one}" for one in headers])
    if not isinstance(asked, NotUnderstood):
        assert msgspec.json.encode(request(SITE, asked))


def test_who_sends_a_client_elsewhere() -> None:
    """What asks for a condition asks for the redirect behind it, whatever else writes such lines."""
    one = made("web-1", "Prefix / web", app_root="/start", force_ssl_redirect="true")
    root, rest = said("https://a.example/", one), said("http://a.example/x", one)
    field = f"Ingress shop/web-1 metadata.annotations[{PREFIX}"
    assert (f"{field}app-root]: /start", ()) == (str(step(root, "return 302").source), root.lost)
    assert f"{field}force-ssl-redirect]: true" == str(step(rest, "return 308").source)
