"""The page over HTTP: which path leads to which view, and what may be asked of it.

Only ``GET``, and nothing is changed.  A view is made once for all who look at it in the same second, in a
thread.  The policy that each page comes with lets nothing run or load but the script and the style beside
this module.
"""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.resources import files
from typing import NamedTuple

from aiohttp import web

from painless.controller.ports import Clock, WorldError
from painless.explain.answer import Explanation
from painless.explain.asked import NotUnderstood
from painless.web.page import (
    doctor,
    explaining,
    generations,
    host,
    hosts,
    machine,
    objects,
    overview,
    searching,
    streams,
)
from painless.web.page.frame import Page, written
from painless.web.page.seen import Ask, Looking, View
from painless.web.page.watch import Watch

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PART = "X-Part"
"""With this header only what stands in the frame is wanted: the script puts it into the page."""
KEPT = 32
"""Views of the second that are kept: more different ones nobody looks at together."""
LONGEST = 2_000
"""Bytes of a query: a search and a filter, each as long as a host's name may be."""
DIGITS = 16
"""Of a version: one more each second, for as long as a controller lives."""
SMALL = 1_400
"""Bytes that are one packet anyway."""

EXPLAIN, SEARCH = "/explain", "/search"
_TYPES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}

Showing = Callable[[View, Ask], Page]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VIEWS: Mapping[str, Showing] = {
    "/": overview.page,
    "/hosts": hosts.page,
    "/hosts/{host}": host.page,
    "/generations": generations.page,
    "/generations/{number}": generations.one_of,
    "/queues": machine.queues,
    "/capacity": machine.capacity,
    "/diagnostics": objects.diagnostics,
    "/objects/{kind}/{namespace}/{name}": objects.one_of,
    "/certificates": objects.certificates,
    "/doctor": doctor.page,
    EXPLAIN: explaining.page,
    SEARCH: searching.page,
}


class Body(NamedTuple):
    """A page as it is sent; ``packed`` is for those who can unpack it, ``mark`` names the content."""

    status: int
    content: bytes
    packed: bytes
    mark: str


class Pages:
    """What answers; several applications may have it, and look together."""

    def __init__(
        self, looking: Looking, clock: Clock, threads: Executor, bounds: streams.Bounds = streams.BOUNDS
    ) -> None:
        self.watch = Watch(looking, clock, threads)
        self.streams = streams.Streams(self.watch.latest, bounds)
        self._looking = looking
        self._threads = threads
        self._files = {name: files(__package__).joinpath(name).read_bytes() for name in _TYPES}
        self._versions = _mark(b"".join(self._files.values()))
        self._kept: OrderedDict[tuple[object, ...], Body] = OrderedDict()

    def add_to(self, application: web.Application) -> None:
        """Have an application answer with the page."""
        router = application.router
        for path, showing in VIEWS.items():
            router.add_get(path, self._shows(showing))
        router.add_get("/page/rows", self._rows)
        router.add_get("/page/events", self.streams.serve)
        router.add_get("/page/{name}", self._file)

    def _shows(self, showing: Showing) -> Handler:
        async def show(request: web.Request) -> web.Response:
            if len(request.rel_url.raw_query_string) > LONGEST:
                return web.Response(status=HTTPStatus.REQUEST_URI_TOO_LONG, text="the query is too long\n")
            view, part = await self.watch.latest(), request.headers.get(PART)
            ask = await self._ask(view, request)
            key = view.version, part, request.rel_url.raw_path_qs
            return _answer(request, await self._once(key, self._page, view, showing, ask, part), "text/html")

        return show

    async def _rows(self, request: web.Request) -> web.Response:
        view, since = await self.watch.latest(), request.query.get("since", "0")
        version = int(since) if since.isascii() and since.isdigit() and len(since) < DIGITS else 0
        body = await self._once((view.version, version), _rows, view, version)
        return _answer(request, body, "application/json")

    async def _once(self, key: tuple[object, ...], make: Callable[..., Body], *given: object) -> Body:
        """Return what is made once for all who want the same in the same second."""
        if self._kept and next(iter(self._kept))[0] != key[0]:
            self._kept.clear()  # Of another second.
        found = self._kept.get(key)
        if found is None:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, make, *given)
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _page(self, view: View, showing: Showing, ask: Ask, part: str | None) -> Body:
        page = showing(view, ask)
        text = str(page.body) if part else written(view, page, ask.query.get("q", ""), self._versions)
        return _packed(page.status, text.encode(errors="replace"))

    async def _ask(self, view: View, request: web.Request) -> Ask:
        """Return what is wanted, with what only the loop can say of it."""
        words, query = dict(request.match_info), dict(request.query)
        name = words.get("host")
        slices = {one: self._looking.slices(one) for one in host.services(view, name)} if name else {}
        address = searching.address_in(query.get("q", "")) if request.path == SEARCH else ""
        found = self._looking.services_at(address) if address else ()
        explained = await self._explained(query) if request.path == EXPLAIN else None
        return Ask(words, query, slices, found, explained)

    async def _explained(self, query: dict[str, str]) -> Explanation | str | None:
        asked = explaining.asked(query)
        if asked is None or isinstance(asked, NotUnderstood):
            return asked.says if asked else None
        try:
            return await self._looking.explain(asked)
        except WorldError as problem:
            return str(problem)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        # Its address has a mark that changes with it.
        headers = {**HEADERS, "Cache-Control": "max-age=31536000, immutable"}
        return web.Response(
            body=self._files[name], content_type=_TYPES[name], charset="utf-8", headers=headers
        )


@asynccontextmanager
async def pages(looking: Looking, clock: Clock) -> AsyncIterator[Pages]:
    """Yield the page of a controller; its thread ends with the context."""
    with ThreadPoolExecutor(1, "page") as threads:
        yield Pages(looking, clock, threads)


def _rows(view: View, version: int) -> Body:
    return _packed(HTTPStatus.OK, hosts.since(view, version))


def _packed(status: int, content: bytes) -> Body:
    packed = gzip.compress(content, 4, mtime=0) if len(content) > SMALL else b""
    return Body(status, content, packed, _mark(content))


def _mark(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=9).hexdigest()


def _answer(request: web.Request, body: Body, kind: str) -> web.Response:
    headers = {**HEADERS, "ETag": f'"{body.mark}"', "Vary": f"{PART}, Accept-Encoding"}
    if body.mark in request.headers.get("If-None-Match", ""):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    content = body.content
    if body.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        content, headers["Content-Encoding"] = body.packed, "gzip"
    return web.Response(body=content, status=body.status, content_type=kind, charset="utf-8", headers=headers)
