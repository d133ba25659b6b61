"""``painless doctor``: chooses what is looked at, and shows what was found.

Exit status 0 with nothing above low, 1 for medium and high, 2 for critical, or when what was asked for could
not be read.
"""

import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Never

import click
import msgspec
from msgspec import Struct, structs

from painless.cli.running import NoController, Refused, ask
from painless.controller.status import Status
from painless.doctor import cluster, machines, manifests, terminal
from painless.doctor.check import Severity
from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.narrow import against, silenced
from painless.doctor.owners import Owners, owned, places, written
from painless.doctor.processes import masters
from painless.doctor.rules import Rules
from painless.doctor.rulesfile import NotReadable, read_rules, today
from painless.doctor.run import Report, run
from painless.kube.find import Cluster
from painless.web.examined import OWNERS

EACH = 5.0  # Seconds between two looks: each takes a second, and half of one of a processor.
_STATUS = {Severity.CRITICAL: 2, Severity.HIGH: 1, Severity.MEDIUM: 1}


class Chosen(Struct, frozen=True):
    """What the command was told."""

    state_dir: Path
    conf: Path | None
    pid: int | None
    output: str
    baseline: Path | None
    config: Path | None
    unknown: bool
    watch: bool = False
    source: Path | None = None
    cluster: bool = False
    node: bool = False
    kubeconfig: str = ""


def examine(chosen: Chosen) -> int:
    """Look and show, once or again and again; return the exit status."""
    if not chosen.watch:
        report = _report(chosen)
        _show(report, chosen)
        return 2 if report.problems else _STATUS.get(report.worst, 0) if report.worst else 0
    try:
        _watch(chosen)
    except KeyboardInterrupt:
        return 0


def _watch(chosen: Chosen) -> Never:
    """Show it anew whenever it has changed."""
    shown: list[str] = []
    while True:
        lines = list(terminal.lines(_report(chosen), unknown=chosen.unknown))
        if lines != shown:
            click.clear()
            for line in lines:
                click.echo(line)
            shown = lines
        time.sleep(EACH)


def _report(chosen: Chosen) -> Report:
    # A mistake in these files is told before anything is looked at.
    rules = read_rules(chosen.config) if chosen.config else Rules()
    baseline = _baseline(chosen.baseline) if chosen.baseline else None
    asked = _asked(chosen)
    gathered = gather(asked)
    report = structs.replace(run(CHECKS, gathered.facts, rules.limits), problems=gathered.problems)
    known = _owners(chosen.state_dir, places(report)) if asked.status else Owners()
    theirs = (*known.silences, *written(gathered.facts))
    report = silenced(owned(report, known), (*rules.silences, *theirs), today())
    return against(report, baseline) if baseline else report


def _show(report: Report, chosen: Chosen) -> None:
    if chosen.output == "text":
        for line in terminal.lines(report, unknown=chosen.unknown):
            click.echo(line)
    else:
        click.echo(machines.FORMS[chosen.output](report, CHECKS))


def _asked(chosen: Chosen) -> Asked:
    return structs.replace(_chosen(chosen), node=chosen.node)


def _chosen(chosen: Chosen) -> Asked:
    if chosen.conf is not None:
        return Asked(
            conf=str(chosen.conf.absolute()), machine=False, no_pid="only a configuration was asked for"
        )
    if chosen.source is not None:
        return Asked(
            objects=partial(manifests.read, chosen.source),
            machine=False,
            no_pid="only manifests were asked for",
        )
    if chosen.cluster or chosen.kubeconfig:
        return _with_cluster(chosen)
    if chosen.pid is not None:
        return Asked(pid=chosen.pid)
    return _ours(chosen.state_dir) or _any()


def _with_cluster(chosen: Chosen) -> Asked:
    """Return the cluster, with the NGINX that was named or is ours: this machine need not be one of it."""
    found = Asked(pid=chosen.pid) if chosen.pid is not None else _ours(chosen.state_dir)
    alone = Asked(machine=False, no_pid="no NGINX of the cluster runs here")
    return structs.replace(found or alone, objects=partial(cluster.read, Cluster(chosen.kubeconfig)))


def _ours(state: Path) -> Asked | None:
    """Return the controller of a state directory with its NGINX; ``None`` when neither runs."""
    pid = None
    with suppress(OSError, ValueError):
        pid = int((state / "run" / "nginx.pid").read_text())
    try:
        status = msgspec.json.decode(ask(state, "/v1/status"), type=Status)
    except (NoController, Refused, msgspec.DecodeError) as cause:
        return None if pid is None else Asked(pid=pid, state=state.absolute(), no_status=str(cause))
    return Asked(pid=pid, state=state.absolute(), status=status)


def _owners(state: Path, asked: tuple[str, ...]) -> Owners:
    """Return whose lines these are; the report is as good without."""
    try:
        return msgspec.json.decode(ask(state, OWNERS, msgspec.json.encode(asked)), type=Owners)
    except (NoController, Refused, msgspec.DecodeError):
        return Owners()


def _any() -> Asked:
    """Return the one NGINX that runs here; without one, what is looked at is the machine."""
    found = tuple(masters())
    if len(found) == 1:
        return Asked(pid=found[0])
    if found:
        return Asked(
            no_pid=f"{len(found)} NGINX run (processes {', '.join(map(str, found))}); --pid names one"
        )
    return Asked()


def _baseline(file: Path) -> Report:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError) as cause:
        raise NotReadable(f"{file} is no report of --output json: {cause}") from cause
