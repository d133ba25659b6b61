"""Every case of the corpus says the same when its manifests come through the API instead of a folder."""

import asyncio
import random
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.corpus.case import OPTIONAL, Case, parse_case
from tests.corpus.given import documents, read_given
from tests.corpus.golden import difference, output_of
from tests.corpus.settings import defaults, with_options
from tests.fakes.apiserver import FakeApiServer, Refusal
from tests.fakes.apiserver.kinds import BY_KIND

from painless.clock import RealClock
from painless.compiler.options import Options
from painless.controller.ports import Change
from painless.kube.access import Access
from painless.kube.client import Client
from painless.kube.contact import Contact
from painless.kube.reflector import World
from painless.kube.scope import Scope
from painless.kube.source import KubeSource
from painless.model.objects import ObjectRef

CORPUS = Path(__file__).parents[1] / "corpus"
AREAS = sorted(one.name for one in CORPUS.iterdir() if one.is_dir() and any(one.rglob("*.case")))
SOON = 30.0  # Seconds until the objects of a case have come; some milliseconds on a free machine.

READ = frozenset({"ConfigMap", "EndpointSlice", "Ingress", "IngressClass", "Secret", "Service"})

Json = dict[str, Any]


@pytest.mark.parametrize("area", AREAS)
async def test_cases_through_the_api(area: str) -> None:
    """The text and the findings of each file, but for findings about what no API server can hold."""
    wrong = []
    for file in sorted((CORPUS / area).rglob("*.case")):
        wrong += await _differences(parse_case(file.relative_to(CORPUS), file.read_text()))
    assert [] == wrong


async def _differences(case: Case) -> list[str]:
    given, options = read_given(case), with_options(case, defaults())
    async with FakeApiServer() as api:
        held = [[await _put(api, one) for one in _flat(raw)] for raw in documents(case)]
        first = await _first(api, options)
    read = {ref for some in held for ref in some if ref}
    elsewhere = tuple(one for one in given.diagnostics if one.about not in read)
    brought = {one.ref for one in first.upserts}
    # Pods that a case leaves out are invented here too: their slices are in no manifest.
    invented = [one for one in given.slices if one.ref not in read]
    through = structs.replace(
        given, objects=(*first.upserts, *invented), diagnostics=(*first.diagnostics, *elsewhere)
    )
    assert brought <= read, "nothing comes that was not put there"
    output = output_of(through, options)
    found = []
    for name, actual in output.sections.items():
        section = case.sections.get(name)
        if section is None and name in OPTIONAL:
            continue
        if text := difference(name, section.text if section else "", actual):
            found.append(f"{case.path}\n{text}")
    return found


def _flat(written: Json) -> Iterable[Json]:
    """Yield the objects of a list, each with its type, as kubectl sends them."""
    kind, items = str(written.get("kind")), written.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        yield written
        return
    of = {} if kind == "List" else {"apiVersion": written.get("apiVersion"), "kind": kind[:-4]}
    for one in items:
        if isinstance(one, dict):
            yield from _flat({**of, **one})


async def _put(api: FakeApiServer, written: Json) -> ObjectRef | None:
    """Have the server hold an object as if it had been applied at the time that the case says.

    Return what it is called, or nothing when it is of a kind that we do not read from a cluster.
    """
    metadata = written.get("metadata")
    kind = BY_KIND.get((str(written.get("apiVersion")), str(written.get("kind"))))
    if kind is None or kind.kind not in READ or not isinstance(metadata, dict) or not metadata.get("name"):
        return None
    namespace = str(metadata.get("namespace") or "default") if kind.namespaced else ""
    try:
        await api.apply(deepcopy(written))
    except Refusal:
        api.push(written)  # An older server has let it in.
    else:
        stored = api.get(kind.kind, metadata["name"], namespace)
        assert stored is not None, "it was applied"
        api.push(_as_written(deepcopy(stored), written))
    return ObjectRef(kind.kind, namespace, metadata["name"])


def _as_written(stored: Json, written: Json) -> Json:
    """Return an object without what depends on when and where it was applied."""
    stored["metadata"]["creationTimestamp"] = written["metadata"].get("creationTimestamp")
    for kind, field in (("Service", "clusterIP"), ("Ingress", "ingressClassName")):
        # Nobody wrote the address; and who is older than a default class has none.
        if written["kind"] == kind and not (written.get("spec") or {}).get(field):
            stored["spec"].pop(field, None)
    return stored


async def _first(api: FakeApiServer, options: Options) -> Change:
    """Return all that the source brings."""
    clock = RealClock()
    client = Client(Access(api.url))
    scope = Scope(
        prefix=options.annotations_prefix,
        configmap=options.configmap,
        default_backend=options.default_backend,
        default_certificate=options.default_certificate,
        services=tuple(filter(None, (options.tcp_services, options.udp_services))),
    )
    source = KubeSource(World(client, clock, random.random, Contact(clock.now)), scope)
    try:
        await source.open()
        async with asyncio.timeout(SOON), asyncio.TaskGroup() as group:
            run = group.create_task(source.run())
            changes = source.changes()
            first = await anext(changes)
            await changes.aclose()
            run.cancel()
    finally:
        await client.close()
    return first
