"""What a machine and the ConfigMap's settings come to together, and what is said about it."""

from collections.abc import Mapping
from typing import Any

import pytest

from painless.annotations.base import Setting
from painless.compiler.fit import GENERATIONS, MIB, SLOT, Fit, fit
from painless.compiler.options import Machine
from painless.features.upstream_keepalive import CONNECTIONS as KEPT
from painless.features.workers import CONNECTIONS, FILES, PROCESSES

Asked = Mapping[Setting[int], int]
GIB = 1024 * MIB
WHERE = {
    "cpus": "sched_getaffinity",
    "quota": "/sys/fs/cgroup/cpu.max",
    "memory": "/sys/fs/cgroup/memory.max",
    "open_files": "the hard limit of RLIMIT_NOFILE",
    "backlog": "net.core.somaxconn",
}


def machine(**numbers: Any) -> Machine:
    return Machine(**{"cpus": 16, "moves_waiting": True, **numbers}, where=WHERE)


def values(found: Fit) -> tuple[int | str, ...]:
    return tuple(one.value for one in (found.processes, found.connections, found.files, found.backlog))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"quota": 0.5, "memory": 256 * MIB}, (1, 16_384, 1_048_576, 4096)),
        ({"quota": 2.0, "memory": 512 * MIB}, (2, 16_384, 1_048_576, 4096)),
        ({"quota": 16.0, "memory": 4 * GIB}, (16, 16_384, 1_048_576, 4096)),
        ({"quota": 1.01}, (2, 16_384, 1_048_576, 4096)),
        ({"quota": 0.001}, (1, 16_384, 1_048_576, 4096)),
        ({"cpus": 3, "quota": 8.0}, (3, 16_384, 1_048_576, 4096)),
        ({"memory": 512 * MIB}, (16, 128 * MIB // (16 * GENERATIONS * SLOT), 1_048_576, 4096)),
        ({"open_files": 1024, "backlog": 128}, (16, 768, 1024, 128)),
    ],
)
def test_defaults(given: dict[str, float], expected: tuple[int, ...]) -> None:
    """Without a word in the ConfigMap, on machines of several sizes."""
    assert expected == values(fit(machine(**given), {}))


@pytest.mark.parametrize(
    ("given", "asked", "words"),
    [
        ({"quota": 1.5}, {}, ("the CPU quota of 1.5 (/sys/fs/cgroup/cpu.max), rounded up",)),
        ({}, {}, ("16 CPUs may be used (sched_getaffinity)",)),
        ({"cpus": 2, "quota": 8.0}, {}, ("2 CPUs may be used", "fewer than the CPU quota of 8")),
        ({}, {PROCESSES: 4}, ("worker-processes of the ConfigMap",)),
        ({"open_files": 1024}, {}, ("three quarters of the 1024 open files", "RLIMIT_NOFILE is 1024")),
        ({"memory": 64 * MIB}, {}, ("a quarter of the memory limit of 64 MiB (/sys/fs/cgroup/memory.max)",)),
        ({}, {CONNECTIONS: 100}, ("max-worker-connections of the ConfigMap",)),
        ({}, {FILES: 1000}, ("max-worker-open-files of the ConfigMap",)),
        ({}, {FILES: 5}, ("logs and listeners take some", "three quarters of the 256 open files")),
        ({"backlog": 99}, {}, ("net.core.somaxconn of this network namespace is 99",)),
    ],
)
def test_each_value_says_why(given: dict[str, float], asked: Asked, words: tuple[str, ...]) -> None:
    """With the numbers, and where they are from."""
    found = fit(machine(**given), {key.name: value for key, value in asked.items()})
    text = "\n".join(one.because for one in found.lines)
    assert [] == [one for one in words if one not in text]


@pytest.mark.parametrize(
    ("given", "asked", "keys"),
    [
        ({"quota": 1.0}, {PROCESSES: 64}, [PROCESSES.name]),
        ({"quota": 1.0}, {PROCESSES: 1}, []),
        ({"open_files": 1024}, {CONNECTIONS: 2000}, [CONNECTIONS.name]),
        ({"open_files": 1024}, {FILES: 2000}, [FILES.name, ""]),
        ({"open_files": 1024}, {}, [""]),
        ({"open_files": 20_000}, {}, []),
        ({}, {CONNECTIONS: 0, FILES: 0}, []),
        ({"memory": 3 * MIB, "quota": 1.0}, {}, ["", ""]),
        ({"memory": 8 * MIB, "quota": 1.0}, {PROCESSES: 8, CONNECTIONS: 512}, [PROCESSES.name] * 2),
        ({}, {CONNECTIONS: 1000, KEPT: 2000}, [KEPT.name]),
        ({}, {CONNECTIONS: 5}, [CONNECTIONS.name]),
        ({}, {FILES: 5}, [FILES.name, ""]),
        ({"backlog": 128}, {}, [""]),
    ],
)
def test_what_does_not_fit(given: dict[str, float], asked: Asked, keys: list[str]) -> None:
    """Is told about the key that asks for it, and of the machine where no key does."""
    found = fit(machine(**given), {key.name: value for key, value in asked.items()})
    assert keys == [one.key for one in found.concerns]


def test_an_assumed_machine() -> None:
    """Where nobody has looked at a machine, as when files are only rendered, nothing is said about it."""
    assumed = Machine(cpus=2, backlog=1, open_files=600)
    assert () == fit(assumed, {PROCESSES.name: 64, CONNECTIONS.name: 2_000_000}).concerns
