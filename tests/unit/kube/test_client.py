"""The client over real sockets: what is sent, what comes back, and each way to fail."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
import trustme
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.kube.server import Handler, serving

from painless.kube.access import Access, Trust
from painless.kube.client import Client, lines
from painless.kube.credentials import Credential, Fixed, TokenFile
from painless.kube.errors import (
    ApiError,
    BadAccess,
    Conflict,
    Forbidden,
    Gone,
    KubeError,
    NotFound,
    Throttled,
    Unauthorized,
    Unreachable,
)
from painless.kube.requests import request_of
from painless.sensitive import Sensitive

INGRESSES = "/apis/networking.k8s.io/v1/ingresses"


@asynccontextmanager
async def client_of(handler: Handler, **access) -> AsyncIterator[Client]:
    async with serving(handler) as url:
        client = Client(Access(url, **access))
        try:
            yield client
        finally:
            await client.close()


def saying(status: int, message: str = "no", **headers: str) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        body = {"kind": "Status", "message": message, "code": status}
        return web.json_response(body, status=status, headers=headers)

    return handle


async def failure_of(handler: Handler, path: str = INGRESSES) -> ApiError:
    async with client_of(handler) as client:
        with pytest.raises(ApiError) as caught:
            await client.call("GET", path)
        return caught.value


async def test_a_request_carries_method_query_body_and_type():
    """What the caller says is what arrives."""

    async def echo(request: web.Request) -> web.Response:
        seen = [request.method, request.path_qs, request.content_type, await request.text()]
        return web.json_response([*seen, request.headers["Authorization"]])

    token = Fixed(Credential(Sensitive(b"secret")))
    async with client_of(echo, credentials=token) as client:
        kind = "application/merge-patch+json"
        found = await client.call("PATCH", "/api/v1/x", query={"a": "b/c"}, body=b"{}", content_type=kind)
    assert found == b'["PATCH", "/api/v1/x?a=b/c", "' + kind.encode() + b'", "{}", "Bearer secret"]'


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFound), (409, Conflict), (410, Gone), (401, Unauthorized), (500, ApiError), (302, ApiError)],
)
async def test_a_status_becomes_its_exception(status: int, kind: type[ApiError]):
    """Callers tell failures apart by type; the server's words are in the sentence."""
    found = await failure_of(saying(status, "because"))
    assert (type(found), found.status, "because" in str(found)) == (kind, status, True)


@pytest.mark.parametrize(("status", "header", "seconds"), [(429, "7", 7.0), (429, "", 0.0), (503, "2", 2.0)])
async def test_a_busy_server_says_when_to_come_again(status: int, header: str, seconds: float):
    """Retry-After is handed on."""
    found = await failure_of(saying(status, **({"Retry-After": header} if header else {})))
    assert isinstance(found, Throttled)
    assert found.retry_after == seconds


async def test_a_refusal_names_the_missing_rule():
    """An operator reads which lines to add, and where."""
    found = await failure_of(saying(403, "User x cannot"), "/api/v1/namespaces/shop/secrets")
    assert isinstance(found, Forbidden)
    assert str(found) == (
        "the API server refused to list secrets in namespace shop with 403: User x cannot; it needs a Role "
        'in namespace shop with apiGroups: [""], resources: ["secrets"], verbs: ["list"]'
    )


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", INGRESSES, ("list", "networking.k8s.io", "ingresses", "", "")),
        ("GET", "/api/v1/namespaces", ("list", "", "namespaces", "", "")),
        ("GET", "/api/v1/namespaces/a", ("get", "", "namespaces", "", "a")),
        ("GET", "/api/v1/namespaces/a/services/b", ("get", "", "services", "a", "b")),
        (
            "PATCH",
            "/apis/networking.k8s.io/v1/namespaces/a/ingresses/b/status",
            ("patch", "networking.k8s.io", "ingresses/status", "a", "b"),
        ),
        ("POST", "/api/v1/namespaces/a/events", ("create", "", "events", "a", "")),
        ("GET", "/version", ("list", "", "", "", "")),
    ],
)
def test_a_path_is_read_as_rbac_reads_it(method: str, path: str, expected: tuple[str, ...]):
    """Verb, group, resource, namespace and name."""
    found = request_of(method, path, {})
    assert (found.verb, found.group, found.resource, found.namespace, found.name) == expected


async def test_a_watch_is_another_verb_than_a_list():
    """RBAC tells them apart."""
    assert request_of("GET", INGRESSES, {"watch": "1"}).verb == "watch"


async def test_after_a_401_the_token_is_read_again_once(tmp_path):
    """A token that was replaced within the time its file is not looked at costs nobody a request."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.Response(text="fine") if asked[-1] == "Bearer new" else web.Response(status=401)

    path = tmp_path / "token"
    path.write_text("old\n")
    async with client_of(handle, credentials=TokenFile(path, lambda: 0.0)) as client:
        with pytest.raises(Unauthorized):
            await client.call("GET", "/a")
        path.write_text("new\n")
        found = await client.call("GET", "/a")
    assert (found, asked) == (b"fine", ["Bearer old", "Bearer old", "Bearer old", "Bearer new"])


async def test_a_token_is_read_again_in_time_and_the_last_one_stays(tmp_path):
    """The kubelet replaces the file; while it cannot be read, what was read counts."""
    now = [0.0]
    path = tmp_path / "token"
    path.write_text("one")
    source = TokenFile(path, lambda: now[0])
    seen = []
    for moment, text in ((0, "one"), (9, "two"), (11, "two"), (22, "")):
        now[0] = moment
        if text:
            path.write_text(text)
        else:
            path.unlink()
        seen.append((await source.current()).token.reveal())
    assert seen == [b"one", b"one", b"two", b"two"]


@pytest.mark.parametrize("text", ["", "two\nlines", "sp ace", "\x00"])
async def test_what_is_no_token_is_told_without_showing_it(tmp_path, text: str):
    """A wrong file must not end up in a header or in a log."""
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(BadAccess) as caught:
        await TokenFile(path, lambda: 0.0).current()
    assert str(caught.value).startswith(f"the token {path} is ")


async def test_nobody_listening_is_one_sentence():
    """Without a server there is no traceback."""

    async def never(_: web.Request) -> web.Response:
        raise AssertionError

    async with serving(never) as url:
        pass
    client = Client(Access(url))
    with pytest.raises(Unreachable) as caught:
        await client.call("GET", "/")
    await client.close()
    assert str(caught.value) == f"the API server {url} does not answer: Connection refused"


async def test_a_server_that_says_nothing_is_unreachable():
    """Every request ends."""
    release = asyncio.Event()

    async def handle(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with client_of(handle) as client:
        with pytest.raises(Unreachable):
            await client.call("GET", "/", within=0.05)
        release.set()


async def test_a_stream_yields_lines_until_the_server_ends_it():
    """Events come whole, longer than any buffer too."""
    long = b"x" * 3_000_000

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for part in (b"one\nt", b"wo\n", long, b"\n\nlast\npart"):
            await answer.write(part)
        return answer

    async with client_of(handle) as client, aclosing(client.stream("/", {})) as stream:
        found = [line async for line in stream]
    assert found == [b"one", b"two", long, b"last"]


async def test_a_silent_stream_ends_as_unreachable():
    """A connection that is open at our end only is found out."""
    release = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"one\n")
        await release.wait()
        return answer

    async with client_of(handle) as client, aclosing(client.stream("/", {}, idle=0.1)) as stream:
        found = await anext(stream)
        with pytest.raises(Unreachable):
            await anext(stream)
        release.set()
    assert found == b"one"


@given(st.lists(st.binary(max_size=20).map(lambda one: one.replace(b"\n", b"-"))), st.data())
def test_lines_do_not_depend_on_how_a_stream_is_cut(wanted: list[bytes], data: st.DataObject):
    """Packets end anywhere."""
    whole = b"".join(one + b"\n" for one in wanted)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)))))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    async def chunks() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def found() -> list[bytes]:
        return [line async for line in lines(chunks())]

    assert asyncio.run(found()) == [one for one in wanted if one]


async def test_tls_checks_the_server_and_shows_a_client_certificate():
    """The authority, the name and our own certificate are those of the kubeconfig."""
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.internal").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = authority.issue_cert("painless")
    credential = Credential(
        certificate=b"".join(one.bytes() for one in ours.cert_chain_pems),
        key=Sensitive(ours.private_key_pem.bytes()),
    )

    async def handle(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.json_response(bool(request.transport.get_extra_info("peercert")))

    async def asked(url: str, trust: Trust) -> bytes | str:
        client = Client(Access(url, trust, Fixed(credential)))
        try:
            return await client.call("GET", "/")
        except KubeError as problem:
            return str(problem).split(": ", 1)[1].split(":")[0]
        finally:
            await client.close()

    ca = authority.cert_pem.bytes()
    async with serving(handle, context) as url:
        found = [
            await asked(url, Trust(ca, name="api.internal")),
            await asked(url, Trust(ca)),
            await asked(url, Trust(stranger.cert_pem.bytes(), name="api.internal")),
            await asked(url, Trust(insecure=True)),
        ]
    distrusted = "its certificate is not trusted"
    assert found == [b"true", distrusted, distrusted, b"true"]
