"""What several controllers of one cluster share, and the state directory that each has to itself."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.cluster.controllers import NAMESPACE
from tests.fakes.apiserver import FakeApiServer

CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}


@pytest.fixture
def states() -> Iterator[Callable[[], Path]]:
    made: list[Path] = []

    def one() -> Path:
        root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
        root.chmod(0o711)
        made.append(root)
        return root

    yield one
    for root in made:
        shutil.rmtree(root)


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        await one.apply(CLASS)
        yield one
