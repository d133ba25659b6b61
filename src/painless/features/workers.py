"""What NGINX's processes may use.

ConfigMap only.  ``worker-processes`` is a number or ``auto``, as many as the CPU quota feeds.
``max-worker-connections`` (default 16384; 0 for three quarters of the files) and ``max-worker-open-files``
(0 for what the system grants; 256 at least, of which logs and listeners take some) hold for each worker.
They are never more than the system grants, and connections never more than a quarter of the memory limit has
room for (docs/explain/fit-to-the-machine.md).
``worker-shutdown-timeout`` (240s) is the longest that an old worker lives after a reload.
``worker-cpu-affinity`` binds workers to CPUs.  ``enable-multi-accept`` (true) has a worker take all waiting
connections at once.  ``enable-aio-write`` writes temporary files of buffered answers in threads; it is off,
as answers are not buffered by default.  ``debug-connections`` lists clients whose connections are logged in
detail, by an NGINX built for that.
"""

from painless.annotations.base import LONGEST_LIST, Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean, duration, networks, whole_number
from painless.nginx.tree import Directive, block, directive

_MOST_WORKERS = 1024


def _number(text: str) -> int | Rejected:
    found = 0 if text == "auto" else whole_number(1, _MOST_WORKERS)(text)
    return Rejected(f"{found.expected}, or auto") if isinstance(found, Rejected) else found


def _masks(text: str) -> tuple[str, ...] | Rejected:
    words = text.split()
    masks = words[1:] if words[:1] == ["auto"] else words
    good = all(set(one) <= {"0", "1"} and "1" in one and len(one) <= _MOST_WORKERS for one in masks)
    return tuple(words) if words and good else Rejected('"auto" or masks such as 0001 0010')


PROCESSES = Setting("worker-processes", _number, 0, "How many workers; auto fits the CPU quota.", "4")
CONNECTIONS = Setting(
    "max-worker-connections",
    whole_number(0, 2**31 - 1),
    16_384,
    "Connections of one worker; 0 is as many as its files allow.",
    "65536",
)
FILES = Setting(
    "max-worker-open-files",
    whole_number(0, 2**31 - 1),
    0,
    "Open files of one worker; 0 is what the system grants.",
    "65536",
)
SHUTDOWN = Setting(
    "worker-shutdown-timeout", duration, "240s", "The longest that an old worker lives after a reload.", "10m"
)
AFFINITY: Setting[tuple[str, ...]] = Setting(
    "worker-cpu-affinity", _masks, (), "Which CPUs workers are bound to.", "auto"
)
MULTI_ACCEPT = Setting(
    "enable-multi-accept", boolean, default=True, doc="Take all waiting connections at once.", example="false"
)
AIO_WRITE = Setting(
    "enable-aio-write",
    boolean,
    default=False,
    doc="Write temporary files in threads.",
    example="true",
    needs="threads",
)
DEBUG: Setting[tuple[str, ...]] = Setting(
    "debug-connections",
    networks,
    default=(),
    doc="Clients whose connections are logged in detail.",
    example="192.168.1.7",
    longest=LONGEST_LIST,
    needs="debug",
)

KEYS = ()
SETTINGS = (PROCESSES, CONNECTIONS, FILES, SHUTDOWN, AFFINITY, MULTI_ACCEPT, AIO_WRITE, DEBUG)


def main(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what stands at the top, beside what the machine decides."""
    affinity = setting(defaults, AFFINITY)
    return (
        *((directive("worker_cpu_affinity", *affinity),) if affinity else ()),
        directive(
            "worker_shutdown_timeout",
            setting(defaults, SHUTDOWN),
            comment="The longest an old worker lives after a reload.",
        ),
    )


def events(defaults: Defaults, connections: Directive) -> Directive:
    """Return the block about connections; how many a worker has is decided with the machine."""
    return block(
        "events",
        body=(
            connections,
            directive("multi_accept", "on" if setting(defaults, MULTI_ACCEPT) else "off"),
            *(directive("debug_connection", one) for one in setting(defaults, DEBUG)),
        ),
    )


def http(defaults: Defaults) -> tuple[Directive, ...]:
    if not setting(defaults, AIO_WRITE):
        return ()
    return directive("aio", "threads"), directive("aio_write", "on")
