"""The fields of the kinds that route traffic: what does not fit is refused, what is unknown is dropped.

A shape is a type, a dict of named fields, a list with the shape of its items, or ``Map`` of any keys.
"""

from typing import Any

from tests.fakes.apiserver.kinds import Json
from tests.fakes.apiserver.refusals import bad_request


class Map:
    """An object with any keys."""

    def __init__(self, value: Any) -> None:
        self.value = value


ANY = object()
_NAMES = Map(str)
_TIME = ANY
_METADATA = {
    "name": str,
    "generateName": str,
    "namespace": str,
    "selfLink": str,
    "uid": str,
    "resourceVersion": str,
    "generation": int,
    "creationTimestamp": _TIME,
    "deletionTimestamp": _TIME,
    "deletionGracePeriodSeconds": int,
    "labels": _NAMES,
    "annotations": _NAMES,
    "ownerReferences": [ANY],
    "finalizers": [str],
    "managedFields": [ANY],
}
_TYPE = {"apiVersion": str, "kind": str, "metadata": _METADATA}
_RESOURCE = {"apiGroup": str, "kind": str, "name": str}
_REFERENCE = {**_RESOURCE, "namespace": str, "fieldPath": str, "resourceVersion": str, "uid": str}
_BACKEND = {
    "service": {"name": str, "port": {"name": str, "number": int}},
    "resource": _RESOURCE,
}
_ADDRESS = {"ip": str, "hostname": str, "ipMode": str, "ports": [ANY]}
_STATUS = {"loadBalancer": {"ingress": [_ADDRESS]}, "conditions": [ANY]}
_PORT_OR_NAME = (int, str)
_SERVICE_PORT = {
    "name": str,
    "protocol": str,
    "appProtocol": str,
    "port": int,
    "targetPort": _PORT_OR_NAME,
    "nodePort": int,
}
_SERVICE = {
    "ports": [_SERVICE_PORT],
    "selector": _NAMES,
    "clusterIP": str,
    "clusterIPs": [str],
    "type": str,
    "externalIPs": [str],
    "sessionAffinity": str,
    "loadBalancerIP": str,
    "loadBalancerSourceRanges": [str],
    "externalName": str,
    "externalTrafficPolicy": str,
    "healthCheckNodePort": int,
    "publishNotReadyAddresses": bool,
    "sessionAffinityConfig": ANY,
    "ipFamilies": [str],
    "ipFamilyPolicy": str,
    "allocateLoadBalancerNodePorts": bool,
    "loadBalancerClass": str,
    "internalTrafficPolicy": str,
    "trafficDistribution": str,
}
_ENDPOINT = {
    "addresses": [str],
    "conditions": {"ready": bool, "serving": bool, "terminating": bool},
    "hostname": str,
    "targetRef": _REFERENCE,
    "deprecatedTopology": _NAMES,
    "nodeName": str,
    "zone": str,
    "hints": {"forZones": [{"name": str}], "forNodes": [{"name": str}]},
}
_PATH = {"path": str, "pathType": str, "backend": _BACKEND}
_INGRESS = {
    "ingressClassName": str,
    "defaultBackend": _BACKEND,
    "rules": [{"host": str, "http": {"paths": [_PATH]}}],
    "tls": [{"hosts": [str], "secretName": str}],
}
SHAPES: dict[str, Json] = {
    "Ingress": {**_TYPE, "spec": _INGRESS, "status": _STATUS},
    "IngressClass": {**_TYPE, "spec": {"controller": str, "parameters": {**_REFERENCE, "scope": str}}},
    "Service": {**_TYPE, "spec": _SERVICE, "status": _STATUS},
    "EndpointSlice": {
        **_TYPE,
        "addressType": str,
        "endpoints": [_ENDPOINT],
        "ports": [{"name": str, "protocol": str, "port": int, "appProtocol": str}],
    },
    "Secret": {**_TYPE, "data": _NAMES, "stringData": _NAMES, "type": str, "immutable": bool},
    "ConfigMap": {**_TYPE, "data": _NAMES, "binaryData": _NAMES, "immutable": bool},
}
_PLAIN: Json = {"apiVersion": str, "kind": str, "metadata": _METADATA}
_GO = {str: "string", int: "int32", bool: "bool"}


def fitted(found: Json, unknown: list[str]) -> Json:
    """Return what a server keeps of an object; add the names of what it drops to ``unknown``."""
    kind = found["kind"]
    shape = SHAPES.get(kind)
    try:
        if shape is None:
            return {**found, "metadata": _fitted(_METADATA, found["metadata"], "metadata", unknown)}
        kept: Json = _fitted(shape, found, "", unknown)
    except _Misfit as error:
        says = f'{kind} in version "{found["apiVersion"].rpartition("/")[2]}" cannot be handled as a {kind}'
        raise bad_request(f"{says}: {error}") from None
    return kept


class _Misfit(Exception):
    """A value of another type."""


def _fitted(shape: Any, found: Any, at: str, unknown: list[str]) -> Any:
    if found is None or shape is ANY:
        return found
    if isinstance(shape, Map):
        return {key: _typed(shape.value, one, f"{at}.{key}") for key, one in _typed(dict, found, at).items()}
    if isinstance(shape, list):
        return [
            _fitted(shape[0], one, f"{at}[{n}]", unknown) for n, one in enumerate(_typed(list, found, at))
        ]
    if isinstance(shape, dict):
        return _object(shape, _typed(dict, found, at), at, unknown)
    return _typed(shape, found, at)


def _object(shape: Json, found: Json, at: str, unknown: list[str]) -> Json:
    inner = {key: f"{at}.{key}" if at else key for key in found}
    unknown.extend(inner[key] for key in found if key not in shape)
    return {
        key: _fitted(shape[key], one, inner[key], unknown)
        for key, one in found.items()
        if key in shape and one is not None
    }


def _typed(wanted: Any, found: Any, at: str) -> Any:
    if isinstance(found, wanted) and not (isinstance(found, bool) and wanted is not bool):
        return found
    name = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(found), "number")
    # The words of Go's JSON decoder, which a real server hands on.
    expected = _GO.get(wanted, "object" if wanted is dict else "array")
    raise _Misfit(f"json: cannot unmarshal {name} into Go struct field {at} of type {expected}")
