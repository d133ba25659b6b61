"""All incidents by letter, in the order of the pages about them."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from incidents.harness import Replay

REPLAYS: Mapping[str, str] = MappingProxyType(
    {
        "a": "flood",
        "b": "one_cpu",
        "c": "backlog",
        "d": "shuffled",
        "e": "memory",
        "f": "slow_service",
        "g": "rolling",
        "h": "flapping",
        "i": "conntrack",
    }
)
"""The folder of each."""


def named(letter: str) -> Replay:
    # Imported when it is its turn: one can be replayed where another one's libraries are missing.
    replay: Replay = import_module(f"incidents.{REPLAYS[letter]}.replay").REPLAY
    return replay
