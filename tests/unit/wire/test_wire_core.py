"""Each rule by which a part of a Service, EndpointSlice, Secret or ConfigMap is left out."""

from typing import Any

import pytest

from painless.model.objects import (
    ConfigMap,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Secret,
    Service,
    ServicePort,
)
from painless.sensitive import Sensitive
from painless.wire import Decoded, decode_object


def raw_object(kind: str, version: str = "v1", **parts: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"}, **parts}


def raw_slice(**parts: Any) -> dict[str, Any]:
    found = raw_object("EndpointSlice", "discovery.k8s.io/v1", **({"addressType": "IPv4"} | parts))
    found["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
    return found


def fields(found: Decoded) -> list[str]:
    return [one.field for one in found.diagnostics]


def test_a_service_is_kept_whole() -> None:
    """Every field we read, with the API server's defaults."""
    spec = {
        "clusterIP": "10.0.0.1",
        "ports": [
            {"port": 80, "name": "http", "targetPort": "web"},
            {"port": 53, "protocol": "UDP", "targetPort": 5353, "name": "dns"},
            {"port": 81, "targetPort": None, "protocol": None, "name": None},
        ],
    }
    expected = Service(
        namespace="shop",
        name="a",
        cluster_ip="10.0.0.1",
        ports=(
            ServicePort(80, "http", "web"),
            ServicePort(53, "dns", 5353, "UDP"),
            ServicePort(81),
        ),
    )
    assert Decoded(expected) == decode_object(raw_object("Service", spec=spec))


@pytest.mark.parametrize(
    ("port", "field"),
    [
        ({}, "port"),
        ({"port": 0}, "port"),
        ({"port": "80"}, "port"),
        ({"port": 80, "name": "A"}, "name"),
        ({"port": 80, "targetPort": "8080"}, "targetPort"),
        ({"port": 80, "targetPort": -1}, "targetPort"),
        ({"port": 80, "targetPort": 1.5}, "targetPort"),
        ({"port": 80, "protocol": "tcp"}, "protocol"),
    ],
)
def test_a_bad_port_costs_itself(port: dict[str, Any], field: str) -> None:
    """The other ports stay."""
    found = decode_object(raw_object("Service", spec={"ports": [port, {"port": 1}]}))
    assert isinstance(found.object, Service)
    assert ((ServicePort(1),), [f"spec.ports[0].{field}"]) == (found.object.ports, fields(found))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"clusterIP": "web"}, "spec.clusterIP"),
        ({"externalName": "a b"}, "spec.externalName"),
        ({"type": "ExternalName", "externalName": "http://x"}, "spec.externalName"),
    ],
)
def test_a_bad_address_is_left_out(spec: dict[str, Any], field: str) -> None:
    """The addresses of a Service reach NGINX, so only addresses and names pass."""
    found = decode_object(raw_object("Service", spec=spec))
    assert isinstance(found.object, Service)
    assert ("", "", [field]) == (found.object.cluster_ip, found.object.external_name, fields(found))


def test_a_type_of_service_nobody_knows_is_rejected() -> None:
    """What it would mean nobody can tell."""
    found = decode_object(raw_object("Service", spec={"type": "Magic"}))
    assert (None, ["spec.type"]) == (found.object, fields(found))


def test_endpoints_are_ready_unless_said_otherwise() -> None:
    """A condition nobody has set means ready, as the API says."""
    raw = raw_slice(
        ports=[{"name": "", "port": 8080}, {"name": None, "port": None}],
        endpoints=[
            {"addresses": ["10.0.0.1"]},
            {"addresses": ["10.0.0.2"], "conditions": None},
            {"addresses": ["10.0.0.3"], "conditions": {"ready": None}},
            {"addresses": ["10.0.0.4"], "conditions": {"ready": False, "serving": True}},
            {"addresses": ["10.0.0.5"], "hints": {"forZones": [{"name": "a"}, {"name": "b"}]}},
            {"addresses": ["10.0.0.6"], "hints": {"forZones": None}},
        ],
    )
    found = decode_object(raw)
    expected = EndpointSlice(
        namespace="shop",
        name="a",
        service="web",
        ports=(EndpointPort("", 8080),),
        endpoints=(
            Endpoint(("10.0.0.1",)),
            Endpoint(("10.0.0.2",)),
            Endpoint(("10.0.0.3",)),
            Endpoint(("10.0.0.4",), ready=False),
            Endpoint(("10.0.0.5",), zones=("a", "b")),
            Endpoint(("10.0.0.6",)),
        ),
    )
    assert (expected, ["ports[1].port"]) == (found.object, fields(found))


@pytest.mark.parametrize(
    "address", ["10.0.0", "010.0.0.1", "::1", "web", "", 3, None, "10.0.0.1;", "1.2.3.4\n"]
)
def test_an_address_of_another_type_is_left_out(address: Any) -> None:
    """Addresses are NGINX's peers: an endpoint stays with those that are addresses."""
    raw = raw_slice(endpoints=[{"addresses": [address, "10.0.0.9"]}, {"addresses": [address]}])
    found = decode_object(raw)
    assert isinstance(found.object, EndpointSlice)
    assert (Endpoint(("10.0.0.9",)),) == found.object.endpoints
    assert ["endpoints[0].addresses[0]", "endpoints[1].addresses[0]"] == fields(found)


def test_addresses_of_version_6_have_one_form() -> None:
    """Equal addresses are equal text."""
    raw = raw_slice(addressType="IPv6", endpoints=[{"addresses": ["FD00::0:1", "fe80::1%eth0"]}])
    found = decode_object(raw)
    assert isinstance(found.object, EndpointSlice)
    assert ((Endpoint(("fd00::1",)),), 1) == (found.object.endpoints, len(found.diagnostics))


@pytest.mark.parametrize("kind", ["FQDN", "ipv4", "", None])
def test_a_slice_of_another_type_is_rejected(kind: Any) -> None:
    """Names are no addresses."""
    found = decode_object(raw_slice(addressType=kind))
    assert (None, ["addressType"]) == (found.object, fields(found))


def test_a_secret_decodes_and_plain_text_wins() -> None:
    """``stringData`` is honoured over ``data``; line breaks in base64 are allowed, as on the API server."""
    raw = raw_object(
        "Secret", type="kubernetes.io/tls", data={"a": "YWE=", "b": "Y\nmI="}, stringData={"a": "x"}
    )
    expected = Secret("shop", "a", "kubernetes.io/tls", (("a", Sensitive(b"x")), ("b", Sensitive(b"bb"))))
    assert Decoded(expected) == decode_object(raw)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"data": {"k": "hunter2!"}}, "data[k]"),
        ({"data": {"k": "hunterä"}}, "data[k]"),
        ({"data": {"k": 4711}}, "data[k]"),
        ({"data": {"k": ["hunter2"]}}, "data[k]"),
        ({"stringData": {"k": 4711}}, "stringData[k]"),
        ({"data": {"../k": "aGk="}}, "data[../k]"),
        ({"data": "hunter2"}, "data"),
        ({"type": ["hunter2"]}, "type"),
    ],
)
def test_nothing_of_a_secret_is_told(parts: dict[str, Any], field: str) -> None:
    """Not even wrong values may appear in a message."""
    found = decode_object(raw_object("Secret", **parts))
    assert [field] == fields(found)
    text = str(found.diagnostics[0])
    assert "hunter" not in text
    assert "4711" not in text


def test_a_configmap_keeps_text_only() -> None:
    """Values that YAML took for something else are named, with the way out."""
    raw = raw_object("ConfigMap", data={"b": "1", "use-gzip": True, "n": None}, binaryData={"x": "aGk="})
    found = decode_object(raw)
    assert ConfigMap("shop", "a", (("b", "1"), ("n", ""))) == found.object
    (told,) = found.diagnostics
    assert ("data[use-gzip]", "InvalidConfigValue") == (told.field, told.reason)
    assert "put the value in quotes" == told.hint
