"""HTTP in front of the store: who asks, may they, what went wrong on purpose, and the answer's bytes."""

import gzip
from collections.abc import Mapping, MutableSequence
from typing import Any

import msgspec
import yaml
from aiohttp import web
from msgspec import Struct
from tests.fakes.apiserver.access import Allows, Attempt, attempt_of, forbidden, info_of, user_of
from tests.fakes.apiserver.faults import Faults
from tests.fakes.apiserver.kinds import Json
from tests.fakes.apiserver.lists import check_version, listed
from tests.fakes.apiserver.pages import PAGES, REVIEWS
from tests.fakes.apiserver.patches import APPLY, JSON_PATCH, MERGE, STRATEGIC
from tests.fakes.apiserver.refusals import Refusal, bad_request, failure, not_found
from tests.fakes.apiserver.routes import Target, target_of
from tests.fakes.apiserver.selectors import selected
from tests.fakes.apiserver.store import Store, Stored, key_of
from tests.fakes.apiserver.tables import look_for
from tests.fakes.apiserver.watches import Watch
from tests.fakes.apiserver.writes import Write, Writes, Written

COMPRESSED = 128 * 1024
"""Bytes from which on a real server compresses an answer."""

REMEMBERED = 100_000
"""How many of the last requests are remembered."""


class Asked(Struct, frozen=True):
    """One request as it was understood, for tests to count; ``status`` of a watch is 200 from its start."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    query: Mapping[str, str]
    status: int


class Answers:
    """Answers the requests for one store."""

    def __init__(self, store: Store, writes: Writes, faults: Faults, tokens: Mapping[str, str]) -> None:
        self.requests: MutableSequence[Asked] = []
        self.bookmark_every = 1.0
        self.allows: Allows = lambda _attempt: True
        self._store = store
        self._writes = writes
        self._faults = faults
        self._tokens = tokens

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; whatever is refused is a Status."""
        await self._faults.pass_silence(request)
        user = attempt = None
        try:
            certificate = request.transport and request.transport.get_extra_info("peercert")
            user = user_of(self._tokens, request.headers.get("Authorization", ""), certificate)
            if request.method == "GET" and (found := PAGES.get(request.path.strip("/"))) is not None:
                return _page(found)
            if (kind := REVIEWS.get(request.path.rpartition("/")[2])) and request.method == "POST":
                attempt = _asking(user, kind)
                await self._check_asking(attempt)
                answer = _json(await self._review(kind, user, await _body(request)), 201)
                self._remember(attempt, request, 201)
                return answer
            target = target_of(request.method, request.path, request.query)
            attempt = _attempt(user, target)
            await self._faults.befall(attempt)
            if not self._faults.allows(attempt) or not self.allows(attempt):
                raise forbidden(target.kind, attempt)
            if target.verb == "watch":
                self._remember(attempt, request, 200)
                return await self._watch(target, request)
            answer = await self._answer(target, user, request)
        except Refusal as refusal:
            answer = _json(refusal.status, refusal.code, refusal.headers)
        except web.HTTPRequestEntityTooLarge:
            says = "Request entity too large: limit is 3145728"
            answer = _json(failure(413, "RequestEntityTooLarge", says), 413)
        if attempt is not None:
            self._remember(attempt, request, answer.status)
        await self._faults.pass_silence(request)
        return answer

    def _remember(self, attempt: Attempt, request: web.BaseRequest, status: int) -> None:
        where = (attempt.user, attempt.verb, attempt.resource, attempt.namespace, attempt.name)
        self.requests.append(Asked(*where, dict(request.query), status))
        if len(self.requests) > REMEMBERED:
            del self.requests[: REMEMBERED // 2]

    async def _watch(self, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        look = look_for(request.headers.get("Accept", ""))
        watch = Watch(self._store, self._faults, target.kind, _namespace(target), request.query, look)
        return await watch.run(request, self.bookmark_every)

    async def _answer(self, target: Target, user: str, request: web.BaseRequest) -> web.Response:
        look = look_for(request.headers.get("Accept", ""))
        match target.verb:
            case "list":
                metadata, items = listed(self._store, target.kind, _namespace(target), request.query)
                return _packed(look.list(target.kind, metadata, items), request)
            case "get":
                return _packed(look.one(target.kind, self._found(target, request.query)), request)
            case "delete":
                return await self._delete(target, user, request)
            case "deletecollection":
                return await self._delete_all(target, user, request)
            case _:
                pass
        written = await self._written(target, user, request)
        headers = [("Warning", f'299 - "{_quoted(one)}"') for one in written.warnings]
        body = look.one(target.kind, written.stored)
        status = 201 if written.created else 200
        answer = _packed(body, request, status)
        answer.headers.extend(headers)
        return answer

    async def _written(self, target: Target, user: str, request: web.BaseRequest) -> Written:
        content = request.content_type
        if target.verb == "patch":
            if content not in (MERGE, JSON_PATCH, STRATEGIC, APPLY):
                raise Refusal(
                    415,
                    "UnsupportedMediaType",
                    f"the body of the request was in an unknown format: {content}",
                )
            options = {"operation": "Apply"} if content == APPLY else {}
            if content == APPLY and not request.query.get("fieldManager"):
                raise bad_request("fieldManager: Required value: is required for apply patch")
            write = _write(target, user, request, options)
            return await self._writes.patch(write, content, await _body(request))
        write = _write(target, user, request, {})
        if target.verb == "create":
            return await self._writes.create(write, await _body(request))
        return await self._writes.update(write, await _body(request))

    def _found(self, target: Target, query: Mapping[str, str]) -> Stored:
        check_version(self._store, query)
        found = self._store.get(target.kind, *_place(target))
        if found is None:
            raise not_found(target.kind, target.name)
        return found

    async def _delete(self, target: Target, user: str, request: web.BaseRequest) -> web.Response:
        options = await _body(request) if request.can_read_body else {}
        write = _write(target, user, request, {})
        done, gone = await self._writes.delete(write, options.get("preconditions") or {})
        return _json(done, 200 if gone else 202)

    async def _delete_all(self, target: Target, user: str, request: web.BaseRequest) -> web.Response:
        found = self._store.all(target.kind, _namespace(target), selected(target.kind, request.query))
        for one in found:
            namespace, name = key_of(one.object)
            each = Target("delete", target.kind, namespace, name)
            await self._writes.delete(_write(each, user, request, {}), {})
        metadata: Json = {"resourceVersion": str(self._store.version)}
        return _packed(look_for("").list(target.kind, metadata, found), request)

    async def _check_asking(self, attempt: Attempt) -> None:
        """Let a review happen; about themselves everybody may ask."""
        await self._faults.befall(attempt)
        if attempt.resource.startswith("self"):
            return
        if not self._faults.allows(attempt) or not self.allows(attempt):
            raise Refusal(403, "Forbidden", f"{attempt.resource}.{attempt.group} is forbidden: {attempt}")

    async def _review(self, kind: str, user: str, body: Json) -> Json:
        spec = body.get("spec") or {}
        if kind == "SelfSubjectReview":
            return {**body, "status": {"userInfo": info_of(user)}}
        if kind == "TokenReview":
            found = self._tokens.get(spec.get("token", ""))
            return {**body, "status": {"authenticated": bool(found), "user": info_of(found) if found else {}}}
        wanted = spec.get("resourceAttributes") or spec.get("nonResourceAttributes") or {}
        plural = "/".join(filter(None, (wanted.get("resource", ""), wanted.get("subresource", ""))))
        attempt = Attempt(
            spec.get("user", user),
            wanted.get("verb", ""),
            wanted.get("group", ""),
            plural,
            wanted.get("namespace", ""),
            wanted.get("name", ""),
            wanted.get("path", ""),
        )
        return {**body, "status": {"allowed": self._faults.allows(attempt) and self.allows(attempt)}}


def _asking(user: str, kind: str) -> Attempt:
    group = "authorization" if "Access" in kind else "authentication"
    return Attempt(user, "create", f"{group}.k8s.io", f"{kind.lower()}s")


def _attempt(user: str, target: Target) -> Attempt:
    return attempt_of(user, target.verb, target.kind, target.sub, (target.namespace, target.name))


def _namespace(target: Target) -> str:
    return target.namespace if target.kind.namespaced else ""


def _place(target: Target) -> tuple[str, str]:
    return _namespace(target), target.name


def _write(target: Target, user: str, request: web.BaseRequest, options: Json) -> Write:
    query = request.query
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return Write(
        kind=target.kind,
        place=_place(target),
        sub=target.sub,
        user=user,
        manager=query.get("fieldManager") or agent,
        dry=query.get("dryRun") == "All",
        strict=query.get("fieldValidation") == "Strict",
        options=options,
    )


async def _body(request: web.BaseRequest) -> Any:
    data = await request.read()
    try:
        if "yaml" in request.content_type:
            return yaml.load(data, Loader=yaml.CSafeLoader)
        if request.content_type.endswith("json") or not data:
            return msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding the body: {error}") from None
    says = f"the body of the request was in an unknown format: {request.content_type}"
    raise Refusal(415, "UnsupportedMediaType", says)


def _page(found: Any) -> web.Response:
    if isinstance(found, str):
        return web.Response(text=found)
    return _json(found)


def _json(found: Any, status: int = 200, headers: Mapping[str, str] = {}) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(found), status=status, content_type="application/json", headers=headers
    )


def _packed(body: bytes, request: web.BaseRequest, status: int = 200) -> web.Response:
    headers = {}
    if len(body) > COMPRESSED and "gzip" in request.headers.get("Accept-Encoding", ""):
        body, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def _quoted(text: str) -> str:
    kept = "".join(one if one.isprintable() else " " for one in text)
    return kept.replace("\\", "\\\\").replace('"', '\\"')
