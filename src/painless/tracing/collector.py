"""A collector of OpenTelemetry's: requests to it, and what its answers mean."""

from aiohttp import ClientError, ClientSession, ClientTimeout

from painless.nginx.spans import Export
from painless.tracing import otlp
from painless.tracing.exporter import Taken
from painless.tracing.line import Span

_WITHIN = 10.0  # Seconds for an answer, OpenTelemetry's own default.
_AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which OTLP has a request sent again."""
_ANSWER = 64 << 10  # Bytes that are read of an answer.
_OK = 200


class Collector:
    """Takes spans for one place; ``session`` is closed by whoever opened it."""

    def __init__(self, export: Export, session: ClientSession) -> None:
        self._url = f"http://{export.host}:{export.port}/v1/traces"
        self._service = export.service
        self._session = session

    async def send(self, spans: list[Span]) -> Taken:
        """Send spans and return what became of them; never raises for what the other end does."""
        body = otlp.request(spans, self._service)
        try:
            return await self._sent(body)
        except (TimeoutError, ClientError, OSError, ValueError) as problem:
            return Taken(problem=f"{self._url}: {str(problem) or 'no answer in time'}", again=True)

    async def _sent(self, body: bytes) -> Taken:
        headers = {"Content-Type": otlp.CONTENT_TYPE}
        within = ClientTimeout(total=_WITHIN)
        async with self._session.post(
            self._url, data=body, headers=headers, timeout=within, allow_redirects=False
        ) as answer:
            found = await answer.content.read(_ANSWER)
            if answer.status == _OK:
                return Taken(rejected=otlp.rejected(found))
            return Taken(
                problem=f"{self._url} answers {answer.status}",
                again=answer.status in _AGAIN,
                wait=_seconds(answer.headers.get("Retry-After", "")),
            )


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0.0
