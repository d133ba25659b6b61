"""Checks of NGINX's processes, events and logs, as the configuration has them."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Severity, at
from painless.doctor.conf import PASSES, Block, Conf, Directive, upgrades
from painless.doctor.facts import CONF, CPUS, ERRORS, MEMORY, WHOLE, Cpus, Errors, Fact, Memory
from painless.doctor.units import counted, mib, number
from painless.nginx.build import Version

SLOT = 433  # Bytes that a worker touches at its start for each of its worker_connections; measured.
UPSTREAM_TIMES = (
    *("$request_time", "$upstream_connect_time", "$upstream_header_time", "$upstream_response_time"),
    *("$upstream_addr", "$upstream_status"),
)
QUIET = frozenset({"crit", "alert", "emerg"})
EXPLICIT: Version = (1, 29, 7)
WEBSOCKETS: Version = (1, 13, 7)


def no_end(conf: Fact[Conf]) -> Iterator[Finding]:
    """Without ``worker_shutdown_timeout`` an old worker stays as long as its last connection does.

    Each reload then leaves a set of workers with the whole configuration in memory, until memory is out.

    Verify: ``ps -C nginx -o pid,etime,args | grep "shutting down"``.

    Fix: longer than your longest usual request, shorter than the time in which reloads fill the memory.

    Sources: https://nginx.org/en/docs/ngx_core_module.html#worker_shutdown_timeout
    """
    one = conf.value.main.value("worker_shutdown_timeout")
    proxied = conf.value.proxied()
    if proxied and (one is None or one.seconds == 0):
        long_lived = any(upgrades(block) for block in proxied)
        yield Finding(
            "worker_shutdown_timeout",
            "old workers never have to leave" + (", and WebSockets are passed on" if long_lived else ""),
            (
                _set(one, "not set"),
                Evidence(f"{counted(len(proxied), 'location')} passing requests on", proxied[0].where),
            ),
            "a time, such as 240s",
            "worker_shutdown_timeout 240s;",
            # Plain requests end by their own time-outs.
            None if long_lived else Severity.MEDIUM,
        )


def too_many_slots(conf: Fact[Conf], memory: Fact[Memory], cpus: Fact[Cpus]) -> Iterator[Finding]:
    """Each of ``worker_connections`` takes memory in each worker of each generation, used or not.

    Verify: ``Private_Dirty`` in ``/proc/PID/smaps_rollup`` of an idle worker.

    Fix: about twice the connections that you have at most.

    Sources: measured: 433 bytes each, touched at the start.
    """
    found = conf.value.top("worker_connections")
    processes = conf.value.top("worker_processes")
    workers = cpus.value.online if processes and processes.first == "auto" else 1
    workers = (number(processes.first) if processes else None) or workers
    if found is None or found.number is None or memory.value.limit is None:
        return
    need = SLOT * found.number * workers
    if need > memory.value.limit / 5:
        yield Finding(
            "worker_connections",
            f"the slots of {workers} workers take {mib(need)} of {mib(memory.value.limit)}",
            (Evidence(found.text, found.where), Evidence(f"limit {mib(memory.value.limit)}", memory.source)),
            "at most a fifth",
            f"worker_connections {max(512, int(memory.value.limit / 5 / SLOT / workers))};",
        )


def takes_turns(conf: Fact[Conf]) -> Iterator[Finding]:
    """With ``accept_mutex`` one worker at a time accepts, and the others wait although clients do.

    Verify: ``grep accept_mutex`` in the configuration; it is off since NGINX 1.11.3.

    Fix: remove the line.

    Sources: https://nginx.org/en/CHANGES (1.11.3); measured: the capacity of one worker.
    """
    for one in conf.value.all("accept_mutex"):
        if one.first == "on":
            yield _line(one, "one worker at a time accepts", "off, the default", "accept_mutex off;")


def greedy(conf: Fact[Conf]) -> Iterator[Finding]:
    """With ``multi_accept`` the first worker that wakes takes the whole burst, and the others take nothing.

    Verify: count the connections of each worker: ``ls /proc/PID/fd | wc -l``.

    Fix: off, unless each worker has a queue of its own (``reuseport``).

    Sources: Cloudflare, "Why does one NGINX worker take all the load?".
    """
    shared = [one for one in conf.value.listens if "reuseport" not in one.args]
    for one in conf.value.all("multi_accept"):
        if one.first == "on" and shared:
            yield _line(one, "one worker takes a whole burst", "off with a shared queue", "multi_accept off;")


def some_reuseport(conf: Fact[Conf]) -> Iterator[Finding]:
    """Listeners with and without ``reuseport`` share connections between workers in two ways.

    Verify: ``ss -ltn`` shows a line for each worker where it is on, and one where it is off.

    Fix: the same for all.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#reuseport
    """
    found = [one for one in conf.value.listens if not one.first.startswith(("unix:", "127.", "[::1]"))]
    found = [one for one in found if not {"udp", "quic"} & set(one.args)]
    on = {one.first for one in found if "reuseport" in one.args}
    off = [one for one in found if one.first not in on]
    if on and off:
        yield _line(
            off[0],
            f"{off[0].first} has no reuseport, {min(on)} has",
            "the same for all",
            off[0].text[:-1] + " reuseport;",
        )


def alone(conf: Fact[Conf]) -> Iterator[Finding]:
    """``master_process off`` is for developers: no reload, no second worker.

    Verify: ``ps -C nginx``.

    Fix: remove the line.

    Sources: https://nginx.org/en/docs/ngx_core_module.html#master_process
    """
    for one in conf.value.all("master_process"):
        if one.first == "off":
            yield _line(one, "NGINX runs without a master", "on, the default", "master_process on;")


def silent_log(conf: Fact[Conf]) -> Iterator[Finding]:
    """What tells a full queue from missing files or ports is in the error log, at levels up to ``notice``.

    Verify: look at the level and the file of ``error_log``.

    Fix: ``notice``, to a place that is collected.

    Sources: https://nginx.org/en/docs/ngx_core_module.html#error_log
    """
    fix = "error_log /dev/stderr notice;"
    for one in conf.value.all("error_log"):
        together = one.block.own["error_log"]
        if one.first == "off":
            yield _line(one, "errors go to a file named off", "a file or stderr", fix)
        # A block may have several: what one of them logs is logged.
        elif one is together[0] and all(map(_is_quiet, together)) and not one.block.private:
            yield _line(one, "errors are not logged", "level error or lower", fix)


def _is_quiet(one: Directive) -> bool:
    return one.first == "/dev/null" or (len(one.args) > 1 and one.args[-1] in QUIET)


def untimed_log(conf: Fact[Conf]) -> Iterator[Finding]:
    """Without the times of upstreams in the access log no time-out can be chosen by what requests take.

    Verify: look at ``log_format``.

    Fix: log the six variables; time-outs follow from their highest usual values.

    Sources: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables
    """
    if not any(True for _ in conf.value.all(*PASSES)):
        return
    logs = [one for one in conf.value.all("access_log") if one.option("if") is None]
    used = {name for one in logs for name in one.args[1:]}
    for one in conf.value.all("log_format"):
        text = " ".join(one.args[1:])
        lacking = [name for name in UPSTREAM_TIMES if name not in text]
        if lacking and one.block.name == "http" and one.first in used:
            yield Finding(
                f"log_format {one.first}",
                f"log_format {one.first} has no {', '.join(lacking)}",
                at(one.where, f"log_format {one.first}"),
                "all six of them",
                f"log_format {one.first} '… {' '.join(lacking)}';",
            )


def tables(errors: Fact[Errors]) -> Iterator[Finding]:
    """When a hash table has no room for its names NGINX does not load, or searches for longer.

    Verify: ``grep "could not build" error.log``.

    Fix: the directive that the line names, twice as large.

    Sources: https://nginx.org/en/docs/hash.html
    """
    if told := errors.value.kinds.get("hash"):
        yield Finding(
            "error log",
            "a hash table is too small for its names",
            at(errors.source, told.last),
            "no such line",
            "server_names_hash_max_size 4096;   # or the one that the line names",
        )


def no_resolver(conf: Fact[Conf]) -> Iterator[Finding]:
    """A name in a variable is looked up for each request, and without ``resolver`` that fails with 502.

    Verify: ``grep "no resolver defined" error.log``.

    Fix: ``resolver`` with the address of your DNS.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass
    """
    upstreams = {one.args[0] for one in conf.value.upstreams if one.args}
    for one in conf.value.all("proxy_pass"):
        host = one.first.partition("://")[2].partition("/")[0]
        given = {
            each.args[1] for each in conf.value.all("set") if len(each.args) > 1 and each.args[0] == host
        }
        known = bool(given) and all(each in upstreams for each in given)
        if host.startswith("$") and one.block.value("resolver") is None and not upstreams and not known:
            yield Finding(
                one.block.label,
                f"{one.first} needs a resolver and there is none",
                at(one.where, one.text),
                "resolver",
                "resolver 10.96.0.10 valid=10s;",
            )


def tells_version(conf: Fact[Conf]) -> Iterator[Finding]:
    """Each answer tells the version of NGINX to whoever looks for one with holes.

    Verify: ``curl -sI http://HOST/ | grep Server``.

    Fix: ``server_tokens off``.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#server_tokens
    """
    for http in conf.value.https:
        one = http.value("server_tokens")
        if one is None or one.first in {"on", "build"}:
            yield Finding(
                "server_tokens",
                "answers tell the version of NGINX",
                (_set(one, "server_tokens on, the default"),),
                "off",
                "server_tokens off;",
            )


def few_requests(conf: Fact[Conf]) -> Iterator[Finding]:
    """A client's connection ends after so many requests, and the next one begins with handshakes.

    Verify: ``grep keepalive_requests`` in the configuration.

    Fix: 1000, NGINX's default since 1.19.10, or more.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_requests
    """
    for one in conf.value.all("keepalive_requests"):
        if one.number is not None and one.number < 1000 and one.block.name != "upstream":
            yield _line(
                one,
                f"connections end after {one.number} requests",
                "1000 or more",
                "keepalive_requests 1000;",
            )


def _set(one: Directive | None, default: str) -> Evidence:
    return Evidence(one.text, one.where) if one else Evidence(default, "NGINX's default")


def _line(one: Directive, says: str, expected: str, fix: str) -> Finding:
    return Finding(f"{_label(one.block)}{one.name}", says, at(one.where, one.text), expected, fix)


def _label(block: Block) -> str:
    return f"{block.label} " if block.outer else ""


CHECKS = (
    Check("N001", Severity.HIGH, "Old workers may stay for ever", no_end, (WHOLE,)),
    Check("N007", Severity.LOW, "Connections take much of the memory", too_many_slots, (CONF, MEMORY, CPUS)),
    Check("N008", Severity.MEDIUM, "One worker at a time accepts", takes_turns, (CONF,)),
    Check("N009", Severity.LOW, "One worker takes the burst", greedy, (CONF,)),
    Check("N011", Severity.MEDIUM, "Some listeners have reuseport", some_reuseport, (CONF,)),
    Check("N012", Severity.HIGH, "NGINX runs without a master", alone, (CONF,)),
    Check("N013", Severity.MEDIUM, "Errors are not logged", silent_log, (CONF,)),
    Check("N015", Severity.LOW, "The log has no times of upstreams", untimed_log, (CONF,)),
    Check("N016", Severity.MEDIUM, "A hash table is too small", tables, (ERRORS,)),
    Check("N019", Severity.MEDIUM, "Names without a resolver", no_resolver, (WHOLE,)),
    Check("N020", Severity.LOW, "The version is told", tells_version, (WHOLE,)),
    Check("N022", Severity.LOW, "Clients' connections end early", few_requests, (CONF,)),
)
