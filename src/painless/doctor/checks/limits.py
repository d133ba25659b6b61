"""Checks of what the system lets NGINX have: open files, CPUs, memory."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.conf import Conf
from painless.doctor.facts import (
    CONF,
    CPUS,
    ERRORS,
    MEMORY,
    PRESSURE,
    QUOTA,
    THROTTLED,
    WHOLE,
    WORKERS,
    Cpus,
    Errors,
    Fact,
    Memory,
    Moved,
    Pressure,
    Quota,
    Worker,
)
from painless.doctor.units import mib, number

USUAL = 512  # NGINX's own worker_connections.
FULL = 0.85
STALLED, MOSTLY_STALLED = 0.05, 0.25  # Parts of the periods of a quota in which it ran out.
FILES = "worker_rlimit_nofile"
CONNECTIONS = "worker_connections"


def not_applied(conf: Fact[Conf], workers: Fact[tuple[Worker, ...]]) -> Iterator[Finding]:
    """Workers go on with fewer files when the system does not grant ``worker_rlimit_nofile``.

    NGINX logs an alert and ``nginx -t`` says nothing.

    Verify: ``grep "open files" /proc/PID/limits`` of a worker.

    Fix: a higher hard limit of the container's runtime, or a lower number.

    Sources: setrlimit(2); ngx_process_cycle.c.
    """
    wanted = conf.value.top(FILES)
    if wanted is None or wanted.number is None:
        return
    granted = [one.most_files for one in workers.value if one.most_files is not None and not one.draining]
    if granted and min(granted) < wanted.number:
        yield Finding(
            FILES,
            f"workers may open {min(granted)} files, not {wanted.number}",
            (Evidence(wanted.text, wanted.where), Evidence(f"Max open files {min(granted)}", workers.source)),
            f"{wanted.number}",
            f"{FILES} {min(granted)};   # or LimitNOFILE={wanted.number} of the container's runtime",
        )


def too_few_files(conf: Fact[Conf], workers: Fact[tuple[Worker, ...]]) -> Iterator[Finding]:
    """A worker without files left stops accepting for half a second at a time, and the queue overflows.

    A request that is passed on takes two: one to the client and one to the pod.

    Verify: ``grep "open files" /proc/PID/limits`` against ``worker_connections``.

    Fix: ``worker_rlimit_nofile`` of at least ``worker_connections``, better twice that.

    Sources: ngx_event_accept.c; measured: at 60 files 119 connections were lost.
    """
    connections = _connections(conf.value)
    files = [one.most_files for one in workers.value if one.most_files is not None and not one.draining]
    if files and min(files) < connections:
        yield Finding(
            "open files",
            f"a worker may open {min(files)} files and have {connections} connections",
            (
                Evidence(f"Max open files {min(files)}", workers.source),
                Evidence(f"{CONNECTIONS} {connections}", _where(conf, CONNECTIONS)),
            ),
            f"{connections * 2} files, or fewer connections",
            f"{FILES} {connections * 2};",
        )


def blind_spot(conf: Fact[Conf]) -> Iterator[Finding]:
    """``nginx -t`` does not notice ``worker_rlimit_nofile`` below ``worker_connections``.

    It warns only when the connections exceed the limit of the shell that runs it, too.

    Verify: compare both lines.

    Fix: raise ``worker_rlimit_nofile``.

    Sources: ngx_event.c, where both are compared.
    """
    files, connections = conf.value.top(FILES), _connections(conf.value)
    if files is not None and files.number is not None and files.number < connections:
        yield Finding(
            FILES,
            f"workers may open {files.number} files and have {connections} connections",
            (
                Evidence(files.text, files.where),
                Evidence(f"{CONNECTIONS} {connections}", _where(conf, CONNECTIONS)),
            ),
            f"{connections} or more",
            f"{FILES} {connections * 2};",
        )


def files_run_out(workers: Fact[tuple[Worker, ...]], *, limit: float) -> Iterator[Finding]:
    """At its limit of files a worker pauses accepting, and connections are lost.

    Verify: ``ls /proc/PID/fd | wc -l`` against ``/proc/PID/limits``.

    Fix: a higher ``worker_rlimit_nofile``.

    Sources: ngx_event_accept.c.
    """
    for one in workers.value:
        if one.files is not None and one.most_files and one.files / one.most_files >= limit:
            yield Finding(
                f"worker {one.pid}",
                f"worker {one.pid} has {one.files} of {one.most_files} files open",
                at(f"/proc/{one.pid}/fd", one.files),
                f"less than {limit:.0%}",
                f"{FILES} {one.most_files * 2};",
            )


def files_ran_out(errors: Fact[Errors]) -> Iterator[Finding]:
    """The error log says that files ran out.

    Verify: ``grep "24: Too many open files" error.log``.

    Fix: a higher ``worker_rlimit_nofile``, or fewer ``worker_connections``.

    Sources: ngx_event_accept.c.
    """
    if told := errors.value.kinds.get("files"):
        yield Finding(
            "error log",
            f"{told.count} times in the last hour no file could be opened",
            at(errors.source, told.last),
            "never",
            f"{FILES} 65536;",
        )


def above_quota(conf: Fact[Conf], quota: Fact[Quota], cpus: Fact[Cpus]) -> Iterator[Finding]:
    """Workers that share a CPU quota use it up early in each period, and all of them stall for the rest.

    ``worker_processes auto`` counts the CPUs of the machine and knows no cgroup.

    Verify: ``cat /sys/fs/cgroup/cpu.max`` in the container.

    Fix: as many workers as the quota has CPUs, rounded up.

    Sources: ngx_posix_init.c; kernel, cgroup-v2.
    """
    if quota.value.cpus is None:
        return
    fed = max(1, -int(-quota.value.cpus // 1))
    count = _workers(conf.value, cpus.value)
    if count is not None and count > fed:
        set_by = conf.value.top("worker_processes")
        yield Finding(
            "worker_processes",
            f"{count} workers share a quota of {quota.value.cpus:g} CPUs",
            (
                Evidence(set_by.text if set_by else "worker_processes 1", _where(conf, "worker_processes")),
                Evidence(f"quota {quota.value.cpus:g}", quota.source),
            ),
            f"at most {fed}",
            f"worker_processes {fed};",
        )


def throttled(periods: Fact[Moved]) -> Iterator[Finding]:
    """When the quota of CPU is used up NGINX stands still, and accept queues fill.

    Verify: ``nr_throttled`` against ``nr_periods`` in ``cpu.stat`` of the cgroup.

    Fix: no CPU limit for a proxy, or a higher one.

    Sources: kernel, cgroup-v2; measured: 163 connections lost at 7 s of throttling.
    """
    all_of_them, some = periods.value.by.get("periods", 0), periods.value.by.get("throttled", 0)
    share = some / all_of_them if all_of_them else 0.0
    if share > STALLED:
        yield Finding(
            "CPU quota",
            f"the CPU quota ran out in {share:.0%} of the periods of {periods.value.seconds:.0f} s",
            at(periods.source, f"{some} of {all_of_them} periods"),
            f"at most {STALLED:.0%}",
            'kubectl patch deployment NAME --type json -p \'[{"op": "remove", "path": '
            '"/spec/template/spec/containers/0/resources/limits/cpu"}]\'',
            Severity.CRITICAL if share > MOSTLY_STALLED else None,
        )


def shared_slice(conf: Fact[Conf], quota: Fact[Quota], cpus: Fact[Cpus]) -> Iterator[Finding]:
    """Two workers that share less than one CPU stall each other.

    Verify: ``cat /sys/fs/cgroup/cpu.max`` in the container.

    Fix: ``worker_processes 1``, or a quota of one CPU for each worker.

    Sources: kernel, CFS bandwidth control.
    """
    count = _workers(conf.value, cpus.value)
    if quota.value.cpus is not None and quota.value.cpus < 1 and count is not None and count > 1:
        yield Finding(
            "CPU quota",
            f"{count} workers share {quota.value.cpus:g} of a CPU",
            at(quota.source, f"quota {quota.value.cpus:g}"),
            "one worker",
            "worker_processes 1;",
        )


def no_headroom(memory: Fact[Memory], workers: Fact[tuple[Worker, ...]]) -> Iterator[Finding]:
    """A reload has a second set of workers beside the first; without room for both, one is killed.

    Verify: ``memory.max`` of the cgroup, and ``Pss`` of ``/proc/PID/smaps_rollup`` of the workers.

    Fix: a memory limit of twice what NGINX uses with one set of workers.

    Sources: measured: 5 reloads with a WebSocket each end in an OOM kill at 150 MiB.
    """
    shares = [one.memory for one in workers.value if not one.draining]
    if memory.value.limit is None or memory.value.used is None or any(one is None for one in shares):
        return
    more = sum(one or 0 for one in shares)
    if memory.value.used + more > memory.value.limit:
        yield Finding(
            "memory",
            f"another set of workers ({mib(more)}) does not fit beside the {mib(memory.value.used)} in use",
            at(memory.source, f"limit {mib(memory.value.limit)}"),
            f"at least {mib(memory.value.used + more)}",
            f"resources: {{limits: {{memory: {-(-2 * memory.value.used // (1 << 20))}Mi}}}}",
        )


def together(memory: Fact[Memory]) -> Iterator[Finding]:
    """When one worker is out of memory the kernel ends the whole container, not that worker alone.

    Kubernetes sets it so since 1.28, with cgroups of version 2.

    Verify: ``cat /sys/fs/cgroup/memory.oom.group`` in the container.

    Fix: none needed when the limit has room (L011); ``singleProcessOOMKill`` of the kubelet from 1.32 on.

    Sources: Kubernetes issues 117793 and 126096.
    """
    if memory.value.together and memory.value.limit is not None:
        yield Finding(
            "memory.oom.group",
            "one process out of memory ends the container",
            at(memory.source, "memory.oom.group = 1"),
            "known",
            "size the memory limit for two sets of workers (L011)",
        )


def killed(memory: Fact[Memory]) -> Iterator[Finding]:
    """A process was killed for lack of memory, and its clients were cut.

    Verify: ``oom_kill`` in ``memory.events`` (version 2) or ``memory.oom_control`` (version 1).

    Fix: more memory, ``worker_shutdown_timeout``, and fewer reloads.

    Sources: kernel, cgroup-v2.
    """
    if memory.value.kills:
        yield Finding(
            "oom_kill",
            f"{memory.value.kills} processes of this cgroup were killed for lack of memory",
            at(memory.source, f"oom_kill {memory.value.kills}"),
            "none",
            "worker_shutdown_timeout 240s;   # and a higher memory limit",
        )


def pinned(conf: Fact[Conf], cpus: Fact[Cpus]) -> Iterator[Finding]:
    """``worker_processes auto`` counts CPUs that this container may not use.

    Verify: ``nproc`` (allowed) against ``getconf _NPROCESSORS_ONLN`` (counted).

    Fix: write the number.

    Sources: ngx_posix_init.c; Kubernetes, CPU manager policy static.
    """
    one = conf.value.top("worker_processes")
    if one is not None and one.first == "auto" and cpus.value.allowed < cpus.value.online:
        yield Finding(
            "worker_processes",
            f"auto makes {cpus.value.online} workers for {cpus.value.allowed} CPUs",
            (Evidence(one.text, one.where), Evidence(f"{cpus.value.allowed} CPUs", cpus.source)),
            f"{cpus.value.allowed}",
            f"worker_processes {cpus.value.allowed};",
        )


def pressed(pressure: Fact[Pressure], *, limit: float) -> Iterator[Finding]:
    """Pressure is the earliest sign of a lack: somebody waited for CPU, or all for memory.

    Verify: ``cat /proc/pressure/cpu /proc/pressure/memory``, or the cgroup's own files.

    Fix: find who uses it; then a higher request or limit.

    Sources: kernel, PSI.
    """
    one = pressure.value
    if one.cpu > limit or one.memory > 1:
        yield Finding(
            "pressure",
            f"in the last minute something waited for CPU {one.cpu:g} % of the time, all for memory "
            f"{one.memory:g} %",
            at(pressure.source, f"cpu some {one.cpu:g}, memory full {one.memory:g}"),
            f"at most {limit:g} % and 1 %",
            "kubectl top pod --containers",
            # The whole machine's is not always NGINX's.
            Severity.LOW if pressure.source.startswith("/proc/") else None,
        )


def _connections(conf: Conf) -> int:
    found = conf.top(CONNECTIONS)
    value = number(found.first) if found else None
    return USUAL if value is None else value


def _workers(conf: Conf, cpus: Cpus) -> int | None:
    found = conf.top("worker_processes")
    if found is None:
        return 1
    return cpus.online if found.first == "auto" else number(found.first)


def _where(conf: Fact[Conf], name: str) -> str:
    found = conf.value.top(name)
    return found.where if found else "NGINX's default"


CHECKS = (
    Check("L001", Severity.HIGH, "worker_rlimit_nofile is not granted", not_applied, (CONF, WORKERS)),
    Check("L002", Severity.HIGH, "Fewer files than connections", too_few_files, (WHOLE, WORKERS)),
    Check("L003", Severity.HIGH, "Fewer files than connections are set", blind_spot, (WHOLE,)),
    Check(
        "L004",
        Severity.CRITICAL,
        "A worker's files run out",
        files_run_out,
        (WORKERS,),
        limit=Limit(FULL, "of 1: the share of its files that a worker has open"),
    ),
    Check("L005", Severity.HIGH, "More workers than the CPU quota feeds", above_quota, (WHOLE, QUOTA, CPUS)),
    Check("L007", Severity.HIGH, "The CPU quota runs out", throttled, (THROTTLED,)),
    Check("L008", Severity.MEDIUM, "Workers share less than a CPU", shared_slice, (WHOLE, QUOTA, CPUS)),
    Check("L011", Severity.MEDIUM, "No memory for a reload", no_headroom, (MEMORY, WORKERS)),
    Check("L013", Severity.INFO, "Out of memory ends the container", together, (MEMORY,)),
    Check("L014", Severity.CRITICAL, "Processes were killed for memory", killed, (MEMORY,)),
    Check("L015", Severity.LOW, "auto counts CPUs that are not ours", pinned, (CONF, CPUS)),
    Check(
        "L016",
        Severity.MEDIUM,
        "CPU or memory is short",
        pressed,
        (PRESSURE,),
        limit=Limit(20.0, "percent of a minute that something may wait for CPU"),
    ),
    Check("L018", Severity.CRITICAL, "Files ran out", files_ran_out, (ERRORS,)),
)
