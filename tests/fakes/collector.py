"""A collector of spans: it takes what OTLP over HTTP allows and nothing else."""

import asyncio
import base64
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from google.protobuf.json_format import ParseDict, ParseError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from painless.demo.ports import LOOPBACK, free_ports

_IDENTIFIERS = ("traceId", "spanId", "parentSpanId")


class Collector:
    """Listens for the length of the block; ``status`` is what it answers, once ``answers`` is set."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self.status = 200
        self.answers = asyncio.Event()
        self.answers.set()
        self.requests = 0
        self.services: set[str] = set()
        self.spans: list[Span] = []
        self.bad: list[str] = []
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port, reuse_address=True).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def named(self, name: str) -> list[Span]:
        return [one for one in self.spans if one.name == name]

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        await self.answers.wait()
        if self.status != 200:
            return web.Response(status=self.status)
        try:
            found = read(await request.read(), request.content_type)
        except (AssertionError, ValueError, ParseError) as error:
            self.bad.append(repr(error))
            return web.Response(status=400)
        for resource in found.resource_spans:
            self.services |= {
                one.value.string_value for one in resource.resource.attributes if one.key == "service.name"
            }
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.json_response({})


def read(body: bytes, content_type: str = "application/json") -> ExportTraceServiceRequest:
    """Return a request; raises for what OpenTelemetry does not know."""
    assert content_type == "application/json"
    found = ExportTraceServiceRequest()
    ParseDict(_as_protobuf(json.loads(body)), found)
    return found


def _as_protobuf(tree: Any) -> Any:
    """Return OTLP's JSON as protobuf has it: that differs in identifiers only."""
    if isinstance(tree, list):
        return [_as_protobuf(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _IDENTIFIERS else _as_protobuf(value)
        for key, value in tree.items()
    }


def attributes(span: Span) -> dict[str, str | int]:
    """Return a span's attributes."""
    return {
        one.key: one.value.int_value if one.value.HasField("int_value") else one.value.string_value
        for one in span.attributes
    }
