"""``python -m tests.properties.governor_day``: 24 hours of changes and the real governor, in seconds.

A working day of fifty teams, three tenants gone wild, one that mends what it breaks, and WebSockets of hours.
"""

import random
import sys
import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from tests.properties.governed import MEGABYTE, Change, Client, Told, World, always, merged, poisson, storm

from painless.plan.governor import Budget

HOUR = 3600.0
BUDGET = Budget(memory=400 * MEGABYTE)


def day(seed: int = 1, hours: float = 24.0) -> dict[str, tuple[list[Change], Iterator[Iterable[Client]]]]:
    """Return what happens, by name: changes, and the clients of each generation."""
    chance = random.Random(seed)
    teams = [poisson(chance, 2.0, hours, f"team-{at}") for at in range(50)]
    deploys = [storm(20, 2.0, start=chance.uniform(0, hours) * HOUR) for _ in range(int(hours * 4))]
    wild = [poisson(chance, 3600.0, hours, f"wild-{at}") for at in range(3)]
    mends = poisson(chance, 60.0, hours, "mends", urgent=True)
    return {
        "a working day": (merged(*teams, *deploys), sockets(chance, 400)),
        "one storm all day": (merged(wild[0], *teams[:5]), sockets(chance, 40)),
        "three tenants gone wild": (merged(*wild, mends, *teams), sockets(chance, 400)),
        "a change a minute, requests only": (poisson(chance, 60.0, hours, "a"), requests(chance, 200)),
        "everybody once": (
            [Change(at * 6.0, f"n{at}") for at in range(int(hours * 600))],
            always(Client(5 * HOUR)),
        ),
    }


def sockets(chance: random.Random, count: int) -> Iterator[Iterable[Client]]:
    """WebSockets of two hours in the mean, and some requests."""
    while True:
        held = [Client(chance.expovariate(1 / (2 * HOUR))) for _ in range(chance.randrange(count))]
        yield [*held, *(Client(chance.uniform(0, 30), upgraded=False) for _ in range(20))]


def requests(chance: random.Random, count: int) -> Iterator[Iterable[Client]]:
    while True:
        yield [Client(chance.uniform(0, 60), upgraded=False) for _ in range(chance.randrange(count))]


def simulated(seed: int = 1, hours: float = 24.0) -> dict[str, tuple[int, Told]]:
    """Return how many changes there were and what became of them."""
    scenes = day(seed, hours).items()
    return {name: (len(changes), World(clients, BUDGET).run(changes)) for name, (changes, clients) in scenes}


def main() -> None:
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    began = time.monotonic()
    shown = Table(title=f"{hours:g} h; 4 generations, 400 MB; a generation takes 30 MB", title_justify="left")
    for name in ("", "changes", "reloads", "generations", "memory, MB", "longest wait, s", "urgent, s"):
        shown.add_column(name, justify="left" if not name else "right")
    for name in ("least granted, s", "WebSockets cut early", "requests cut early", "cut by the time-out"):
        shown.add_column(name, justify="right")
    for name, (count, told) in simulated(hours=hours).items():
        figures = [count, len(told.loads), told.most, told.memory // MEGABYTE]
        waits = [f"{one:.1f}" for one in (told.longest(), told.longest(urgent=True))]
        least = f"{min(told.granted):.1f}" if told.granted else "-"
        cuts = [told.cut[one] for one in ("upgraded", "requests", "worker-shutdown-timeout")]
        shown.add_row(name, *(f"{one:,}" for one in figures), *waits, least, *(f"{one:,}" for one in cuts))
    console = Console(width=170)
    console.print(shown)
    console.print(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
