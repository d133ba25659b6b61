"""Each rule by which a part of an Ingress is left out, and that nothing else goes with it."""

from typing import Any

import pytest

from painless.model.diagnostics import Severity
from painless.model.objects import (
    Ingress,
    IngressClass,
    IngressTls,
    Path,
    PathType,
    ResourceBackend,
    Rule,
    ServiceBackend,
)
from painless.wire import decode_all, decode_object

WEB = ServiceBackend("web", 80)
RAW_WEB = {"service": {"name": "web", "port": {"number": 80}}}


def raw_path(path: Any = "/", path_type: Any = "Prefix", backend: Any = RAW_WEB) -> dict[str, Any]:
    return {"path": path, "pathType": path_type, "backend": backend}


def raw_rule(*paths: Any, host: Any = "a.example") -> dict[str, Any]:
    return {"host": host, "http": {"paths": list(paths)}}


def raw_ingress(*rules: Any, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"} | (metadata or {}),
        "spec": {"rules": list(rules), **spec},
    }


def decoded(raw: dict[str, Any]) -> tuple[Ingress, list[str]]:
    found = decode_object(raw)
    assert isinstance(found.object, Ingress)
    return found.object, [f"{one.field}: {one.says} [{one.reason}]" for one in found.diagnostics]


def test_everything_that_is_right_is_kept() -> None:
    """A complete Ingress comes out complete, annotations in the order of their keys."""
    raw = raw_ingress(
        raw_rule(raw_path(), raw_path("/x", "Exact", {"service": {"name": "w", "port": {"name": "http"}}})),
        raw_rule(raw_path(None, None), host="*.example"),
        {"http": None},
        metadata={"creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"b": "2", "a/b": "1"}},
        ingressClassName="nginx",
        defaultBackend={"resource": {"kind": "Bucket", "name": "files", "apiGroup": "x"}},
        tls=[{"hosts": ["a.example"], "secretName": "tls"}, {"hosts": None}],
    )
    expected = Ingress(
        namespace="shop",
        name="web",
        created=1767225600.0,
        annotations=(("a/b", "1"), ("b", "2")),
        class_name="nginx",
        default_backend=ResourceBackend("Bucket", "files"),
        rules=(
            Rule(
                "a.example",
                (
                    Path("/", PathType.PREFIX, WEB),
                    Path("/x", PathType.EXACT, ServiceBackend("w", "http")),
                ),
            ),
            Rule("*.example", (Path("", PathType.IMPLEMENTATION_SPECIFIC, WEB),)),
            Rule("", ()),
        ),
        tls=(IngressTls(("a.example",), "tls"), IngressTls((), "")),
    )
    assert (expected, []) == decoded(raw)


def test_null_is_the_same_as_nothing() -> None:
    """API servers send null for every optional list and map."""
    raw = raw_ingress(raw_rule(raw_path()), tls=None, defaultBackend=None, ingressClassName=None)
    raw["metadata"] |= {"annotations": None, "labels": None, "creationTimestamp": None}
    assert [] == decoded(raw)[1]


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("Shop.example", 'found "Shop.example", expected lower case: shop.example'),
        ("10.0.0.1", 'found "10.0.0.1", expected a DNS name, not an IP address'),
        ("::1", 'found "::1", expected a DNS name, not an IP address'),
        ("a.*.b", 'found "a.*.b", expected the wildcard to be the whole first part of the name'),
        ("*", 'found "*", expected the wildcard'),
        ("a..b", 'found "a..b", expected a DNS name'),
        ("-a", 'found "-a", expected a DNS name'),
        ("a b;", 'found "a b;", expected a DNS name'),
        ("a\n", 'found "a\\n", expected a DNS name'),
        ("a." * 126 + "aa", "expected a DNS name"),
    ],
)
def test_a_bad_host_costs_its_rule(host: str, says: str) -> None:
    """Only the rule with the bad host goes; its neighbours stay."""
    found, told = decoded(raw_ingress(raw_rule(raw_path(), host=host), raw_rule(raw_path(), host="ok")))
    assert ("ok",) == tuple(rule.host for rule in found.rules)
    assert told[0].startswith("spec.rules[0].host: ")
    assert says in told[0]
    assert told[0].endswith("[InvalidHost]")


@pytest.mark.parametrize("host", ["a", "*.a", "a-b.c", "1a", "xn--bcher-kva.example", ("a." * 126) + "a"])
def test_a_good_host_is_kept(host: str) -> None:
    """What Kubernetes allows we allow."""
    found, told = decoded(raw_ingress(raw_rule(raw_path(), host=host)))
    assert ((host,), []) == (tuple(rule.host for rule in found.rules), told)


@pytest.mark.parametrize(
    ("path", "path_type", "says"),
    [
        ("x", "Prefix", "expected it to begin with a slash"),
        ("", "Exact", "expected it to begin with a slash"),
        ("x", "ImplementationSpecific", "expected it to begin with a slash"),
        ("/a//b", "Prefix", "to be without //"),
        ("/a/./b", "Exact", "to be without /./"),
        ("/a/../b", "Prefix", "to be without /../"),
        ("/a%2fb", "Prefix", "to be without %2f"),
        ("/a%2Fb", "Prefix", "to be without %2F"),
        ("/a/..", "Prefix", "not to end with /.."),
        ("/a/.", "Exact", "not to end with /."),
        ("/a\x00", "ImplementationSpecific", "expected no control characters"),
        ("/a\nb", "Prefix", "expected no control characters"),
        ("/a", "Regex", 'found "Regex", expected Exact, Prefix, ImplementationSpecific'),
    ],
)
def test_a_bad_path_costs_itself(path: str, path_type: str, says: str) -> None:
    """Only the bad path goes."""
    found, told = decoded(raw_ingress(raw_rule(raw_path(path, path_type), raw_path("/ok"))))
    assert ["/ok"] == [one.path for one in found.rules[0].paths]
    assert told[0].startswith("spec.rules[0].http.paths[0].path")
    assert says in told[0]
    assert told[0].endswith("[InvalidPath]")


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/foo(/|$)(.*)", '/"; }', "/ä"])
def test_a_specific_path_may_hold_anything_printable(path: str) -> None:
    """Regular expressions are paths, too; making them safe is not the decoder's business."""
    found, told = decoded(raw_ingress(raw_rule(raw_path(path, "ImplementationSpecific"))))
    assert ([path], []) == ([one.path for one in found.rules[0].paths], told)


@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (None, "backend: found neither service nor resource, expected one of them"),
        ({}, "backend: found neither service nor resource"),
        ({"service": {"name": "a"}, "resource": {"kind": "b"}}, "backend: found both service and resource"),
        ({"service": 3}, "backend.service: found 3, expected a map"),
        ({"service": {"port": {"number": 80}}}, "backend.service.name: found nothing, expected at most 63"),
        (
            {"service": {"name": "../x", "port": {"number": 80}}},
            'backend.service.name: found "../x", expected',
        ),
        ({"service": {"name": "a", "port": 80}}, "backend.service.port: found 80, expected a map"),
        ({"service": {"name": "a", "port": {}}}, "backend.service.port: found neither name nor number"),
        ({"service": {"name": "a"}}, "backend.service.port: found neither name nor number"),
        (
            {"service": {"name": "a", "port": {"name": "b", "number": 1}}},
            "backend.service.port: found both name and number, expected one of them",
        ),
        (
            {"service": {"name": "a", "port": {"number": "80"}}},
            'backend.service.port.number: found "80", expected a whole number',
        ),
        ({"service": {"name": "a", "port": {"number": True}}}, "found true, expected a whole number"),
        ({"service": {"name": "a", "port": {"number": 65536}}}, "found 65536, expected a number from 1"),
        ({"service": {"name": "a", "port": {"number": 10**5000}}}, "found a huge number, expected a number"),
        ({"service": {"name": "a", "port": {"name": "UP"}}}, 'port.name: found "UP", expected at most 15'),
        ({"service": {"name": "a", "port": {"name": "80"}}}, 'port.name: found "80", expected at most 15'),
        ({"serviceName": "a", "servicePort": 80}, "backend: found neither service nor resource"),
    ],
)
def test_a_bad_backend_costs_its_path(backend: Any, says: str) -> None:
    """The path of the fault is the one Kubernetes would give; only the path with that backend goes."""
    found, told = decoded(raw_ingress(raw_rule(raw_path("/ok"), raw_path("/", "Prefix", backend))))
    assert ["/ok"] == [one.path for one in found.rules[0].paths]
    assert told[0].startswith("spec.rules[0].http.paths[1].backend")
    assert says in told[0]


@pytest.mark.parametrize("item", [None, 3, "x", [], {"host": 3}, {"http": []}, {"http": {"paths": {}}}])
def test_a_rule_of_the_wrong_shape_costs_itself(item: Any) -> None:
    """Whatever stands where a rule should, the other rules stay."""
    found, told = decoded(raw_ingress(item, raw_rule(raw_path())))
    assert (1, 1) == (len(found.rules), len(told))
    assert told[0].startswith("spec.rules[0]")


def test_a_default_backend_goes_alone() -> None:
    """A bad default backend leaves the rules."""
    found, told = decoded(raw_ingress(raw_rule(raw_path()), defaultBackend={"service": "web"}))
    assert (None, 1) == (found.default_backend, len(found.rules))
    assert ['spec.defaultBackend.service: found "web", expected a map [InvalidObject]'] == told


def test_tls_loses_hosts_one_by_one_and_never_widens() -> None:
    """An entry whose hosts are all bad goes too: without hosts it would mean others."""
    found, told = decoded(
        raw_ingress(
            raw_rule(raw_path()),
            tls=[
                {"hosts": ["A", "b"], "secretName": "s"},
                {"hosts": ["C", 4]},
                {"hosts": ["d"], "secretName": "_"},
            ],
        )
    )
    assert (IngressTls(("b",), "s"),) == found.tls
    fields = [one.split(": ")[0] for one in told]
    expected = [
        "spec.tls[0].hosts[0]",
        "spec.tls[1].hosts[0]",
        "spec.tls[1].hosts[1]",
        "spec.tls[2].secretName",
    ]
    assert expected == fields


@pytest.mark.parametrize(
    ("value", "says", "hint"),
    [
        (None, "found nothing, expected text", "put the value in quotes"),
        ({"a": 1}, "found a map, expected text", ""),
    ],
)
def test_an_annotation_that_is_not_text_goes(value: Any, says: str, hint: str) -> None:
    """The diagnostic says what YAML made of it and how to get text."""
    found = decode_object(
        raw_ingress(raw_rule(raw_path()), metadata={"annotations": {"a/b": value, "c": "d"}})
    )
    assert isinstance(found.object, Ingress)
    assert (("c", "d"),) == found.object.annotations
    (told,) = found.diagnostics
    assert ("metadata.annotations[a/b]", says, hint) == (told.field, told.says, told.hint)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (8, "8"), (1.5, "1.5")])
def test_an_annotation_without_quotes_is_read_as_written(value: Any, text: str) -> None:
    """Dropping it could open what it was meant to close; the author is told that a cluster refuses it."""
    found = decode_object(raw_ingress(raw_rule(raw_path()), metadata={"annotations": {"a/b": value}}))
    assert isinstance(found.object, Ingress)
    assert (("a/b", text),) == found.object.annotations
    assert [Severity.WARNING] == [one.severity for one in found.diagnostics]


@pytest.mark.parametrize("key", ["a\x00", "a/b/c", "", "-a", "ä", "a" * 64, "/a"])
def test_an_annotation_key_that_kubernetes_refuses_goes(key: str) -> None:
    """Keys reach messages and lookups, so only proper ones pass."""
    found, told = decoded(raw_ingress(raw_rule(raw_path()), metadata={"annotations": {key: "x"}}))
    assert ((), 1) == (found.annotations, len(told))


@pytest.mark.parametrize("value", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", 3, {}])
def test_an_unreadable_time_is_unknown(value: Any) -> None:
    """The Ingress stays; its age is unknown."""
    found, told = decoded(raw_ingress(raw_rule(raw_path()), metadata={"creationTimestamp": value}))
    assert 0.0 == found.created
    assert told[0].startswith("metadata.creationTimestamp: found ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metadata": None}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": {"name": 3}}, "metadata.name"),
        ({"metadata": {"name": "../../etc"}}, "metadata.name"),
        ({"metadata": {"name": "a" * 254}}, "metadata.name"),
        ({"metadata": {"name": "a", "namespace": "a.b"}}, "metadata.namespace"),
        ({"metadata": {"name": "a", "namespace": "a" * 64}}, "metadata.namespace"),
        ({"metadata": {"name": "a", "annotations": []}}, "metadata.annotations"),
        ({"spec": []}, "spec"),
        ({"spec": {"rules": {}}}, "spec.rules"),
        ({"spec": {"rules": [], "ingressClassName": 3}}, "spec.ingressClassName"),
        ({"spec": {"rules": [], "ingressClassName": "a b"}}, "spec.ingressClassName"),
        ({"kind": None}, "kind"),
        ({"kind": {}}, "kind"),
        ({"apiVersion": None}, "apiVersion"),
        ({"apiVersion": "extensions/v1beta1"}, "apiVersion"),
    ],
)
def test_an_object_without_a_frame_is_rejected(change: dict[str, Any], field: str) -> None:
    """What cannot be named or whose frame is wrong falls as a whole, with the field that did it."""
    found = decode_object(raw_ingress(raw_rule(raw_path())) | change)
    assert (None, [(field, "rejected")]) == (
        found.object,
        [(one.field, str(one.severity)) for one in found.diagnostics],
    )


def test_an_ingress_of_nothing_is_told_so() -> None:
    """Kubernetes wants rules or a default backend."""
    found, told = decoded(raw_ingress() | {"spec": None})
    assert ((), 1) == (found.rules, len(told))


def test_large_is_fine() -> None:
    """1,000 hosts and an annotation of 1 MB are an Ingress like any other."""
    rules = [raw_rule(raw_path(), host=f"h{number}.example") for number in range(1000)]
    found, told = decoded(raw_ingress(*rules, metadata={"annotations": {"a": "x" * 2**20}}))
    assert (1000, []) == (len(found.rules), told)


def test_the_namespace_is_default_when_left_out() -> None:
    """As kubectl has it."""
    raw = raw_ingress(raw_rule(raw_path()))
    del raw["metadata"]["namespace"]
    assert "default" == decoded(raw)[0].namespace


def test_a_class_has_no_namespace() -> None:
    """IngressClass is cluster-wide, whatever its metadata says."""
    raw = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx", "namespace": "x"},
        "spec": {"controller": "k8s.io/ingress-nginx", "parameters": None},
    }
    assert IngressClass("nginx", "k8s.io/ingress-nginx") == decode_object(raw).object


def test_a_kind_nobody_reads_is_a_warning() -> None:
    """Manifests of whole applications are welcome; what we do not need is said and left."""
    found = decode_object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}})
    assert found.object is None
    (told,) = found.diagnostics
    assert ("IgnoredKind", "warning") == (told.reason, told.severity)
    knative = decode_object({"apiVersion": "serving.knative.dev/v1", "kind": "Service"})
    assert ["IgnoredKind"] == [str(one.reason) for one in knative.diagnostics]


def test_lists_are_expanded() -> None:
    """``kubectl get -o yaml`` gives a List; the API server's lists leave the type out of the items."""
    one = raw_ingress(raw_rule(raw_path()))
    untyped = {key: value for key, value in one.items() if key not in ("kind", "apiVersion")}
    lists: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "List", "items": [one, one]},
        {"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [untyped]},
        {"apiVersion": "v1", "kind": "List", "items": None},
    ]
    assert [2, 1, 0] == [sum(found.object is not None for found in decode_all(raw)) for raw in lists]


def test_a_bad_item_of_a_list_costs_itself() -> None:
    """The item is named by its place."""
    raw = {"apiVersion": "v1", "kind": "List", "items": [3, raw_ingress(raw_rule(raw_path()))]}
    first, second = decode_all(raw)
    assert (None, "items[0]") == (first.object, first.diagnostics[0].field)
    assert second.object is not None


def test_lists_of_lists_end() -> None:
    """Nesting without end is refused, not followed."""
    raw: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": []}
    for _ in range(5000):
        raw = {"apiVersion": "v1", "kind": "List", "items": [raw]}
    (found,) = decode_all(raw)
    assert "items" == found.diagnostics[0].field
