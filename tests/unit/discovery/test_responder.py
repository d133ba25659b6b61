"""The responder as a process: found again, restarted, told again, and unimpressed by anything it is sent."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import dns.asyncquery
import dns.asyncresolver
import dns.message
import dns.resolver
import pytest

from painless.discovery import control, wire
from painless.discovery.answers import NO_ENDPOINTS, Answer, Peer, dns_name
from painless.discovery.client import RefusedError, Responder, ResponderError
from painless.discovery.link import is_alive, spawn
from painless.discovery.server import HELD

ONE = Answer("a.b.80", (Peer("10.0.0.1", 80),))
OTHER = Answer("c.d.80", (Peer("10.0.0.2", 80),))


@pytest.fixture
async def responder(state_dir: Path) -> AsyncIterator[Responder]:
    """A running responder, ended afterwards."""
    found = await Responder.open(state_dir)
    yield found
    await found.stop()


async def resolved(responder: Responder, name: str, *, tcp: bool = False, at: int = 0) -> list[str]:
    """Return the addresses that dnspython gets, or what went wrong."""
    address, _, port = responder.resolver_addresses[at].partition(":")
    query = dns.message.make_query(name, "A")
    ask = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    reply = await ask(query, address, port=int(port), timeout=5)
    return [str(one) for found in reply.answer for one in found] or [dns.rcode.to_text(reply.rcode())]


async def until(holds: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(0.02)


def marked(state: Path) -> set[str]:
    return {one.name for one in (state / "down").iterdir()}


@pytest.mark.parametrize("tcp", [False, True])
async def test_all_addresses_answer(responder: Responder, *, tcp: bool):
    """Each of the sixteen addresses serves the same table, over UDP and TCP."""
    await responder.replace([ONE])
    got = [await resolved(responder, "A.b.80.painless.", tcp=tcp, at=at) for at in range(16)]
    assert got == [["10.0.0.1"]] * 16
    assert await resolved(responder, "kubernetes.default.svc.", tcp=tcp) == ["REFUSED"]


async def test_a_whole_round_is_answered(responder: Responder):
    """4,000 questions at once, from sockets that read nothing meanwhile: each is answered, none is lost."""
    names = [f"app-{number}.team.80" for number in range(2000)]
    await responder.replace([Answer(name, (Peer("10.0.0.1", 80),)) for name in names])
    keys = [wire.key(dns_name(name), kind) for name in names for kind in (wire.A, wire.AAAA)]
    addresses = [(one.partition(":")[0], int(one.partition(":")[2])) for one in responder.resolver_addresses]
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(20)]
        for one, address in zip(sockets, [*addresses, *addresses], strict=False):
            one.settimeout(0)
            one.connect(address)
        for at, key in enumerate(keys):
            sockets[at % len(sockets)].send(at.to_bytes(2, "big") + wire.PLAIN + key)
        assert not await responder.wait_answered(names)
        got = [packet for one in sockets for packet in arrived(one)]
    assert {packet[:2] for packet in got} == {at.to_bytes(2, "big") for at in range(len(keys))}
    assert (await responder.statistics()).answers == len(keys)


def arrived(one: socket.socket) -> Iterator[bytes]:
    """Yield the packets that lie in a socket."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield one.recv(wire.UDP_LIMIT)


async def test_nothing_is_said_before_it_was_told(responder: Responder):
    """An empty table that nobody filled does not tell NGINX that there are no endpoints."""
    address, _, port = responder.resolver_addresses[0].partition(":")
    query = dns.message.make_query("a.b.80.painless.", "A")
    with pytest.raises(dns.exception.Timeout):
        await dns.asyncquery.udp(query, address, port=int(port), timeout=0.2)
    await responder.replace([])
    assert await resolved(responder, "a.b.80.painless.") == [NO_ENDPOINTS]


async def test_markers_follow_the_answers(responder: Responder, state_dir: Path):
    """A marker exists while an upstream has no ready peers, and for nothing else."""
    (state_dir / "down" / "stale").touch()
    await responder.replace([ONE, Answer("c.d.80"), Answer("e.f.80", external="example.invalid")])
    assert marked(state_dir) == {"c.d.80"}
    await responder.put([Answer("a.b.80"), OTHER])
    assert marked(state_dir) == {"a.b.80"}
    await responder.remove(["a.b.80"])
    assert marked(state_dir) == set()


async def test_a_marker_belongs_to_the_latest_change(responder: Responder, state_dir: Path):
    """A change that ends while a later one is on its way does not take the later one's marker."""
    await responder.replace([ONE])
    async with asyncio.TaskGroup() as group:
        for change in ([ONE], [Answer("a.b.80")], [ONE], [Answer("a.b.80")]):
            group.create_task(responder.put(change))
    assert marked(state_dir) == {"a.b.80"}
    assert await resolved(responder, "a.b.80.painless.") == [NO_ENDPOINTS]


async def test_a_controller_that_comes_back_adopts_it(responder: Responder, state_dir: Path):
    """The process, its port and its table outlive the controller."""
    await responder.replace([ONE])
    await responder.close()
    again = await Responder.open(state_dir)
    assert (again.pid, again.resolver_addresses) == (responder.pid, responder.resolver_addresses)
    assert await resolved(again, "a.b.80.painless.") == ["10.0.0.1"]
    await again.close()


async def test_other_options_take_another_process(responder: Responder, state_dir: Path):
    """A responder that was started otherwise is replaced, at the same port and with the same table."""
    await responder.replace([ONE])
    again = await Responder.open(state_dir, nameservers=["192.0.2.1:53"])
    assert again.pid != responder.pid
    assert again.resolver_addresses == responder.resolver_addresses
    assert await resolved(again, "a.b.80.painless.") == ["10.0.0.1"]
    await again.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_dead_responder_is_restarted_and_told_again(
    responder: Responder, number: int, state_dir: Path
):
    """Even with its table lost, it serves at the same port what the controller knows."""
    await responder.replace([ONE])
    before = responder.pid, responder.resolver_addresses
    async with asyncio.TaskGroup() as group:
        supervision = group.create_task(responder.supervise())
        os.kill(before[0], number)
        (state_dir / "discovery" / "table").unlink()
        await until(lambda: responder.pid != before[0])
        assert (await responder.statistics()).upstreams == 1
        supervision.cancel()
    assert responder.resolver_addresses == before[1]
    assert await resolved(responder, "a.b.80.painless.") == ["10.0.0.1"]


def test_a_directory_that_is_gone_is_what_the_problem_names(tmp_path: Path) -> None:
    """Not the executable, which is where it should be."""
    with pytest.raises(FileNotFoundError, match=r"gone/log'$"):
        spawn(tmp_path / "gone", ())


async def test_a_table_survives_a_kill_without_a_controller(responder: Responder, state_dir: Path):
    """What was confirmed is served by the next process, before anybody tells it anything."""
    await responder.replace([ONE])
    await responder.put([OTHER])
    os.kill(responder.pid, signal.SIGKILL)
    again = await Responder.open(state_dir)
    assert await resolved(again, "c.d.80.painless.") == ["10.0.0.2"]
    await again.close()


async def test_a_hung_responder_is_replaced(responder: Responder, state_dir: Path):
    """One that is stopped answers nobody; a controller that starts does not wait for it."""
    await responder.replace([ONE])
    os.kill(responder.pid, signal.SIGSTOP)
    again = await Responder.open(state_dir)
    assert again.pid != responder.pid
    assert await resolved(again, "a.b.80.painless.") == ["10.0.0.1"]
    await again.close()


async def test_a_question_given_up_leaves_no_reply_behind(responder: Responder):
    """After a cancelled call the next one gets its own reply."""
    await responder.replace([ONE])
    os.kill(responder.pid, signal.SIGSTOP)
    async with asyncio.TaskGroup() as group:
        given_up = group.create_task(responder.statistics())
        await asyncio.sleep(0)
        given_up.cancel()
    os.kill(responder.pid, signal.SIGCONT)
    assert await responder.unanswered(["a.b.80"]) == {"a.b.80"}
    assert (await responder.statistics()).upstreams == 1


async def test_a_second_responder_says_who_holds_the_directory(responder: Responder, state_dir: Path):
    """Two would answer the same questions differently."""
    command = [sys.executable, "-m", "painless.discovery.server", f"--state={state_dir / 'discovery'}"]
    second = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20)
    assert second.returncode == HELD
    assert (
        f'"event":"responder_held","state":"{state_dir}/discovery","pid":"{responder.pid}"' in second.stderr
    )


@pytest.mark.usefixtures("responder")
async def test_only_its_owner_may_talk_to_it(state_dir: Path):
    """The socket and the directory are closed to others."""
    found = (state_dir / "discovery" / control.SOCKET).stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_IMODE((state_dir / "discovery").stat().st_mode) == 0o700


async def test_a_wrong_answer_is_refused_with_a_sentence(responder: Responder):
    """The table stays as it is."""
    await responder.replace([ONE])
    with pytest.raises(RefusedError, match=r"answer for c\.d\.80"):
        await responder.put([Answer("c.d.80", (Peer("10.0.0.256", 80),))])
    assert await resolved(responder, "a.b.80.painless.") == ["10.0.0.1"]


async def test_a_port_taken_by_another_is_said(state_dir: Path):
    """The running NGINX asks this port, so no other will do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.5", 0))
        (state_dir / "discovery").mkdir()
        (state_dir / "discovery" / "port").write_text(f"{taken.getsockname()[1]}\n")
        with pytest.raises(ResponderError, match=r"the port in .* cannot be had: .*in use"):
            await Responder.open(state_dir)


async def test_half_a_frame_and_nonsense_hurt_nobody(responder: Responder, state_dir: Path):
    """A controller may die in the middle of a word, or be of another release."""
    await responder.replace([ONE])
    whole = control.frame(control.Put((Answer("a.b.80"),)))
    for said in (whole[:-1], whole[:2], b"\0\0\0\x01\xc1", b"\xff\xff\xff\xff", b"\0\0\0\0"):
        reader, writer = await asyncio.open_unix_connection(state_dir / "discovery" / control.SOCKET)
        writer.write(said)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert await resolved(responder, "a.b.80.painless.") == ["10.0.0.1"]


async def test_hostile_packets_are_dropped_and_counted(responder: Responder):
    """Garbage of every size leaves it answering, and only questions get an answer."""
    await responder.replace([ONE])
    address, _, port = responder.resolver_addresses[0].partition(":")
    chance = random.Random(1)
    head = b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0"
    packets = [
        b"",
        head[:5],
        head,
        head + b"\xc0\x0c\0\1\0\1",
        head + b"\x3fx",
        bytes(60_000),
        b"\xff" * 65_000,
    ]
    packets += [chance.randbytes(chance.randrange(80)) for _ in range(100)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        for packet in packets:
            hostile.sendto(packet, (address, int(port)))
    with contextlib.closing(socket.create_connection((address, int(port)))) as hostile:
        hostile.sendall(b"\0\x05hello\xff")
    before = time.monotonic()
    while (await responder.statistics()).questions < len(packets) + 1:
        assert time.monotonic() - before < 5
    assert await resolved(responder, "a.b.80.painless.") == ["10.0.0.1"]
    assert (await responder.statistics()).dropped >= 7


async def test_answered_since(responder: Responder):
    """The controller can wait for a question that comes after a moment."""
    await responder.replace([ONE, OTHER])
    assert await responder.unanswered(["a.b.80", "c.d.80"]) == {"a.b.80", "c.d.80"}
    await resolved(responder, "a.b.80.painless.")
    assert await responder.wait_answered(["a.b.80", "c.d.80"], within=0.05) == {"c.d.80"}
    since = responder.now()
    assert await responder.unanswered(["a.b.80"], since) == {"a.b.80"}
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(responder.wait_answered(["a.b.80"], since))
        await resolved(responder, "a.b.80.painless.")
    assert waiting.result() == frozenset()


async def test_a_responder_whose_directory_is_gone_ends(responder: Responder, state_dir: Path):
    """Nobody could reach it any more, and another one could start beside it."""
    shutil.rmtree(state_dir / "discovery")
    await until(lambda: not is_alive(responder.pid), within=20)


async def test_it_stays_small(responder: Responder):
    """It lives beside NGINX in one memory limit: about 30 MB, of which Python's libraries are shared."""
    await responder.replace([ONE])
    status = Path(f"/proc/{responder.pid}/status").read_text()
    (resident,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 34_000
