"""The admin port over real TCP: who gets an answer, and what everybody else may do to it."""

import asyncio
import logging
import re
import ssl
from collections import Counter
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, CookieJar
from tests.fakes.apiserver import FakeApiServer, Which
from tests.unit.web.reached import ALICES, BOBS, KNOWN, TOKEN, Reached, reached

from painless.demo.ports import LOOPBACK
from painless.kube import reviews
from painless.web import tries
from painless.web.admin import SOCKET
from painless.web.door import CONNECTIONS
from painless.web.tokens import TokenFile

OTHER = "another-token-of-the-file"
READS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: admin-page}
rules:
- {nonResourceURLs: ["/v1/status"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reviewer}
rules:
- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
- {apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: admin-page}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin-page}
subjects: [{kind: User, name: alice}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reviewer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reviewer}
subjects: [{kind: ServiceAccount, name: painless, namespace: painless}]
"""


async def cluster() -> FakeApiServer:
    api = FakeApiServer(tokens=KNOWN, with_rbac=True)
    await api.apply(READS)
    return api


def reviewed(api: FakeApiServer) -> Counter[str]:
    return Counter(one.resource for one in api.requests)


# On loopback.


@pytest.mark.parametrize("host", ["localhost:8080", "LOCALHOST", "127.0.0.1:10253", "127.8.9.1", "[::1]:1"])
async def test_on_loopback_whoever_sits_there_is_answered(tmp_path: Path, host: str) -> None:
    """As with kubectl port-forward, which leaves the request as the browser made it."""
    async with reached(tmp_path, loopback=True) as port:
        status, says = await port.ask(Host=host)
        assert (200, True) == (status, '"ready":true' in says)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "10.0.0.1"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Host": "evil.example@localhost"},
        {"X_Forwarded_For": "192.0.2.1"},
        {"X_Real_IP": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
)
async def test_other_pages_and_proxies_are_not_answered(tmp_path: Path, headers: dict[str, str]) -> None:
    """A name of a stranger's that leads here, another page in a browser, an Ingress that leads here."""
    async with reached(tmp_path, loopback=True) as port:
        status, says = await port.ask(**headers)
        assert (403, False) == (status, "ready" in says)


async def test_a_link_from_elsewhere_leads_here(tmp_path: Path) -> None:
    """From a chat or an alert, but no form that somebody else's page sends."""
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    async with reached(tmp_path, loopback=True) as port:
        found = [(await port.ask("/v1/status", method, **link))[0] for method in ("GET", "POST")]
    assert [200, 403] == found


async def test_every_answer_is_for_its_asker_alone(tmp_path: Path) -> None:
    """Refusals too: nothing is embedded, guessed at, kept, or read by other pages."""
    (tmp_path / "other").mkdir()
    async with (
        reached(tmp_path / "other", tokens=TOKEN) as refusing,
        reached(tmp_path, loopback=True) as port,
        port.client() as client,
    ):
        answers = [
            await client.get("/v1/status"),
            await client.get("/nothing"),
            await client.options("/v1/status", headers={"Origin": "https://evil.example"}),
            await client.get(f"{refusing.url}/v1/status"),
        ]
        for one in answers:
            assert ("nosniff", "painless") == (one.headers["X-Content-Type-Options"], one.headers["Server"])
            assert "no-store" == one.headers["Cache-Control"]
            assert "frame-ancestors 'none'" in one.headers["Content-Security-Policy"]
            assert not [name for name in one.headers if name.startswith("Access-Control")]
        assert [200, 404, 405, 401] == [one.status for one in answers]


# Tokens of a file.


async def test_a_file_of_tokens_opens_it(tmp_path: Path) -> None:
    """Where others reach it, and on loopback too, since the operator wants one; whatever host is said."""
    for loopback in (True, False):
        async with reached(tmp_path, tokens=f"{TOKEN}\n\n{OTHER}\n", loopback=loopback) as port:
            asked = [
                await port.ask(token=TOKEN),
                await port.ask(token=OTHER, Host="evil.example"),
                await port.ask(token=TOKEN[:-1]),
                await port.ask(),
                await port.ask(Host="localhost"),
                await port.ask(Authorization="Basic YTpi"),
            ]
            assert [200, 200, 401, 401, 401, 401] == [status for status, _ in asked]


async def test_a_token_that_was_taken_back_ends(tmp_path: Path) -> None:
    """At once, and nothing else opens it while the file is no good; then its new one does."""
    async with reached(tmp_path, tokens=TOKEN) as port:
        file = tmp_path / "tokens"
        seen = [await port.ask(token=TOKEN)]
        for text in (OTHER, "", "short", f"two words {TOKEN}", "x" * 5000, None, TOKEN):
            if text is None:
                file.unlink()
            else:
                (tmp_path / "new").write_text(text)
                (tmp_path / "new").rename(file)
            seen.append(await port.ask(token=TOKEN))
    assert [200, 401, 401, 401, 401, 401, 401, 200] == [status for status, _ in seen]


def test_what_becomes_of_the_file_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    path = tmp_path / "tokens"
    file = TokenFile(path, told.append)
    assert [False, False] == [file.has(""), file.has(TOKEN)]
    path.write_text("too-short\n")
    assert [False, False] == [file.has("too-short"), file.has("")]
    path.write_text(TOKEN)
    assert [True, False] == [file.has(TOKEN), file.has("")]
    says = "found 9 bytes in line 1, expected 16 to 4096 characters of ASCII without spaces"
    unread = "cannot be read: No such file or directory"
    assert [f"the tokens of {path}: {unread}", f"the tokens of {path}: {says}", ""] == told


async def test_ten_thousand_wrong_tokens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Are refused within bounds and told once, at however many a time; who was right before goes on."""
    async with reached(tmp_path, tokens=TOKEN) as port:
        assert 200 == (await port.ask(token=TOKEN))[0]
        counts: Counter[int] = Counter()

        async def guess(first: int) -> None:
            async with port.client() as client:
                for number in range(first, 10_000, 40):
                    headers = {"Authorization": f"Bearer {number:020}"}
                    async with client.get("/v1/status", headers=headers) as response:
                        counts[response.status] += 1

        async with asyncio.TaskGroup() as group:
            for first in range(40):
                group.create_task(guess(first))
        assert Counter({429: 10_000 - tries.EACH.burst, 401: tries.EACH.burst}) == counts
        assert 200 == (await port.ask(token=TOKEN))[0]
        assert 1 == [one.getMessage() for one in caplog.records].count("admin_tokens_guessed")
        await port.clock.pass_(tries.EACH.every)
        assert [401, 429] == [(await port.ask(token="wrong-" + TOKEN))[0] for _ in range(2)]


def test_many_addresses_are_bounded_together() -> None:
    """What all of them may, and what is remembered of them; one IPv6 network is one of them."""
    now = [0.0]
    some = tries.Tries(lambda: now[0])
    let = sum(not some.take(f"10.{one >> 16}.{one >> 8 & 255}.{one & 255}") for one in range(100_000))
    assert (tries.ALL.burst, tries.ADDRESSES) == (let, len(some))
    now[0] += 3600
    assert tries.EACH.burst == sum(not some.take(f"2001:db8::{one:x}") for one in range(50))


# The cluster.


async def test_the_cluster_says_who_may_what(tmp_path: Path) -> None:
    """A refusal names the rule that is missing; what was said is remembered, for a while and no longer."""
    async with await cluster() as api, reached(tmp_path, api) as port:
        for _ in range(5):
            assert 200 == (await port.ask(token=ALICES))[0]
            assert 401 == (await port.ask(token="nobody's"))[0]
        status, says = await port.ask(token=BOBS)
        rule = 'nonResourceURLs: [\\"/v1/status\\"], verbs: [get]'
        assert (403, True) == (status, says.startswith('{"says":"bob may not') and rule in says)
        assert 403 == (await port.ask("/v1/plan", "POST", token=ALICES))[0]
        assert {"tokenreviews": 3, "subjectaccessreviews": 3} == reviewed(api)
        api.faults.expire(ALICES)
        assert 200 == (await port.ask(token=ALICES))[0]
        await port.clock.pass_(reviews.YES)
        assert 401 == (await port.ask(token=ALICES))[0]


async def test_a_right_that_was_just_given_counts_soon(tmp_path: Path) -> None:
    async with await cluster() as api, reached(tmp_path, api) as port:
        assert 403 == (await port.ask(token=BOBS))[0]
        api.allows = lambda _: True
        await port.clock.pass_(reviews.NO)
        assert 200 == (await port.ask(token=BOBS))[0]


async def test_without_an_api_server_nobody_gets_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """But who shows a token of the file; it is said once, and a failure costs nobody a try."""
    caplog.set_level(logging.INFO, "painless")
    async with await cluster() as api, reached(tmp_path, api, tokens=TOKEN) as port:
        await api.stop()
        says = ""
        for _ in range(tries.EACH.burst + 5):
            status, says = await port.ask(token=ALICES)
            assert (503, True) == (status, "the API server cannot be asked who you are" in says)
        assert (200, False) == ((await port.ask(token=TOKEN))[0], str(api.port) in says)
        await api.start()
        await port.clock.pass_(reviews.AWAY)
        assert 200 == (await port.ask(token=ALICES))[0]
    events = [one.getMessage() for one in caplog.records if one.name == "painless"]
    assert ["admin_reviews_unavailable", "admin_reviews_available"] == events[-2:]
    assert 1 == events.count("admin_reviews_unavailable")


@pytest.mark.parametrize("resource", ["tokenreviews", "subjectaccessreviews"])
async def test_without_the_right_to_ask_nobody_gets_in(
    tmp_path: Path, resource: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the rule that we need."""
    async with await cluster() as api, reached(tmp_path, api) as port:
        api.faults.forbid(Which(resource=resource))
        assert 503 == (await port.ask(token=ALICES))[0]
    said = " ".join(str(getattr(one, "fields", "")) for one in caplog.records)
    assert f'resources: ["{resource}"], verbs: ["create"]' in said


async def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async with await cluster() as api, reached(tmp_path, api) as port:
        api.faults.stall(new=True)
        async with asyncio.timeout(10 * reviews.ANSWER):
            assert 503 == (await port.ask(token=ALICES))[0]


async def test_an_unknown_user_with_every_right_is_unknown(tmp_path: Path) -> None:
    """Whatever else the answer holds."""
    async with await cluster() as api, reached(tmp_path, api) as port:
        api.allows = lambda _: True
        assert [401, 401] == [(await port.ask(token=one))[0] for one in ("none", "x" * 5000)]
        assert {"tokenreviews": 1} == reviewed(api)


# Browsers.


async def test_a_browser_signs_in_once(tmp_path: Path) -> None:
    """The form leads back to where it began, and its cookie is for this port's own pages."""
    odd = 'odd";,\\-token=of+the/file'
    async with reached(tmp_path, tokens=odd) as port:
        jar = CookieJar(unsafe=True)  # That is, of an address.
        async with port.client(cookie_jar=jar, headers={"Accept": "text/html"}) as browser:
            shown = await browser.get("/v1/status?a=<b>")
            page = await shown.text()
            action = re.search(r'action="([^"]+)"', page)
            assert (401, True, False) == (shown.status, action is not None, "<b>" in page)
            assert action is not None
            wrong = await browser.post(action[1], data={"token": TOKEN}, allow_redirects=False)
            assert (401, 0) == (wrong.status, len(jar))
            right = await browser.post(action[1], data={"token": f" {odd} "}, allow_redirects=False)
            cookie = right.headers["Set-Cookie"]
            assert (303, "/v1/status?a=%3Cb%3E") == (right.status, right.headers["Location"])
            for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
                assert part in cookie
            assert 200 == (await browser.get("/v1/status")).status


@pytest.mark.parametrize(
    "after", ["//evil.example", "https://evil.example", "/\\evil.example", "/a b", "\r\n"]
)
async def test_the_way_back_leads_nowhere_else(tmp_path: Path, after: str) -> None:
    async with reached(tmp_path, tokens=TOKEN) as port, port.client() as client:
        response = await client.post(
            "/login", params={"after": after}, data={"token": TOKEN}, allow_redirects=False
        )
        assert (303, "/") == (response.status, response.headers["Location"])


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, {"token": TOKEN}, 403),
        ({}, {"token": "x" * 100_000}, 413),
        ({}, {}, 401),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "no such thing", 401),
    ],
)
async def test_no_other_way_signs_in(tmp_path: Path, headers, data, status) -> None:
    async with reached(tmp_path, tokens=TOKEN) as port, port.client() as client:
        response = await client.post("/login", data=data, headers=headers, allow_redirects=False)
        assert (status, None) == (response.status, response.headers.get("Set-Cookie"))


# Those who do not behave.


async def test_connections_that_say_nothing_take_no_place(tmp_path: Path) -> None:
    """More than there is room for, some of which say half a request."""
    async with reached(tmp_path, tokens=TOKEN) as port:
        idle = [await port.raw() for _ in range(CONNECTIONS + 10)]
        for _, writer in idle[::2]:
            writer.write(b"GET /v1/status HTTP/1.1\r\nHost: a\r\nX-")
        assert 200 == (await port.ask(token=TOKEN))[0]
        for _, writer in idle:
            writer.transport.abort()


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000_000 + b"\r\n\r\n", {400}),
        (b"GET /v1/status HTTP/1.1\r\nHost: a\r\n" + b"X: x\r\n" * 1_000_000 + b"\r\n", {400}),
        (b"GET /" + b"x" * 10_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
        (b"POST /v1/plan HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000, {401}),
        (b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000, {413}),
        (b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken", {408, 413}),
        (b"\x16\x03\x01\x02\x00\x01\x00", {400}),
    ],
    ids=["header", "headers", "line", "body", "form", "endless", "tls"],
)
async def test_what_is_too_much_is_not_kept(tmp_path: Path, head: bytes, statuses: set[int]) -> None:
    """It gets an answer or an end, and the next one is answered."""
    async with reached(tmp_path, tokens=TOKEN) as port:
        status = await answered(port, head)
        assert status is None or status in statuses
        assert 200 == (await port.ask(token=TOKEN))[0]


async def answered(port: Reached, sent: bytes) -> int | None:
    """Send bytes; return the status of the answer, ``None`` when the connection just ended."""
    reader, writer = await port.raw()
    try:
        async with asyncio.timeout(30):
            writer.write(sent)
            line = await reader.readline()
    except ConnectionError:
        return None
    finally:
        writer.transport.abort()
    return int(line.split()[1]) if line else None


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/status HTTP/1.1\r\nHost: \xff\xed\xa0\x80\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xed\xa0\x80\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: a\r\nCookie: painless-token=\xff\xed\xa0\x80\r\n",
        b"GET /v1/\xff%ff%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice's\r\n",
        b"GET //evil.example/\xff%ff HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n",
        b"GET /login?after=%ff%ed%a0%80\xff HTTP/1.1\r\nHost: a\r\n",
        b"POST /login?after=%ff HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX: \r\n\r\ntoken=%ff%ed%a0%80",
    ],
)
async def test_bytes_that_are_no_text_are_no_mistake_of_ours(
    tmp_path: Path, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody may send them: they are refused as other requests are, and no line of the log tells of it."""
    for loopback in (True, False):
        async with await cluster() as api, reached(tmp_path, api, loopback=loopback) as port:
            api.allows = lambda _: True
            status = await answered(port, head + b"\r\n")
            assert status in {None, 200, 400, 401, 403, 404}
    assert [] == [one.getMessage() for one in caplog.records if one.getMessage() == "request_failed"]


# TLS, and what is in the way.


async def test_over_tls(tmp_path: Path) -> None:
    """With its own certificate; the cookie then goes over TLS only."""
    authority = trustme.CA()
    pair = (tmp_path / "tls.crt", tmp_path / "tls.key")
    issued = authority.issue_cert(LOOPBACK)
    issued.cert_chain_pems[0].write_to_path(pair[0])
    issued.private_key_pem.write_to_path(pair[1])
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with reached(tmp_path, tokens=TOKEN, pair=pair) as port, ClientSession(port.url) as client:
        response = await client.post("/login", data={"token": TOKEN}, ssl=trusting, allow_redirects=False)
        assert (303, True) == (response.status, "Secure" in response.headers["Set-Cookie"])


@pytest.mark.parametrize("broken", ["port", "pair"])
async def test_a_controller_serves_on_without_the_port(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "other").mkdir()
    async with reached(tmp_path, loopback=True) as one:
        pair = (tmp_path / "tls.crt", tmp_path / "tls.key")
        more = {"port": one.settings.port} if broken == "port" else {"pair": pair}
        async with reached(tmp_path / "other", loopback=True, **more):
            assert (tmp_path / "other" / SOCKET).exists()
        assert 200 == (await one.ask())[0]
    assert "admin_unavailable" in [event.getMessage() for event in caplog.records]
