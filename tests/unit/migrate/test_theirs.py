"""ingress-nginx's own decisions, in the model of them: what affects whom, and what affects nobody."""

from typing import Any

import pytest
from tests.builders import ingress, path, rule

from painless.migrate.differences import differences
from painless.migrate.picture import picture
from painless.migrate.theirs import noted
from painless.migrate.titles import TITLES
from painless.model.objects import PathType

EXACT, REGEX = PathType.EXACT, PathType.IMPLEMENTATION_SPECIFIC
PREFIX = "nginx.ingress.kubernetes.io"


def one(name, *paths, host="a.example", created=1.0, namespace="shop", **annotations):
    given = {key.replace("_", "-"): value for key, value in annotations.items()}
    return ingress(name, rule(host, *paths), created=created, namespace=namespace, annotations=given)


def habits(*ingresses):
    """Return each habit with the Ingress it is about and the paths."""
    return [(it.habit, it.about.name, it.where) for it in noted(picture(ingresses, PREFIX))]


ROOT = path("/", "web")

CASES: dict[str, Any] = {
    "nothing special": ((one("a", ROOT, path("/x", "web")),), []),
    "a prefix with a slash": (
        (one("a", ROOT, path("/x/", "web")),),
        [("prefix-slash", "a", ("a.example/x",))],
    ),
    "an exact path with a slash": (
        (one("a", ROOT, path("/x/", "web", EXACT)),),
        [("exact-slash", "a", ("a.example/x",))],
    ),
    "with a slash and without": (
        (one("a", ROOT, path("/x", "web"), path("/x/", "web")),),
        [("slash-twins", "a", ("a.example/x/",))],
    ),
    "an exact path in place of the redirect": (
        (one("a", ROOT, path("/x", "web", EXACT), path("/x/", "web")),),
        [],
    ),
    "expressions of another Ingress": (
        (
            one("a", path("/api(/|$)(.*)", "web", REGEX), path("/", "web"), rewrite_target="/$2"),
            one("b", path("/Shop/", "web"), created=2.0),
        ),
        [("regex-host", "b", ("a.example/Shop/",))],
    ),
    "a rewrite to the path itself is none": (
        (one("a", ROOT, rewrite_target="/"), one("b", path("/Shop", "web"), created=2.0)),
        [],
    ),
    "use-regex that Go does not read as true": ((one("a", ROOT, use_regex="yes"),), []),
    "a named group": (
        (one("a", ROOT, path("/(?<n>x)", "web", REGEX), use_regex="true"),),
        [("named-group", "a", ("a.example/(?<n>x)",))],
    ),
    "looking behind is no group": ((one("a", ROOT, path("/(?<=a)b", "web", REGEX), use_regex="true"),), []),
    "the root of the oldest, whatever the younger asks for": (
        (one("old", path("/x", "web")), one("young", path("/y", "web"), created=2.0, auth_type="basic")),
        [],
    ),
    "one path of two types that mean the same": (
        (one("a", ROOT, path("/x", "web")), one("b", path("/x", "web", REGEX), created=2.0)),
        [("path-types", "b", ("a.example/x",))],
    ),
    "the root of the oldest, with its guards": (
        (one("old", path("/y", "web"), auth_type="basic"), one("young", path("/x", "web"), created=2.0)),
        [("implicit-root", "old", ("a.example/",))],
    ),
    "two namespaces": (
        (one("a", ROOT), one("b", path("/x", "web"), namespace="other", created=2.0)),
        [("many-namespaces", "a", ()), ("many-namespaces", "b", ())],
    ),
    "aliases of two": (
        (
            one("a", ROOT, server_alias="x.example"),
            one("b", path("/b", "other"), server_alias="y.example", created=2.0),
        ),
        [("aliases", "b", ("a.example",))],
    ),
    "an alias inside a wildcard": (
        (one("a", ROOT, server_alias="x.wild.example"), one("w", path("/", "w"), host="*.wild.example")),
        [("alias-in-wildcard", "a", ())],
    ),
    "a host that hides a wildcard": (
        (one("a", path("/x", "web"), host="a.wild.example"), one("w", path("/", "w"), host="*.wild.example")),
        [("inside-wildcard", "a", ("a.wild.example/",))],
    ),
    "a host with a root hides nothing that is missed": (
        (one("a", ROOT, host="a.wild.example"), one("w", path("/", "w"), host="*.wild.example")),
        [],
    ),
    "a canary of one path, whose Service has two": (
        (
            one("a", ROOT, path("/x", "web"), path("/y", "other")),
            one("c", path("/", "next"), canary="true", created=2.0),
        ),
        [("canary-leak", "c", ("a.example/x",))],
    ),
    "a canary of both paths": (
        (
            one("a", ROOT, path("/x", "web")),
            one("c", path("/", "next"), path("/x", "next"), canary="true", created=2.0),
        ),
        [],
    ),
    "a canary of another path type": (
        (one("a", ROOT, path("/x", "web")), one("c", path("/", "next", EXACT), canary="true")),
        [],
    ),
    "a canary beside affinity": (
        (one("a", ROOT, affinity="cookie"), one("c", path("/", "next"), canary="true", created=2.0)),
        [("canary-cookie", "c", ("a.example/",))],
    ),
    "two Ingresses disagree about a Service": (
        (
            one("a", ROOT, load_balance="ewma"),
            one("b", path("/", "web"), host="b.example", created=2.0),
        ),
        [("first-decides", "b", ("b.example/",))],
    ),
    "equal names in two namespaces are two Services": (
        (
            one("a", ROOT, load_balance="ewma"),
            one("b", path("/", "web"), host="b.example", namespace="other"),
        ),
        [],
    ),
    "TLS settings of the oldest": (
        (
            one("a", ROOT, proxy_ssl_secret="shop/one"),
            one("b", path("/b", "other"), created=2.0),
        ),
        [("proxy-ssl-shared", "b", ("a.example/b",))],
    ),
    "TLS settings and gRPC": (
        (one("a", ROOT, proxy_ssl_secret="shop/one", backend_protocol="GRPCS"),),
        [("proxy-ssl-grpcs", "a", ("a.example/",))],
    ),
}


@pytest.mark.parametrize(("ingresses", "expected"), CASES.values(), ids=CASES)
def test_a_habit_is_noted_where_it_takes_effect(ingresses, expected):
    """And nowhere else: a report that cries at everything is not read."""
    assert expected == habits(*ingresses)


def test_every_habit_has_a_title_and_a_case():
    """Names are for machines; and what no case produces nobody has tried."""
    seen = {habit for _, expected in CASES.values() for habit, _, _ in expected}
    wanted = {one.removeprefix("@") for row in differences() for one in row.about if one.startswith("@")}
    assert (set(), set()) == (wanted - seen, seen - set(TITLES))
