"""Steps performed on a real NGINX: what is served, what is refused, and what an interruption leaves."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.nginx.given import (
    BUILD,
    DEADLINE,
    answer,
    disk_at,
    free_port,
    generation,
    nginx_on,
    reloading,
    starting,
)

from painless.nginxd import procfs
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.errorlog import LOG_MOST
from painless.nginxd.errors import NotRunning, Unresponsive
from painless.nginxd.leftovers import orphans
from painless.nginxd.probe import Sight
from painless.plan.steps import (
    Applied,
    Await,
    DropHot,
    PutHot,
    Refused,
    Reload,
    Resolve,
    Stage,
    Start,
    Switch,
    Verify,
)
from painless.sensitive import Sensitive


@pytest.fixture
def disk(state_dir: Path):
    with disk_at(state_dir) as one:
        yield one


@pytest.fixture
async def nginx(disk: Disk) -> AsyncIterator[Nginx]:
    one = nginx_on(disk)
    yield one
    await one.stop(0.1)
    one.close()


@pytest.fixture
def port() -> int:
    return free_port()


def seen(nginx: Nginx) -> Sight:
    sight = nginx.sight()
    assert sight is not None
    return sight


async def until(holds) -> None:
    async with asyncio.timeout(DEADLINE):
        while not holds():
            await asyncio.sleep(0.01)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def zombies() -> list[str]:
    """NGINX's only: a test before this one in the same process may have left another's."""
    dead = [pid for pid in procfs.children(os.getpid()) if procfs.is_zombie(pid)]
    return [str(pid) for pid in dead if procfs.command(pid) == "nginx"]


async def test_a_started_generation_is_live_and_served(nginx: Nginx, disk: Disk, port: int) -> None:
    """Applied means that workers serve the generation, and that only it is held."""
    want = generation(disk.root, port, "one")

    outcome = await nginx.apply(starting(want))

    assert Applied() == outcome
    assert want.id == nginx.live()
    assert "one" == await answer(port)
    assert nginx.running()


async def test_a_test_before_the_start_opens_no_port(nginx: Nginx, disk: Disk, port: int) -> None:
    """Who asks while a generation is tested is refused, and never connected and dropped."""
    want = generation(disk.root, port, "one")
    asked: list[int] = []
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            with socket.socket() as client:
                asked.append(client.connect_ex(("127.0.0.1", port)))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask())
        outcomes = [await nginx.apply((Stage(want), Verify(want.id))) for _ in range(10)]
        done.set()

    assert {errno.ECONNREFUSED} == set(asked)
    assert [Applied()] * 10 == outcomes


async def test_a_confirmed_reload_leaves_no_worker_that_accepts_for_the_old(
    nginx: Nginx, disk: Disk, port: int
) -> None:
    """After a reload was confirmed, each new connection is served by the new generation."""
    await nginx.apply(starting(generation(disk.root, port, "one")))
    want = generation(disk.root, port, "two", workers=3)

    outcome = await nginx.apply(reloading(want))
    sight = seen(nginx)
    answers = {await answer(port) for _ in range(30)}

    assert Applied() == outcome
    assert {"two"} == answers
    assert [want.id] * 3 == [one.generation for one in sight.workers if one.accepts]
    assert 1 == nginx.reload_count


async def test_nothing_to_do_is_done(nginx: Nginx, disk: Disk, port: int) -> None:
    """Steps that are performed twice have the effect of once, and Start never starts a second NGINX."""
    want = generation(disk.root, port, "one")
    await nginx.apply(starting(want))
    first = seen(nginx)

    outcome = await nginx.apply(starting(want))
    nothing = await nginx.apply(())

    assert (Applied(), Applied()) == (outcome, nothing)
    assert first == nginx.sight()


async def test_refused_at_the_test(nginx: Nginx, disk: Disk, port: int) -> None:
    """A generation that the test refuses never becomes current, and the reason names file and line."""
    old = generation(disk.root, port, "one")
    await nginx.apply(starting(old))
    bad = generation(disk.root, port, "two", server="nonsense on;")

    outcome = await nginx.apply(reloading(bad))

    says = f'unknown directive "nonsense" in {disk.folder(bad.id)}/sites.conf:4'
    assert Refused(Verify(bad.id), says) == outcome
    assert (old.id, old.id) == (disk.current_id(), nginx.live())
    assert "one" == await answer(port)


async def test_refused_at_the_reload(nginx: Nginx, disk: Disk, port: int) -> None:
    """What only a running NGINX can see is refused with its reason; the old serves on and is current."""
    zone = "limit_req_zone {key} zone=shared:1m rate=9r/s;"
    old = generation(disk.root, port, "one", http=zone.format(key="$binary_remote_addr"))
    await nginx.apply(starting(old))
    bad = generation(disk.root, port, "two", http=zone.format(key="$server_name"))

    outcome = await nginx.apply(reloading(bad))

    says = 'limit_req "shared" uses the "$server_name" key while previously it used the "{}" key'
    says = says.format("$binary_remote_addr")
    assert Refused(Await(bad.id), says) == outcome
    assert (old.id, old.id) == (disk.current_id(), nginx.live())
    assert "one" == await answer(port)


async def test_a_port_of_somebody_else_is_named_before_the_reload(
    nginx: Nginx, disk: Disk, port: int
) -> None:
    """A listener that cannot be had is refused without disturbing NGINX, and its holder is named."""
    old = generation(disk.root, port, "one")
    await nginx.apply(starting(old))
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        bad = generation(disk.root, port, "two", http=f"server {{\n    listen 127.0.0.1:{taken};\n}}")

        outcome = await nginx.apply(reloading(bad))

    assert isinstance(outcome, Refused)
    assert Reload() == outcome.step
    assert f"port {taken} on 127.0.0.1 is in use by process {os.getpid()} (" in outcome.output
    assert (0, old.id, old.id) == (nginx.reload_count, disk.current_id(), nginx.live())


async def test_an_address_that_nginx_cannot_bind_is_refused_after_its_tries(
    nginx: Nginx, disk: Disk, port: int
) -> None:
    """While the master tries a taken address it is waited for; then the old generation serves on."""
    old = generation(disk.root, port, "one")
    await nginx.apply(starting(old))
    path = f"{disk.run}/taken.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        bad = generation(disk.root, port, "two", http=f"server {{ listen unix:{path}; }}")

        outcome = await nginx.apply(reloading(bad))

    assert isinstance(outcome, Refused)
    assert Await(bad.id) == outcome.step
    assert f"bind() to unix:{path} failed (98: Address in use)" == outcome.output.splitlines()[0]
    assert (old.id, old.id) == (disk.current_id(), nginx.live())
    assert "one" == await answer(port)


async def test_a_start_that_nginx_refuses(nginx: Nginx, disk: Disk, port: int) -> None:
    """A first generation that does not load is refused with its reason and nothing runs."""
    bad = generation(disk.root, port, "one", server="nonsense on;")

    outcome = await nginx.apply((Stage(bad), Switch(bad.id), Start(), Await(bad.id)))

    says = f'unknown directive "nonsense" in {disk.current}/sites.conf:4'
    assert Refused(Start(), says) == outcome
    assert not nginx.running()
    assert nginx.live() is None


async def test_a_start_on_a_taken_port_names_who_has_it(nginx: Nginx, disk: Disk, port: int) -> None:
    """A first start that cannot have its port says whose it is."""
    with socket.create_server(("127.0.0.1", port)):
        outcome = await nginx.apply(starting(generation(disk.root, port, "one")))

    assert isinstance(outcome, Refused)
    assert f"port {port} on 127.0.0.1 is in use by process {os.getpid()} (" in outcome.output


async def test_interrupted_anywhere_then_another_goal(nginx: Nginx, disk: Disk, port: int) -> None:
    """After any number of steps ``current`` is complete and NGINX serves; another goal is then reached."""
    await nginx.apply(starting(generation(disk.root, port, "start")))
    for count in range(1, 6):
        middle = generation(disk.root, port, f"middle {count}")
        await nginx.apply(reloading(middle)[:count])
        current = disk.read_generation(str(disk.current_id()))
        served = await answer(port)
        goal = generation(disk.root, port, f"goal {count}")

        outcome = await nginx.apply(reloading(goal))

        assert current is not None
        assert served in {"start", f"middle {count}", f"goal {count - 1}"}
        assert Applied() == outcome
        assert f"goal {count}" == await answer(port)


async def test_cancelled_while_waiting(nginx: Nginx, disk: Disk, port: int) -> None:
    """A wait that was cancelled does not keep the next goal from being reached and confirmed."""
    await nginx.apply(starting(generation(disk.root, port, "one")))
    two, three = generation(disk.root, port, "two"), generation(disk.root, port, "three")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(nginx.apply(reloading(two)))
        await until(lambda: nginx.reload_count == 1)
        waiting.cancel()

    outcome = await nginx.apply(reloading(three))

    assert waiting.cancelled()
    assert (Applied(), three.id) == (outcome, nginx.live())
    assert "three" == await answer(port)


async def test_a_master_that_is_killed_is_noticed_and_replaced(nginx: Nginx, disk: Disk, port: int) -> None:
    """``gone`` ends when the master does; a new start gets the ports back and leaves no zombie."""
    want = generation(disk.root, port, "one")
    await nginx.apply(starting(want))
    first = seen(nginx)

    os.kill(first.master, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE):
        await nginx.gone()

    assert (False, None, None) == (nginx.running(), nginx.sight(), nginx.live())
    with pytest.raises(NotRunning):
        await nginx.apply([Reload()])
    assert Applied() == await nginx.apply([Start(), Await(want.id)])
    assert "one" == await answer(port)
    # A process has no title a moment before it can be buried.
    await until(lambda: all(_is_over(one.pid) for one in first.workers))
    assert () == orphans(disk.run)
    await nginx.apply([Start()])
    assert [] == zombies()


def _is_over(pid: int) -> bool:
    return procfs.is_zombie(pid) or not Path(f"/proc/{pid}").exists()


async def test_a_master_that_does_not_react_is_no_refusal(nginx: Nginx, disk: Disk, port: int) -> None:
    """A stopped master has not judged the generation, so no Ingress may be blamed: it is an exception."""
    await nginx.apply(starting(generation(disk.root, port, "one")))
    sight = seen(nginx)
    os.kill(sight.master, signal.SIGSTOP)
    try:
        with pytest.raises(Unresponsive, match="gave no reason"):
            await nginx.apply(reloading(generation(disk.root, port, "two")))
    finally:
        os.kill(sight.master, signal.SIGCONT)


async def test_twenty_reloads_under_load(nginx: Nginx, disk: Disk, port: int) -> None:
    """No request fails, no process is left uncollected and no file left open."""
    await nginx.apply(starting(generation(disk.root, port, "0")))
    failed, served, done = [], 0, False

    async def client() -> None:
        nonlocal served
        while not done:
            try:
                await answer(port)
                served += 1
            except OSError as cause:
                failed.append(cause)

    await nginx.apply(reloading(generation(disk.root, port, "warm")))
    opened = open_files()
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(client())
        outcomes = [await nginx.apply(reloading(generation(disk.root, port, str(n)))) for n in range(1, 21)]
        done = True

    assert [Applied()] * 20 == outcomes
    assert [] == failed
    assert served > 100
    assert 21 == nginx.reload_count
    assert opened == open_files()
    assert [] == zombies()


async def test_pruning_keeps_what_runs(nginx: Nginx, disk: Disk, port: int) -> None:
    """A generation that a draining worker runs stays, marker and folder; others beyond two are removed."""
    held, *others = [generation(disk.root, port, f"{n}") for n in range(6)]
    await nginx.apply(starting(held))
    if not procfs.open_files(seen(nginx).workers[0].pid):
        pytest.skip("which generation a draining worker runs needs CAP_SYS_PTRACE")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET / HTTP/1.1\r\nHost: any.test\r\n"
    writer.write(request + b"\r\n" + request)  # One whole, and one that the worker waits for the end of.
    await reader.readuntil(b"\r\n\r\n0")
    for one in others:
        await nginx.apply(reloading(one))
    removed: set[str] = set()
    async with asyncio.timeout(DEADLINE):
        # Idle workers of the others end within 0.2 s.
        while removed < {one.id for one in others[:2]}:
            removed.update(await nginx.prune())
    writer.close()
    await writer.wait_closed()

    kept = {held.id, *(one.id for one in others[2:])}
    assert {one.id for one in others[:2]} == removed
    assert kept == {one.name for one in (disk.root / "generations").iterdir()}
    assert kept == {one.name.removeprefix("gen-") for one in disk.run.glob("gen-*")}


async def test_stopping_lets_a_request_finish(nginx: Nginx, disk: Disk, port: int) -> None:
    """A request under way is answered although NGINX is told to end meanwhile."""
    await nginx.apply(starting(generation(disk.root, port, "one")))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: any.test\r\n")
    await writer.drain()
    sight = seen(nginx)

    async with asyncio.TaskGroup() as group:
        group.create_task(nginx.stop(DEADLINE))
        await until(lambda: not any(one.accepts for one in (nginx.sight() or sight).workers))
        writer.write(b"\r\n")
        text = await reader.read()
        writer.close()

    assert text.startswith(b"HTTP/1.1 200 ")
    assert not nginx.running()
    assert [] == zombies()


async def test_a_password_file_is_for_the_workers_alone(nginx: Nginx, disk: Disk, port: int) -> None:
    """A hot file takes effect without a reload, readable for the user the workers run as and nobody else."""
    path = disk.root / "hot" / "auth" / "users"
    locked = f"location /private {{ auth_basic x; auth_basic_user_file {path}; try_files /none =204; }}"
    put = PutHot("auth/users", Sensitive(b"ann:{PLAIN}secret\n"))
    await nginx.apply((put, *starting(generation(disk.root, port, "one", server=locked))))
    ann = ("Authorization: Basic YW5uOnNlY3JldA==",)

    before = await answer(port, "/private", ann)
    await nginx.apply([PutHot("auth/users", Sensitive(b"bob:{PLAIN}secret\n"))])
    after = await answer(port, "/private", ann)
    await nginx.apply([DropHot("auth/users")])

    assert ("204", "401") == (before, after)
    assert not path.exists()


async def test_resolving_is_the_responders_part(disk: Disk) -> None:
    """The Resolve step waits for the callable that was given, with the step's upstreams."""
    asked = []

    async def resolved(upstreams: frozenset[str]) -> None:
        asked.append(upstreams)

    nginx = Nginx(BUILD, disk, resolved)

    assert Applied() == await nginx.apply([Resolve(frozenset({"a", "b"}))])
    assert [frozenset({"a", "b"})] == asked


async def test_a_log_that_was_cut_is_written_on(nginx: Nginx, disk: Disk, port: int) -> None:
    """NGINX's next line is the first one of the log, without a signal or a reload."""
    missing = "location /missing { root /nonexistent; }"
    await nginx.apply(starting(generation(disk.root, port, "one", server=missing)))
    os.truncate(disk.error_log, LOG_MOST + 1)

    await nginx.trim_log()
    await answer(port, "/missing")

    await until(lambda: b"/nonexistent/missing" in disk.error_log.read_bytes())
    assert disk.error_log.stat().st_size < LOG_MOST
