"""The stage that all cases share, and ``--accept``, which rewrites golden output in place."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.corpus.stage import Theatre, theatre

from painless.nginx.build import Build
from painless.nginxd.find import find_nginx

UNASKED = 20
"""Changed files that are accepted without a reason: more than anybody reads carefully."""

Accepted = dict[Path, str]
ACCEPTED = pytest.StashKey[Accepted]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("corpus")
    group.addoption("--accept", action="store_true", help="rewrite the golden output of the cases")
    group.addoption("--accept-reason", default="", help=f"why more than {UNASKED} cases change")


def pytest_configure(config: pytest.Config) -> None:
    # Each process would know of its own changes only.
    if config.getoption("--accept", default=False) and config.getoption("numprocesses", default=None):
        raise pytest.UsageError("--accept needs all cases in one process: leave -n out")


@pytest.fixture(scope="session")
def accepted(pytestconfig: pytest.Config) -> Accepted | None:
    """Where new texts of cases are collected; ``None`` when they are to be compared."""
    if not pytestconfig.getoption("--accept", default=False):
        return None
    return pytestconfig.stash.setdefault(ACCEPTED, {})


@pytest.fixture(scope="session")
def build() -> Build:
    return find_nginx()


@pytest.fixture(scope="session")
def corpus_state() -> Iterator[Path]:
    """A state directory that workers may enter, as short as unix socket paths must be."""
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    yield root
    shutil.rmtree(root)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(build: Build, corpus_state: Path) -> AsyncIterator[Theatre]:
    async with theatre(build, corpus_state) as running:
        yield running


def refusal(changed: int, reason: str) -> str:
    """Return why so many changes are not accepted, or nothing."""
    if changed <= UNASKED or reason:
        return ""
    return f'nothing was written: say why more than {UNASKED} cases change, with --accept-reason "…"'


def _refusal(config: pytest.Config) -> str:
    return refusal(len(config.stash.get(ACCEPTED, {})), config.getoption("--accept-reason", default=""))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(ACCEPTED, None)
    if found is None:
        return
    terminalreporter.write_sep("=", f"{len(found)} cases change")
    if says := _refusal(config):
        terminalreporter.write_line(says)
        return
    for path, text in sorted(found.items()):
        path.write_text(text)
        terminalreporter.write_line(str(path))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Make a refused ``--accept`` a failure."""
    if _refusal(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
