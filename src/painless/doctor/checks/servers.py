"""Checks of servers and locations: who answers whom, and what clients may take."""

from collections import Counter
from collections.abc import Iterator

from painless.doctor import conf as nginx
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.conf import Block, Conf, Directive
from painless.doctor.facts import CONF, ERRORS, WHOLE, Errors, Fact
from painless.doctor.units import counted, size

SLOW_CLIENT = 30.0  # Seconds; NGINX's default is 60.
WITHIN_IF = frozenset("return set rewrite break".split())
SOCKET_OPTIONS = (
    "setfib",
    "fastopen",
    "backlog",
    "rcvbuf",
    "sndbuf",
    "accept_filter",
    "ipv6only",
    "so_keepalive",
)
SOCKET_FLAGS = ("deferred", "bind", "reuseport")
NOWHERE = 300.0  # Seconds a middlebox may forget an idle connection after; clouds have 240 to 350.


def same_name(conf: Fact[Conf]) -> Iterator[Finding]:
    """Of two servers with one name on one address NGINX uses the first, and only warns about the second.

    Verify: ``nginx -t`` says "conflicting server name … ignored".

    Fix: join the blocks, or remove one.

    Sources: https://nginx.org/en/docs/http/server_names.html
    """
    seen: dict[tuple[str, str], Block] = {}
    for server in conf.value.servers:
        for address in _addresses(server):
            for name in dict.fromkeys(_names(server)):
                first = seen.setdefault((address, name), server)
                if first is not server and name:
                    yield Finding(
                        f"{address} {name}",
                        f"{name} on {address} is served by another block, this one is never used",
                        (Evidence("used", first.where), Evidence("never used", server.where)),
                        "one server for a name",
                        f"# remove {name} from {server.where}",
                    )


def no_default(conf: Fact[Conf]) -> Iterator[Finding]:
    """Requests for names nobody has are answered by whichever server stands first.

    Verify: ``curl -H "Host: nobody.invalid" http://ADDRESS/``.

    Fix: a server of its own that says 404, or 444, to names it does not know.

    Sources: https://nginx.org/en/docs/http/request_processing.html
    """
    by_address: dict[str, list[Block]] = {}
    marked: set[str] = set()
    for server in conf.value.servers:
        for address in dict.fromkeys(_addresses(server)):
            by_address.setdefault(address, []).append(server)
        marked.update(
            nginx.address(one)
            for one in server.own.get("listen", ())
            if {"default_server", "default"} & set(one.args)
        )
    for address, servers in by_address.items():
        if len(servers) > 1 and address not in marked and not any("_" in _names(one) for one in servers):
            yield Finding(
                f"listen {address}",
                f"{servers[0].label} answers for all names that none of the {len(servers)} servers has",
                at(servers[0].where, f"the first of {len(servers)} servers on {address}"),
                "a server that is marked default_server",
                f"server {{ listen {address.removeprefix('*:')} default_server; return 444; }}",
            )


def twice(conf: Fact[Conf]) -> Iterator[Finding]:
    """Options of a socket may stand on one ``listen`` of its address only; with two NGINX does not load.

    Verify: ``nginx -t`` says "duplicate listen options".

    Fix: keep them on the default server.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
    """
    seen: dict[str, Directive] = {}
    for server in conf.value.servers:
        for one in server.own.get("listen", ()):
            if not _options(one):
                continue
            first = seen.setdefault(nginx.address(one), one)
            if first is not one:
                yield Finding(
                    f"listen {nginx.address(one)}",
                    f"options of {nginx.address(one)} stand twice: NGINX does not load this",
                    (Evidence(first.text, first.where), Evidence(one.text, one.where)),
                    "options on one listen",
                    f"listen {one.first};   # in {one.where}",
                )


def evil_if(conf: Fact[Conf]) -> Iterator[Finding]:
    """``if`` in a location makes a location of its own: what stands beside it may or may not hold.

    Only ``return``, ``rewrite`` and ``set`` are safe in it.

    Verify: read the directives within the ``if``.

    Fix: ``map`` for a value, ``return`` or ``rewrite`` for a decision.

    Sources: https://github.com/nginxinc/nginx-wiki, "If is Evil".
    """
    for block in conf.value.blocks.get("if", ()):
        others = [one for name, some in block.own.items() for one in some if name not in WITHIN_IF]
        if block.outer and block.outer.name == "location" and others:
            harmless = all(one.name in HARMLESS for one in others)
            yield Finding(
                f"{block.outer.label} if {' '.join(block.args)}",
                f"{', '.join(sorted({one.name for one in others}))} within an if",
                at(others[0].where, others[0].text),
                "return, rewrite or set",
                "map $variable $value { … }   # and use $value outside of the if",
                Severity.LOW if harmless else None,
            )


HARMLESS = frozenset("expires add_header access_log limit_rate deny allow".split())
"""Directives that work in an ``if`` where nothing else stands beside them."""


def lost_headers(conf: Fact[Conf]) -> Iterator[Finding]:
    """A block with an ``add_header`` of its own has none of those from outside, security headers included.

    Verify: ``curl -sI`` for a URL of that location.

    Fix: repeat them, or ``add_header_inherit merge`` (NGINX 1.29.3).

    Sources: https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header
    """
    for own in _with_headers(conf.value):
        outer = own.outer
        theirs = outer.nearest("add_header") if outer else []
        lost = sorted({one.first for one in theirs} - {one.first for one in own.own["add_header"]})
        if lost and own.value("add_header_inherit") is None:
            yield Finding(
                own.label,
                f"{own.label} loses {', '.join(lost)}",
                (
                    Evidence(own.own["add_header"][0].text, own.own["add_header"][0].where),
                    Evidence(theirs[0].text, theirs[0].where),
                ),
                "the headers of the block around it, too",
                "add_header_inherit merge;",
            )


def any_body(conf: Fact[Conf]) -> Iterator[Finding]:
    """A body of any size may fill the disk that bodies are kept on.

    Verify: ``grep client_max_body_size`` in the configuration.

    Fix: what your largest upload needs.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
    """
    for one in conf.value.all("client_max_body_size"):
        if size(one.first) == 0 and one.block.value("proxy_request_buffering") is None:
            yield Finding(
                f"{one.block.label} client_max_body_size",
                "clients may send bodies of any size, and they are kept on disk",
                at(one.where, one.text),
                "a limit",
                "client_max_body_size 100m;",
            )


def large_requests(errors: Fact[Errors]) -> Iterator[Finding]:
    """Requests with large cookies or tokens are refused with 400 or 414.

    Verify: ``grep "client sent too large" error.log``.

    Fix: larger buffers, if the requests are your clients'.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers
    """
    if told := errors.value.kinds.get("large request"):
        yield Finding(
            "error log",
            f"{told.count} requests of the last hour had larger headers than are taken",
            at(errors.source, told.last),
            "none",
            "large_client_header_buffers 4 16k;",
        )


def slow_clients(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """A client that sends slowly holds a connection, a file and buffers for that long.

    Verify: ``grep -E "client_(header|body)_timeout"`` in the configuration; the default is 60 s.

    Fix: 10 to 15 seconds between two reads are enough for people.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#client_header_timeout
    """
    for http in conf.value.https:
        for name in ("client_header_timeout", "client_body_timeout"):
            one = http.value(name)
            most = one.seconds if one else 60.0
            if most is not None and most > limit:
                yield Finding(
                    name,
                    f"{name} is {most:.0f} s",
                    at(one.where if one else "NGINX's default", one.text if one else f"{name} 60s"),
                    f"at most {limit:g} s",
                    f"{name} 15s;",
                )


def no_limits(conf: Fact[Conf]) -> Iterator[Finding]:
    """Nothing keeps one client, or one slow application, from taking all connections.

    Verify: ``grep -E "limit_(conn|req)"`` in the configuration.

    Fix: ``limit_conn`` for each address, and for each application.

    Sources: https://nginx.org/en/docs/http/ngx_http_limit_conn_module.html
    """
    if conf.value.proxied() and not any(True for _ in conf.value.all("limit_conn", "limit_req")):
        yield Finding(
            "limits",
            "there is neither limit_conn nor limit_req",
            at(conf.value.main.file, "no limit_conn, no limit_req"),
            "a limit where clients come from outside",
            "limit_conn_zone $binary_remote_addr zone=clients:10m;   # and: limit_conn clients 100;",
        )


def falls_silent(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """A WebSocket that is silent for minutes is forgotten on the way, and both ends keep a dead connection.

    Load balancers and NATs forget idle connections after four to six minutes.

    Verify: leave one open and silent, then send.

    Fix: ``so_keepalive`` of ``listen``, or pings of the application.

    Sources: AWS, Azure and Google: idle time-outs of their load balancers.
    """
    asked = any(one.option("so_keepalive") not in {None, "off"} for one in conf.value.listens)
    blocks = [one for one in conf.value.proxied() if nginx.upgrades(one)]
    for one, some in nginx.settings(blocks, "proxy_read_timeout").items():
        if one is not None and (one.seconds or 0) > limit and not asked:
            yield Finding(
                f"{one.block.label} proxy_read_timeout",
                f"WebSockets of {counted(len(some), 'location')} may be silent for {one.seconds:.0f} s",
                at(one.where, one.text),
                f"so_keepalive, or at most {limit:g} s",
                "listen 443 ssl so_keepalive=60s:10s:6;",
            )


def open_status(conf: Fact[Conf]) -> Iterator[Finding]:
    """Whoever asks is told how much NGINX has to do.

    Verify: ask for it from outside.

    Fix: ``allow 127.0.0.1; deny all;``, or a server on loopback.

    Sources: https://nginx.org/en/docs/http/ngx_http_stub_status_module.html
    """
    for one in conf.value.all("stub_status"):
        listens = one.block.nearest("listen")
        private = listens and all(
            each.first.startswith(("127.", "unix:", "[::1]", "localhost")) for each in listens
        )
        guarded = (
            one.block.nearest("deny") or one.block.value("auth_basic") or one.block.value("auth_request")
        )
        if not private and not guarded and one.first != "off":
            yield Finding(
                one.block.label,
                "anybody may read the status page",
                at(one.where, one.text),
                "allow and deny, or a listener on loopback",
                "allow 127.0.0.1; deny all;",
            )


def dear_gzip(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """Above level 6 gzip takes far more CPU for hardly fewer bytes, and everybody else waits for it.

    Verify: ``grep gzip_comp_level`` in the configuration.

    Fix: 1 to 5; compress what does not change once (``gzip_static``).

    Sources: zlib; Dropbox, "Optimizing web servers".
    """
    for one in conf.value.all("gzip_comp_level"):
        if one.number is not None and one.number > limit:
            yield Finding(
                f"{one.block.label} gzip_comp_level",
                f"gzip works at level {one.number}",
                at(one.where, one.text),
                f"at most {limit:g}",
                "gzip_comp_level 5;",
            )


def _names(server: Block) -> list[str]:
    return [name for one in server.own.get("server_name", ()) for name in one.args]


def _addresses(server: Block) -> list[str]:
    return [nginx.address(one) for one in server.own.get("listen", ())] or ["*:80"]


def _options(listen: Directive) -> bool:
    named = any(listen.option(name) is not None for name in SOCKET_OPTIONS)
    return named or bool(set(SOCKET_FLAGS) & set(listen.args[1:]))


def _with_headers(conf: Conf) -> Iterator[Block]:
    """Yield each block with headers of its own, once."""
    count = Counter(id(one.block) for one in conf.all("add_header"))
    for one in conf.all("add_header"):
        if count.pop(id(one.block), 0):
            yield one.block


CHECKS = (
    Check("V001", Severity.MEDIUM, "Two servers have one name", same_name, (CONF,)),
    Check("V002", Severity.MEDIUM, "Nobody answers for unknown names", no_default, (WHOLE,)),
    Check("V003", Severity.HIGH, "Options of a listener stand twice", twice, (CONF,)),
    Check("V006", Severity.HIGH, "More than a decision within an if", evil_if, (CONF,)),
    Check("V007", Severity.MEDIUM, "A location loses headers", lost_headers, (CONF,)),
    Check("V008", Severity.MEDIUM, "Bodies of any size", any_body, (CONF,)),
    Check("V009", Severity.LOW, "Requests are larger than is taken", large_requests, (ERRORS,)),
    Check(
        "V010",
        Severity.LOW,
        "Slow clients hold much",
        slow_clients,
        (WHOLE,),
        limit=Limit(SLOW_CLIENT, "seconds that a client may be silent in a request"),
    ),
    Check("V011", Severity.LOW, "There are no limits", no_limits, (WHOLE,)),
    Check(
        "V014",
        Severity.MEDIUM,
        "WebSockets may die silently",
        falls_silent,
        (WHOLE,),
        limit=Limit(NOWHERE, "seconds after which a middlebox forgets a connection"),
    ),
    Check("V015", Severity.MEDIUM, "Anybody may read the status", open_status, (WHOLE,)),
    Check(
        "V016",
        Severity.LOW,
        "gzip works hard",
        dear_gzip,
        (CONF,),
        limit=Limit(6, "the highest level of gzip"),
    ),
)
