"""How objects are shown: as themselves, as their metadata only, or as rows of a table for ``kubectl get``."""

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol

import msgspec
from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.lists import as_list
from tests.fakes.apiserver.selectors import value_at
from tests.fakes.apiserver.store import Stored

_META = "meta.k8s.io/v1"


class Look(Protocol):
    """One way to show objects."""

    stream_type: str

    def one(self, kind: Kind, found: Stored) -> bytes: ...

    def list(self, kind: Kind, metadata: Json, items: Iterable[Stored]) -> bytes: ...


class Whole:
    """Objects as they are."""

    stream_type = "application/json"

    def one(self, kind: Kind, found: Stored) -> bytes:
        return found.body_as(kind) or msgspec.json.encode(found.as_kind(kind))

    def list(self, kind: Kind, metadata: Json, items: Iterable[Stored]) -> bytes:
        return as_list(kind, metadata, items)


class MetadataOnly:
    """Nothing but metadata, as ``PartialObjectMetadata``."""

    stream_type = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

    def one(self, kind: Kind, found: Stored) -> bytes:
        return msgspec.json.encode(self._partial(found))

    def list(self, kind: Kind, metadata: Json, items: Iterable[Stored]) -> bytes:
        rows = [self._partial(one) for one in items]
        head = {"kind": "PartialObjectMetadataList", "apiVersion": _META}
        return msgspec.json.encode({**head, "metadata": metadata, "items": rows})

    def _partial(self, found: Stored) -> Json:
        metadata = found.object["metadata"]
        return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": metadata}


class Table:
    """Rows with the columns that ``kubectl get`` prints."""

    stream_type = "application/json"

    def one(self, kind: Kind, found: Stored) -> bytes:
        return self.list(kind, {"resourceVersion": str(found.version)}, [found])

    def list(self, kind: Kind, metadata: Json, items: Iterable[Stored]) -> bytes:
        columns = {"Name": _name, **_COLUMNS.get(kind.kind, {}), "Age": _age}
        definitions = [
            {
                "name": one,
                "type": "string",
                "format": "name" if one == "Name" else "",
                "priority": 0,
                "description": "",
            }
            for one in columns
        ]
        rows = [
            {
                "cells": [_seen(cell, one.object) for cell in columns.values()],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": _META,
                    "metadata": one.object["metadata"],
                },
            }
            for one in items
        ]
        table = {"kind": "Table", "apiVersion": _META, "metadata": metadata}
        return msgspec.json.encode({**table, "columnDefinitions": definitions, "rows": rows})


def look_for(accept: str) -> Look:
    """Return the first way of showing that the client accepts."""
    for one in accept.split(","):
        if "as=Table" in one:
            return Table()
        if re.search(r"as=PartialObjectMetadata(List)?", one):
            return MetadataOnly()
        if one.split(";")[0].strip() in ("application/json", "*/*"):
            break
    return Whole()


def _seen(cell: Callable[[Json], Any], found: Json) -> Any:
    """Return a cell; an object that was pushed as it is may lack what a real one has."""
    try:
        return cell(found)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "<unknown>"


def _name(found: Json) -> str:
    return str(found["metadata"]["name"])


def _age(found: Json) -> str:
    made = datetime.fromisoformat(found["metadata"]["creationTimestamp"])
    return f"{max(0, int(time.time() - made.timestamp()))}s"


def _at(path: str) -> Callable[[Json], Any]:
    return lambda found: value_at(found, path) or "<none>"


def _hosts(found: Json) -> str:
    hosts = [one.get("host") or "*" for one in (found.get("spec") or {}).get("rules") or ()]
    return ",".join(hosts) or "*"


def _addresses(found: Json) -> str:
    some = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(one.get("ip") or one.get("hostname") or "" for one in some)


def _ports(found: Json) -> str:
    return "80, 443" if (found.get("spec") or {}).get("tls") else "80"


def _service_ports(found: Json) -> str:
    some = (found.get("spec") or {}).get("ports") or ()
    return ",".join(f"{one['port']}/{one['protocol']}" for one in some) or "<none>"


def _count(found: Json) -> str:
    return str(len(found.get("data") or ()))


_COLUMNS: dict[str, dict[str, Callable[[Json], Any]]] = {
    "ConfigMap": {"Data": _count},
    "Event": {"Type": _at("type"), "Reason": _at("reason"), "Message": _at("message")},
    "Ingress": {
        "Class": _at("spec.ingressClassName"),
        "Hosts": _hosts,
        "Address": _addresses,
        "Ports": _ports,
    },
    "IngressClass": {"Controller": _at("spec.controller")},
    "Lease": {"Holder": _at("spec.holderIdentity")},
    "Namespace": {"Status": _at("status.phase")},
    "Secret": {"Type": _at("type"), "Data": _count},
    "Service": {
        "Type": _at("spec.type"),
        "Cluster-IP": _at("spec.clusterIP"),
        "External-IP": lambda found: _addresses(found) or "<none>",
        "Port(s)": _service_ports,
    },
}
