"""What a restart would help: a stuck loop, an NGINX that is gone, workers that are silent; never load."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from painless.liveness import GONE, LOOK, SILENT, STUCK, Liveness, answers_on


class World:
    """A clock and an NGINX, both as a test says."""

    def __init__(self) -> None:
        self.at = 0.0
        self.runs = False

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")

    def running(self) -> bool:
        return self.runs


@pytest.fixture
def world() -> World:
    return World()


def liveness(world: World, *, apart: bool = False) -> Liveness:
    return Liveness(world, lambda: True, world, apart=apart)


def failed(of: Liveness) -> list[str]:
    return [one.name for one in of.alive() if one.problem and one.counts]


def test_a_loop_without_a_turn(world: World) -> None:
    """Only that is told then, since a loop that is stuck has looked at nothing else."""
    one = liveness(world)
    world.runs = True
    one.turn()
    one.heard(0.0, answered=False)
    world.at = STUCK + 1
    assert ["event-loop"] == failed(one)
    one.turn()
    assert "event-loop" not in failed(one)


def test_nginx_that_does_not_come_back(world: World) -> None:
    """Not one that was never there: objects or rights are missing, and a restart brings neither."""
    one = liveness(world)
    world.at = 2 * GONE
    one.turn()
    before = failed(one)
    world.runs = True
    one.turn()
    world.runs = False
    seen = []
    for later in (0, GONE, GONE + LOOK):
        world.at = 2 * GONE + later
        one.turn()
        seen.append(failed(one))
    world.runs = True
    one.turn()
    assert ([], [[], [], ["nginx"]], []) == (before, seen, failed(one))


def test_workers_that_are_silent(world: World) -> None:
    """From the first question that nobody answered; one answer of any worker is enough."""
    one = liveness(world)
    world.runs = True
    seen = []
    for asked in (0.0, SILENT / 2, SILENT + LOOK):
        world.at = asked
        one.turn()
        one.heard(asked, answered=False)
        seen.append(failed(one))
    one.heard(world.at, answered=True)
    assert ([[], [], ["nginx-workers"]], []) == (seen, failed(one))


def test_nginx_in_another_container(world: World) -> None:
    """Our restart would not help it: it is told, and does not count."""
    one = liveness(world, apart=True)
    world.runs = True
    one.turn()
    world.runs = False
    one.turn()
    world.at = GONE + LOOK
    one.turn()
    assert ([], ["nginx"]) == (failed(one), [it.name for it in one.alive() if it.problem])


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    path = tmp_path / "private.sock"
    with closing(socket.socket(socket.AF_UNIX)) as found:
        found.bind(str(path))
        yield found, path


def test_an_answer_is_any_word(listener: tuple[socket.socket, Path]) -> None:
    """Even none: who closes a connection has taken it, a worker without slots does so."""
    own, path = listener
    own.listen()

    def serve() -> None:
        for said in (b"HTTP/1.1 200 OK\r\n", b""):
            taken, _ = own.accept()
            with taken:
                taken.recv(100)
                taken.sendall(said)

    server = threading.Thread(target=serve)
    server.start()
    assert (True, True) == (answers_on(path, 20), answers_on(path, 20))
    server.join()


def test_silence(listener: tuple[socket.socket, Path]) -> None:
    """Nobody takes the question; when the queue is full of them, nobody even takes the next."""
    own, path = listener
    own.listen(0)
    assert (False, False) == (answers_on(path, 0.05), answers_on(path, 0.05))


def test_nobody_to_ask(listener: tuple[socket.socket, Path]) -> None:
    """That is another matter than silence."""
    with pytest.raises(OSError, match="refused"):
        answers_on(listener[1], 1)
