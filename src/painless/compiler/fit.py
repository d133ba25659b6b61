"""What NGINX's processes, connections and queues come to on a machine: all of it computed together.

Each value says why it is what it is, with the numbers and where they were found.  Nothing is more than the
machine grants: what the ConfigMap has above that is corrected where it cannot be had, and told where it can.
The file itself has only the reason's kind beside a value, so that a number which decides nothing is no line
that differs.
"""

from collections.abc import Iterator

from msgspec import Struct, structs

from painless.annotations.base import Defaults, setting
from painless.compiler.lower_upstreams import zone_size
from painless.compiler.options import Machine
from painless.features.bulkheads import HIGHEST, LOWEST_SHARE
from painless.features.listening import REUSE_PORT
from painless.features.upstream_keepalive import CONNECTIONS as KEPT
from painless.features.workers import CONNECTIONS, FILES, PROCESSES
from painless.nginx.tree import Directive, directive

MIB = 1 << 20
SLOT = 433  # Bytes that a worker touches at its start for each of its worker_connections.
GENERATIONS = 4  # Sets of workers that may be there at a time while old ones drain.
_QUARTER = 4  # Slots take at most this part of the memory: the rest is configuration, buffers, and Painless.
_WORKER = 1 * MIB  # Bytes of a worker's own that serves a small configuration, without its slots.
_USUAL_QUEUE = 511  # NGINX's own default: a machine that grants less was made smaller.
_FEWEST = 512  # NGINX's own default: fewer serve nobody.
_LOWERED = 4  # A default may be lowered to this part: what it became, and why, is among the settled values.
_LEAST = 64  # Each listening socket takes one, and NGINX refuses to have fewer than these.
_LEAST_FILES = (
    256  # A worker that has no file left for its logs, listeners and signals ends, and no other comes.
)


class Fitted(Struct, frozen=True):
    """One value and why; ``kind`` is the reason without numbers, for the line in the file."""

    name: str
    value: int | str
    because: str
    kind: str

    @property
    def directive(self) -> Directive:
        return directive(self.name, self.value, comment=self.kind)


class Concern(Struct, frozen=True):
    """What does not fit: about a key of the ConfigMap, or, without one, about the machine."""

    key: str
    says: str
    hint: str


class Fit(Struct, frozen=True):
    """All values that follow from the machine, and what did not fit it."""

    machine: Machine
    processes: Fitted
    files: Fitted
    connections: Fitted
    backlog: Fitted
    reuse_port: Fitted
    kept: Fitted
    share: Fitted
    zone: Fitted
    concerns: tuple[Concern, ...]

    @property
    def settled(self) -> tuple[Fitted, ...]:
        """What follows from machine and settings alone, in the order of the file."""
        return (
            self.processes,
            self.files,
            self.connections,
            self.backlog,
            self.reuse_port,
            self.kept,
            self.share,
        )

    @property
    def lines(self) -> tuple[Fitted, ...]:
        return (*self.settled, self.zone)


def fit(machine: Machine, defaults: Defaults, upstreams: int = 0) -> Fit:
    """Return what the settings come to on this machine, with so many upstreams."""
    processes, files = _processes(machine, defaults), _files(machine, defaults)
    connections = _connections(machine, defaults, int(processes.value), int(files.value))
    found = Fit(
        machine=machine,
        processes=processes,
        files=files,
        connections=connections,
        backlog=_backlog(machine),
        reuse_port=_reuse_port(defaults),
        kept=_kept(defaults, int(connections.value)),
        share=_share(int(processes.value), int(connections.value)),
        zone=Fitted(
            "zone", zone_size(upstreams), f"upstreams that share it with their peers: {upstreams}", ""
        ),
        concerns=(),
    )
    return found if not machine.where else _with_concerns(found, defaults)


def _processes(machine: Machine, defaults: Defaults) -> Fitted:
    name = "worker_processes"
    if asked := setting(defaults, PROCESSES):
        return Fitted(name, asked, _of_configmap(PROCESSES.name), "As many as the ConfigMap says.")
    says, kind = _cpus(machine)
    return Fitted(name, machine.fed, says, kind)


def _cpus(machine: Machine) -> tuple[str, str]:
    """Return why so many workers are fed."""
    cpus = f"{machine.cpus} CPUs may be used ({_where(machine, 'cpus')})"
    if machine.quota is None:
        return cpus, "As many as there are CPUs."
    quota = f"the CPU quota of {machine.quota:g} ({_where(machine, 'quota')})"
    if machine.fed < machine.quota:
        return f"{cpus}, fewer than {quota}", "As many as there are CPUs."
    return f"{quota}, rounded up", "As many as the CPU quota feeds."


def _files(machine: Machine, defaults: Defaults) -> Fitted:
    name, granted = "worker_rlimit_nofile", machine.open_files
    asked = setting(defaults, FILES)
    if 0 < asked < _LEAST_FILES <= granted:
        return Fitted(name, _LEAST_FILES, "logs and listeners take some", "As many as NGINX needs.")
    if asked and asked <= granted:
        return Fitted(name, asked, _of_configmap(FILES.name), "As many as the ConfigMap says.")
    says = f"{_where(machine, 'open_files')} is {granted}"
    return Fitted(name, granted, says, "As many as the system grants.")


def _connections(machine: Machine, defaults: Defaults, workers: int, files: int) -> Fitted:
    """Return the connections of a worker: what is asked for, as far as files and memory go."""
    # A request takes two, of one file each; a quarter is left for logs, caches and temporary files.
    by_files = max(_LEAST, files * 3 // 4)
    by_memory = _slots(machine, workers)
    asked = setting(defaults, CONNECTIONS) or by_files
    name, value = "worker_connections", max(_LEAST, min(asked, by_files, by_memory))
    if value < asked and by_memory < by_files:
        floor = "; fewer serve nobody" if value == _FEWEST else ""
        says = (
            f"a quarter of the memory limit of {_mib(machine.memory or 0)} "
            f"({_where(machine, 'memory')}) has room for those of {workers} workers in {GENERATIONS} "
            f"generations, {SLOT} bytes each{floor}"
        )
        return Fitted(name, value, says, "As many as fit the memory limit.")
    if value == by_files:
        says = f"three quarters of the {files} open files of a worker: the others are for logs and caches"
        return Fitted(name, value, says, "As many as the open files allow.")
    if value > asked:
        return Fitted(name, value, "each listening socket takes one", "As many as listening needs.")
    if CONNECTIONS.name in defaults:
        return Fitted(name, value, _of_configmap(CONNECTIONS.name), "As many as the ConfigMap says.")
    return Fitted(name, value, "ingress-nginx's default", "As many as ingress-nginx has.")


def _slots(machine: Machine, workers: int) -> int:
    """Return how many connections of each worker its share of the memory has room for."""
    if machine.memory is None:
        return 2**31 - 1
    return max(_FEWEST, machine.memory // _QUARTER // (workers * GENERATIONS * SLOT))


def _backlog(machine: Machine) -> Fitted:
    says = f"{_where(machine, 'backlog')} of this network namespace is {machine.backlog}"
    return Fitted("backlog", machine.backlog, says, "")


def _reuse_port(defaults: Defaults) -> Fitted:
    if setting(defaults, REUSE_PORT):
        says = f"{_of_configmap(REUSE_PORT.name)}: each worker has a queue, and who waits at a busy one waits"
        return Fitted("reuseport", "on", says, "")
    return Fitted("reuseport", "off", "one queue for all workers: a busy one keeps nobody waiting", "")


def _kept(defaults: Defaults, connections: int) -> Fitted:
    asked = setting(defaults, KEPT)
    if asked > connections:
        return Fitted("keepalive", connections, f"a worker has {connections} connections in all", "")
    says = _of_configmap(KEPT.name) if KEPT.name in defaults else "the default"
    return Fitted("keepalive", asked, f"{says}: idle ones that a worker keeps to each Service", "")


def _share(workers: int, connections: int) -> Fitted:
    """Return how many requests one Service may have open: half of all, each with a client and a pod."""
    half = workers * connections // 2 // 2
    says = f"half the requests of {workers} workers of {connections} connections"
    if half < LOWEST_SHARE:
        says = f"the least; {says}, would be {half}"
    elif half > HIGHEST:
        says = f"the most that NGINX counts; {says}, would be {half}"
    return Fitted("limit_conn", min(max(LOWEST_SHARE, half), HIGHEST), says, "")


def _with_concerns(found: Fit, defaults: Defaults) -> Fit:
    concerns = (*_too_many(found, defaults), *_too_little(found, defaults), *_about_queues(found))
    return structs.replace(found, concerns=concerns)


def _too_many(found: Fit, defaults: Defaults) -> Iterator[Concern]:
    """Yield what the ConfigMap asks for above what the machine has."""
    machine, asked = found.machine, setting(defaults, PROCESSES)
    if asked > machine.fed:
        says = f"found {asked} worker processes, expected at most {machine.fed}: {_cpus(machine)[0]}"
        yield Concern(PROCESSES.name, says, 'they take turns; "auto" has as many as the CPUs feed')
    for key, fitted in ((FILES, found.files), (CONNECTIONS, found.connections), (KEPT, found.kept)):
        value, most = setting(defaults, key), int(fitted.value)
        given = key.name in defaults
        if value > (most if given else _LOWERED * most):
            what = value if given else f"{fitted.name} {value} by default"
            says = f"found {what}, expected at most {most}: {fitted.because}"
            yield Concern(key.name if given else "", says, f"{fitted.name} is {most}")
        elif 0 < value < most:
            says = f"found {value}, expected {most} or more: {fitted.because}"
            yield Concern(key.name, says, f"{fitted.name} is {most}")


def _too_little(found: Fit, defaults: Defaults) -> Iterator[Concern]:
    """Yield when not even a reload fits the memory: two generations of workers, and what all share."""
    memory, workers, each = found.machine.memory, int(found.processes.value), int(found.connections.value)
    need = 2 * workers * (_WORKER + SLOT * each) + int(str(found.zone.value).removesuffix("m")) * MIB
    if memory is not None and memory < need:
        says = (
            f"found a memory limit of {_mib(memory)} ({_where(found.machine, 'memory')}), expected at least "
            f"{_mib(need)} for {workers} workers of {each} connections, and as many more during a reload"
        )
        key = PROCESSES.name if PROCESSES.name in defaults else ""
        yield Concern(key, says, "NGINX may be killed as it reloads")


def _about_queues(found: Fit) -> Iterator[Concern]:
    if found.reuse_port.value == "on" and not found.machine.moves_waiting:
        says = (
            "found the sysctl net.ipv4.tcp_migrate_req off, expected on: a reload with fewer workers resets "
            "the connections that wait for those which go"
        )
        yield Concern(REUSE_PORT.name, says, "set the sysctl to 1 for the Pod, or leave this off")
    if found.machine.backlog < _USUAL_QUEUE:
        says = f"found {found.backlog.because}, expected {_USUAL_QUEUE} or more"
        yield Concern("", says, "set net.core.somaxconn for the Pod: short bursts overflow the accept queue")


def _of_configmap(key: str) -> str:
    return f"{key} of the ConfigMap"


def _where(machine: Machine, field: str) -> str:
    return machine.where.get(field) or "assumed"


def _mib(size: int) -> str:
    return f"{size / MIB:.0f} MiB"
