"""The webhook over real HTTPS: what the API server gets, and what everybody else may do to it."""

import asyncio
import json
import logging
import ssl
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.builders import CLASS, ingress, path, rule, service
from tests.unit.web.hooked import Hook, admission, hooked, manifest, raw, review

from painless.compiler.admission import Verdict, Version
from painless.controller.ports import WorldError
from painless.web.door import CONNECTIONS
from painless.web.keypair import KeyPair
from painless.web.webhook import PATH, Bounds

MORE = 16  # Connections beyond what there is room for.
HERE = (CLASS, service("web"), ingress("old", rule("web.example", path("/", "web")), created=1.0))
TAKES_IT = review(manifest("new", "/"))
PREFIX = "nginx.ingress.kubernetes.io"


async def test_a_conflict_is_refused_by_name(tmp_path: Path) -> None:
    """In the shape that kubectl prints, for the request that was sent."""
    async with hooked(tmp_path, admission(*HERE)) as hook:
        response = await hook.verdict(TAKES_IT)
    says = (
        'spec.rules[0].http.paths[0]: "/" is already served for Ingress shop/old '
        "(spec.rules[0].http.paths[0]) [PathConflict]"
    )
    status = {"code": 400, "reason": "BadRequest", "message": says}
    assert {"uid": TAKES_IT["request"]["uid"], "allowed": False, "status": status} == response
    assert ["Ingress shop/new"] == [one.about for one in hook.heard.reviews]


async def test_what_is_fine_is_allowed_with_warnings(tmp_path: Path) -> None:
    """The warnings are those of the compiler."""
    new = manifest("new", "/new", annotations={f"{PREFIX}/enable-modsecurity": "true"})
    async with hooked(tmp_path, admission(*HERE)) as hook:
        response = await hook.verdict(review(new))
    assert response["allowed"]
    assert ["UnsupportedAnnotation" in one for one in response["warnings"]] == [True]


@pytest.mark.parametrize(
    "asked",
    [
        review(None, "DELETE", manifest("new", "/")),
        review(manifest("new", "/"), subResource="status"),
        review(
            manifest("new", "/", deletionTimestamp="2026-01-02T00:00:00Z"), "UPDATE", manifest("new", "/x")
        ),
        review(manifest("new", "/", labels={"a": "b"}), "UPDATE", manifest("new", "/")),
    ],
    ids=["delete", "status", "finalizer", "label"],
)
async def test_what_takes_nothing_more_always_passes(tmp_path: Path, asked) -> None:
    """Whatever is wrong with the Ingress: nobody may be kept from cleaning up."""
    async with hooked(tmp_path, admission(*HERE)) as hook:
        assert (await hook.verdict(asked))["allowed"]


async def test_parts_that_cannot_be_decoded_are_refused(tmp_path: Path) -> None:
    """The API server refuses most of them first."""
    new = manifest("new", "/new", "nothing")
    async with hooked(tmp_path, admission(*HERE)) as hook:
        response = await hook.verdict(review(new))
    assert "begin with a slash" in response["status"]["message"]


async def test_namespaces_that_are_not_watched_are_none_of_our_business(tmp_path: Path) -> None:
    """Somebody else serves them, and we know nothing of what is there."""
    judge = admission(*HERE)
    judge.counts = lambda ref: ref.namespace != "shop"
    async with hooked(tmp_path, judge) as hook:
        assert (await hook.verdict(TAKES_IT))["allowed"]


async def test_other_kinds_are_allowed_and_told(tmp_path: Path) -> None:
    """A webhook that is called for too much must not stop a cluster."""
    asked = review({"kind": "Pod"}, kind={"group": "", "version": "v1", "kind": "Pod"})
    async with hooked(tmp_path, admission(*HERE)) as hook:
        response = await hook.verdict(asked)
    assert (True, 1) == (response["allowed"], len(response["warnings"]))


_DEEP = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":' + b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "at", "status"),
    [
        (b"{}", PATH, 400),
        (b"", PATH, 400),
        (b"\xff\xfe", PATH, 400),
        (_DEEP, PATH, 400),
        (json.dumps({**TAKES_IT, "apiVersion": "admission.k8s.io/v1beta1"}).encode(), PATH, 400),
        (json.dumps({**TAKES_IT, "request": {"uid": 1}}).encode(), PATH, 400),
        (json.dumps(review([])).encode(), PATH, 400),  # type: ignore[arg-type]
        (b"{}", "/", 404),
        (b" " * (3 * 2**20 + 1), PATH, 413),
    ],
    ids=["empty", "nothing", "no-text", "deep", "beta", "no-uid", "list", "path", "large"],
)
async def test_nonsense_gets_a_status(tmp_path: Path, body: bytes, at: str, status: int) -> None:
    """One sentence, and no verdict: the failurePolicy decides."""
    async with hooked(tmp_path, admission(*HERE)) as hook:
        found, answer = await hook.ask(body, at)
        assert (status, "Status", 1) == (found, answer["kind"], len(hook.heard.unanswered_for))
        assert not (await hook.verdict(TAKES_IT))["allowed"]


async def test_a_body_without_a_length_is_bounded(tmp_path: Path) -> None:
    """What says nothing of its length is counted as it comes."""

    async def endless():
        while True:
            yield b" " * 2**16

    async with (
        hooked(tmp_path, admission(*HERE)) as hook,
        hook.client() as client,
        client.post(PATH, data=endless()) as response,
    ):
        assert 413 == response.status


class _Kept(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """Yield what the server logs by itself."""
    kept, logger = _Kept(), logging.getLogger("painless.webhook")
    logger.addHandler(kept)
    yield kept.records
    logger.removeHandler(kept)


class Slow:
    """A judge that takes until it is told."""

    ready = True

    def __init__(self) -> None:
        self.decided = asyncio.Event()
        self.asked = 0

    async def review(self, before: Version | None, after: Version, threads: Executor) -> Verdict:
        self.asked += 1
        await self.decided.wait()
        return Verdict()


_NO_HTTP = (
    b"\0\1nonsense\r\n\r\n",
    b"POST /%s HTTP/1.1\r\n\r\n" % (b"x" * 20_000),
    f"POST {PATH} HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".encode(),
    f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode(),
)


async def test_strangers_write_no_log(tmp_path: Path, logged: list[logging.LogRecord]) -> None:
    """What is no HTTP, or goes away in the middle, is nobody's concern; our own mistakes are."""
    async with hooked(tmp_path, admission(*HERE)) as hook:
        for one in _NO_HTTP:
            async with raw(hook) as (reader, writer):
                writer.write(one)
                assert b"400" in await reader.readline()
        async with raw(hook) as (_, writer):
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx".encode())
            await writer.drain()
        assert not (await hook.verdict(TAKES_IT))["allowed"]
    assert [] == logged


class Mistaken(Slow):
    """A judge with a mistake of ours."""

    async def review(self, before: Version | None, after: Version, threads: Executor) -> Verdict:
        raise RuntimeError("we forgot something")


async def test_our_mistakes_are_logged(tmp_path: Path, logged: list[logging.LogRecord]) -> None:
    """As an event with its traceback, and the failurePolicy decides."""
    async with (
        hooked(tmp_path, Mistaken()) as hook,
        hook.client() as client,
        client.post(PATH, data=json.dumps(TAKES_IT)) as response,
    ):
        assert 500 == response.status
    assert ["request_failed"] == [one.getMessage() for one in logged]
    assert "we forgot something" in logged[0].__dict__["fields"]["traceback"]


async def test_an_encoded_body_is_not_read(tmp_path: Path) -> None:
    """A few bytes could become gigabytes."""
    async with (
        hooked(tmp_path, admission(*HERE)) as hook,
        hook.client() as client,
        client.post(PATH, data=b"x", headers={"Content-Encoding": "gzip"}) as response,
    ):
        assert 415 == response.status


async def test_before_the_objects_are_known_there_is_no_verdict(tmp_path: Path) -> None:
    """Who is older cannot be said yet."""
    async with hooked(tmp_path, admission(listed=False)) as hook:
        assert 503 == (await hook.ask(TAKES_IT))[0]


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    """Those who wait behind it get their turn."""
    bounds = Bounds(at_once=1, read_within=0.2)
    async with hooked(tmp_path, admission(*HERE), bounds) as hook, raw(hook) as (reader, writer):
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
        await writer.drain()
        assert not (await hook.verdict(TAKES_IT))["allowed"]
        assert b"408" in await reader.readline()


async def test_more_than_can_wait_are_sent_away(tmp_path: Path) -> None:
    """Those who wait are answered, all others at once: their failurePolicy decides."""
    judge = Slow()
    bounds = Bounds(at_once=1, under_way=4, answer_within=50.0)
    async with hooked(tmp_path, judge, bounds) as hook, asyncio.TaskGroup() as group:
        waiting = [group.create_task(hook.ask(TAKES_IT)) for _ in range(10)]
        async with asyncio.timeout(20):
            while len(hook.heard.unanswered_for) < 6:
                await asyncio.sleep(0.01)
        assert 1 == judge.asked
        judge.decided.set()
        await asyncio.gather(*waiting)
    assert [200] * 4 + [503] * 6 == sorted(task.result()[0] for task in waiting)


async def test_a_verdict_that_takes_too_long_is_none(tmp_path: Path) -> None:
    """The API server would not wait for it."""
    async with hooked(tmp_path, Slow(), Bounds(answer_within=0.2)) as hook:
        assert 504 == (await hook.ask(TAKES_IT))[0]


async def test_connections_that_say_nothing_take_no_place(tmp_path: Path) -> None:
    """More than there is room for, and the API server is answered."""
    async with hooked(tmp_path, admission(*HERE)) as hook, AsyncExitStack() as stack:
        silent = [(await stack.enter_async_context(raw(hook)))[0] for _ in range(CONNECTIONS + MORE)]
        assert not (await hook.verdict(TAKES_IT))["allowed"]
        async with asyncio.timeout(20):
            while sum(one.at_eof() or one.exception() is not None for one in silent) < MORE:
                await asyncio.sleep(0.01)


async def test_a_certificate_is_renewed_under_load(tmp_path: Path) -> None:
    """No request is lost, whatever moment the two files are looked at; the next client sees the new one."""
    async with hooked(tmp_path, admission(*HERE)) as hook:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            clients = [group.create_task(_keep_asking(hook, stop)) for _ in range(4)]
            for _ in range(5):
                hook.settings.certificate.write_bytes(b"half of a certific")
                await hook.verdict(TAKES_IT)
                hook.issue()
                await hook.verdict(TAKES_IT)
            stop.set()
        assert all(task.result() > 0 for task in clients)
        assert await _shown(hook) in hook.settings.certificate.read_text()
        assert "" in hook.heard.certificates
        assert any("is not a PEM certificate" in one for one in hook.heard.certificates)


async def _keep_asking(hook: Hook, stop: asyncio.Event) -> int:
    """Ask on one connection and on new ones; return how many answers came."""
    answers = 0
    async with hook.client() as client:
        while not stop.is_set():
            async with client.post(PATH, data=json.dumps(TAKES_IT)) as response:
                assert 200 == response.status
                await response.read()
            await hook.verdict(TAKES_IT)
            answers += 2
    return answers


async def _shown(hook: Hook) -> str:
    async with raw(hook) as (_, writer):
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(found).strip()


@pytest.mark.parametrize(
    ("certificate", "key", "says"),
    [
        (None, "good", "tls.crt cannot be read: No such file or directory"),
        ("good", None, "tls.key cannot be read: No such file or directory"),
        ("nonsense", "good", "tls.crt that is not a PEM certificate"),
        ("good", "nonsense", "tls.key that is not an unencrypted PEM key"),
        ("good", "other", "tls.key that does not belong to the certificate"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, certificate: str | None, key: str | None, says: str
) -> None:
    """One sentence, before anything is served."""
    hook = Hook(tmp_path)
    files = {"crt": hook.settings.certificate, "key": hook.settings.key}
    other = hook.authority.issue_cert("other.example")
    for name, content in (("crt", certificate), ("key", key)):
        if content is None:
            files[name].unlink()
        elif content == "nonsense":
            files[name].write_text("nonsense")
        elif content == "other":
            other.private_key_pem.write_to_path(files[name])
    with pytest.raises(WorldError, match=says):
        KeyPair(files["crt"], files["key"], print, "the webhook's")


def test_what_is_wrong_with_the_files_is_told_once(tmp_path: Path) -> None:
    """However many clients come meanwhile: anybody may connect."""
    hook, told = Hook(tmp_path), list[str]()
    pair = KeyPair(hook.settings.certificate, hook.settings.key, told.append, "the webhook's")
    hook.settings.key.unlink()
    contexts = {pair.context() for _ in range(5)}
    hook.issue()
    pair.context()
    says = f"the webhook's certificate: {hook.settings.key} cannot be read: No such file or directory"
    assert (1, [says, ""]) == (len(contexts), told)
