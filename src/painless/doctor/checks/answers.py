"""Checks of what the error log says of applications: whether they can be reached, and what they answer."""

from collections.abc import Iterator

from painless.doctor.check import Check, Finding, Severity, at
from painless.doctor.facts import ERRORS, Errors, Fact


def no_ports(errors: Fact[Errors]) -> Iterator[Finding]:
    """All ports for connections to one pod are taken: new ones fail at once, with 502.

    Verify: ``ss -tan | awk '{print $5}' | sort | uniq -c | sort -n | tail``.

    Fix: kept connections (U001), and a wider range of ports (K012).

    Sources: measured: 36 of 100 requests failed with 64 ports.
    """
    yield from _told(errors, "ports", "a connection had no port left", "keepalive 32;   # in the upstream")


def their_queue(errors: Fact[Errors]) -> Iterator[Finding]:
    """Connecting timed out: the accept queue of the application is full, or packets are lost on the way.

    Verify: ``ss -ltn`` in the application's Pod.

    Fix: a larger backlog of the application, or more replicas.

    Sources: measured; see K001 for the same on NGINX's side.
    """
    yield from _told(
        errors,
        "connecting",
        "connecting to an application timed out",
        "kubectl scale deployment NAME --replicas N",
    )


def large_answers(errors: Fact[Errors]) -> Iterator[Finding]:
    """An answer with large headers, cookies mostly, becomes a 502.

    Verify: ``grep "upstream sent too big header" error.log``.

    Fix: a larger ``proxy_buffer_size``.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size
    """
    yield from _told(
        errors, "large answer", "an answer had larger headers than is taken", "proxy_buffer_size 16k;"
    )


def to_disk(errors: Fact[Errors]) -> Iterator[Finding]:
    """Answers that do not fit the buffers are written to disk, and the worker waits for the disk.

    Verify: ``grep "buffered to a temporary file" error.log``.

    Fix: larger ``proxy_buffers``, or ``proxy_max_temp_file_size 0``.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_max_temp_file_size
    """
    yield from _told(errors, "to disk", "an answer went to disk", "proxy_max_temp_file_size 0;")


def closed_early(errors: Fact[Errors]) -> Iterator[Finding]:
    """The application closed a connection that NGINX had just used: a 502 for every POST that hits it.

    Its time-out for idle connections is shorter than NGINX's.

    Verify: ``grep "prematurely closed" error.log``; are they POSTs, at once?

    Fix: ``keepalive_timeout`` of the upstream below the application's: 4s for Node.js and uvicorn.

    Sources: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout; measured.
    """
    yield from _told(
        errors,
        "premature",
        "an application closed a connection early",
        "keepalive_timeout 4s;   # in the upstream",
    )


def _told(errors: Fact[Errors], kind: str, says: str, fix: str) -> Iterator[Finding]:
    if told := errors.value.kinds.get(kind):
        times = f"{told.count} times in the last {errors.value.seconds / 60:.0f} minutes"
        yield Finding("error log", f"{times} {says}", at(errors.source, told.last), "never", fix)


CHECKS = (
    Check("U013", Severity.LOW, "Answers go to disk", to_disk, (ERRORS,)),
    Check("U014", Severity.MEDIUM, "Answers have large headers", large_answers, (ERRORS,)),
    Check("U016", Severity.HIGH, "No ports are left", no_ports, (ERRORS,)),
    Check("U018", Severity.MEDIUM, "Applications do not accept in time", their_queue, (ERRORS,)),
    Check("U020", Severity.MEDIUM, "Applications close kept connections", closed_early, (ERRORS,)),
)
