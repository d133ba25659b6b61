"""Checks of upstreams and of what is passed on to them: connections, time-outs, retries."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.conf import Block, Conf, Directive, settings, upgrades
from painless.doctor.facts import BUILD, CONF, WHOLE, Fact
from painless.doctor.units import counted, number
from painless.nginx.build import Build, Version, spelled

KEEPS: Version = (1, 29, 7)
RESOLVES: Version = (1, 27, 3)
LONG_CONNECT = 5.0  # Seconds: a lost SYN is sent again after 1, 2 and 3.
CONNECT = 60.0  # NGINX's default.
LONG_READ = 3600.0  # Seconds: no answer takes an hour; a stream does.
SHORT_READ = 1.0
MANY = 3  # Peers.
SPREADS = frozenset("timeout http_500 http_502 http_503 http_504 invalid_header".split())


def no_keepalive(conf: Fact[Conf], build: Fact[Build] | None) -> Iterator[Finding]:
    """Without idle connections that are kept, each request makes one: a port, a round trip, 502 in the end.

    Before NGINX 1.29.7 that is the default, and ``keepalive`` alone is not enough: it takes HTTP/1.1 and an
    empty ``Connection``.

    Verify: ``ss -tan state time-wait | wc -l`` while requests come.

    Fix: the three lines together.

    Sources: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
    """
    old = build is None or build.value.version < KEEPS
    version = spelled(build.value.version) if build else "unknown"
    users = _users(conf.value)
    for upstream in conf.value.upstreams:
        if _is_local(upstream):
            continue
        blocks = users.get(" ".join(upstream.args), [])
        why = _not_kept(upstream, blocks, old=old)
        if blocks and why:
            yield Finding(
                f"upstream {' '.join(upstream.args)}",
                f"each request to {' '.join(upstream.args)} makes a connection: {why}",
                (
                    Evidence(f"upstream {' '.join(upstream.args)}", upstream.where),
                    Evidence(f"NGINX {version}", build.source if build else "not known"),
                ),
                "connections that are kept",
                'keepalive 32;   # and: proxy_http_version 1.1; proxy_set_header Connection "";',
                # A newer one keeps them by default.
                Severity.MEDIUM if build is None else None,
            )


def slow_connect(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """A pod that does not answer holds two connections of NGINX for that long, for each request.

    Within a cluster a connection takes milliseconds; one lost packet makes it a second.

    Verify: ``$upstream_connect_time`` in the access log.

    Fix: 2 to 5 seconds.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_connect_timeout; measured.
    """
    local = {" ".join(one.args) for one in conf.value.upstreams if _is_local(one)}
    proxied = [
        one for one in conf.value.proxied() if _host(one.own["proxy_pass"][0]) not in {*local, "unix:"}
    ]
    for one, blocks in settings(proxied, "proxy_connect_timeout").items():
        most = one.seconds if one else CONNECT
        if most is not None and most > limit:
            yield Finding(
                f"{one.block.label if one else 'default'} proxy_connect_timeout",
                f"connecting may take {most:.0f} s in {counted(len(blocks), 'location')}",
                (
                    at(one.where, one.text)
                    if one
                    else (
                        Evidence("not set: 60s", "NGINX's default"),
                        Evidence("proxy_pass", blocks[0].where),
                    )
                ),
                f"at most {limit:g} s",
                "proxy_connect_timeout 5s;",
                # So long it is where nobody thought of it; longer, where somebody did.
                None if most > CONNECT else Severity.MEDIUM,
            )


def slow_read(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """An application that hangs holds two connections of NGINX for that long, for each request.

    Of WebSockets this says nothing: they are silent for long.

    Verify: ``$upstream_header_time`` in the access log: its highest usual value is what is needed.

    Fix: twice the highest usual time; longer only where answers are streams.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout
    """
    for one, blocks in settings(conf.value.proxied(), "proxy_read_timeout").items():
        plain = [block for block in blocks if not upgrades(block)]
        if one is not None and (one.seconds or 0) >= limit and plain:
            yield Finding(
                f"{one.block.label} proxy_read_timeout",
                f"an application may be silent for {one.seconds:.0f} s in {counted(len(plain), 'location')}",
                at(one.where, one.text),
                f"less than {limit:g} s",
                "proxy_read_timeout 60s;",
            )


def short_read(conf: Fact[Conf], *, limit: float) -> Iterator[Finding]:
    """An answer that takes a moment longer is cut, and the client gets 504 for work that was done.

    Verify: count the 504 in the access log.

    Fix: twice the highest usual ``$upstream_header_time``.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout
    """
    for one in settings(conf.value.proxied(), "proxy_read_timeout"):
        if one is not None and one.seconds is not None and one.seconds <= limit:
            yield Finding(
                f"{one.block.label} proxy_read_timeout",
                f"answers that take longer than {one.seconds:g} s are cut",
                at(one.where, one.text),
                f"more than {limit:g} s",
                "proxy_read_timeout 30s;",
            )


def unbounded_retries(conf: Fact[Conf]) -> Iterator[Finding]:
    """A request that times out is tried on one pod after the other, and takes down what is left of them.

    Verify: count the addresses in ``$upstream_addr`` of slow requests.

    Fix: at most three tries, in a time that a client waits.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream_tries
    """
    users = _users(conf.value)
    for upstream in conf.value.upstreams:
        peers = [one for one in upstream.own.get("server", ()) if "backup" not in one.args]
        if len(peers) < MANY:
            continue
        for block in users.get(" ".join(upstream.args), ()):
            chosen = block.value("proxy_next_upstream")
            when = set(chosen.args) if chosen else {"error", "timeout"}
            if when & SPREADS and not _bounded(block):
                yield Finding(
                    f"upstream {' '.join(upstream.args)}",
                    f"a request is tried on all {len(peers)} peers of {' '.join(upstream.args)}",
                    at(chosen.where if chosen else block.where, chosen.text if chosen else "error timeout"),
                    "bounded tries",
                    "proxy_next_upstream_tries 3; proxy_next_upstream_timeout 10s;",
                    None if chosen and len(when & SPREADS) > 1 else Severity.MEDIUM,
                )
                break


def repeats_posts(conf: Fact[Conf]) -> Iterator[Finding]:
    """A POST that failed is sent again: what it does may be done twice.

    Verify: two addresses in ``$upstream_addr`` of one POST.

    Fix: remove ``non_idempotent``.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream
    """
    for one in conf.value.all("proxy_next_upstream", "grpc_next_upstream", "fastcgi_next_upstream"):
        if "non_idempotent" in one.args:
            yield Finding(
                f"{one.block.label} {one.name}",
                "POST, LOCK and PATCH are sent again when they fail",
                at(one.where, one.text),
                "not without being asked",
                one.text.replace(" non_idempotent", ""),
            )


def no_second_try(conf: Fact[Conf]) -> Iterator[Finding]:
    """A kept connection that the application has just closed becomes a 502, also for a GET.

    Verify: "upstream prematurely closed connection" in the error log.

    Fix: let NGINX try again once.

    Sources: ngx_http_upstream.c; measured: 502 for every second GET.
    """
    users = _users(conf.value)
    for upstream in conf.value.upstreams:
        kept = upstream.own.get("keepalive")
        for block in users.get(" ".join(upstream.args), ()):
            one = block.value("proxy_next_upstream")
            if kept and kept[0].first != "0" and one is not None and one.first == "off":
                yield Finding(
                    f"upstream {' '.join(upstream.args)}",
                    "a connection that the application closed is not tried anew",
                    (Evidence(one.text, one.where), Evidence(kept[0].text, kept[0].where)),
                    "error timeout, two tries",
                    "proxy_next_upstream error timeout; proxy_next_upstream_tries 2;",
                )
                break


def moves_keys(conf: Fact[Conf]) -> Iterator[Finding]:
    """``hash`` without ``consistent`` sends nearly all keys to other pods whenever one comes or goes.

    Verify: hit rates of caches fall when pods change.

    Fix: ``consistent``.

    Sources: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#hash
    """
    for upstream in conf.value.upstreams:
        for one in upstream.own.get("hash", ()):
            if "consistent" not in one.args:
                yield Finding(
                    f"upstream {' '.join(upstream.args)}",
                    "nearly all keys move when a pod comes or goes",
                    at(one.where, one.text),
                    "consistent",
                    f"{one.text[:-1]} consistent;",
                )


def resolves_without_zone(conf: Fact[Conf]) -> Iterator[Finding]:
    """``resolve`` takes a ``zone``, and a ``resolver``: without them NGINX does not load.

    Verify: ``nginx -t``.

    Fix: both.

    Sources: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#resolve
    """
    for upstream in conf.value.upstreams:
        resolved = [one for one in upstream.own.get("server", ()) if "resolve" in one.args]
        lacking = [name for name in ("zone", "resolver") if not upstream.nearest(name)]
        if resolved and lacking:
            yield Finding(
                f"upstream {' '.join(upstream.args)}",
                f"{' and '.join(lacking)} is missing for resolve",
                at(resolved[0].where, resolved[0].text),
                "zone and resolver",
                f"zone {' '.join(upstream.args)} 64k;   # and: resolver 10.96.0.10;",
            )


def escapes(conf: Fact[Conf]) -> Iterator[Finding]:
    """With ``location /files`` and ``alias …/`` a client that asks for ``/files../`` gets what is beside it.

    Verify: ``curl --path-as-is http://HOST/files../``.

    Fix: both with a slash at the end, or neither.

    Sources: https://nginx.org/en/docs/http/ngx_http_core_module.html#alias; gixy, alias_traversal.
    """
    for one in conf.value.all("alias"):
        block = one.block
        path = block.args[-1] if block.name == "location" and block.args else ""
        plain = path.startswith("/") and block.args[0] not in {"=", "~", "~*"}
        if plain and not path.endswith("/") and one.first.endswith("/"):
            yield Finding(
                block.label,
                f"{path}../ leads out of {one.first}",
                (Evidence(f"location {' '.join(block.args)}", block.where), Evidence(one.text, one.where)),
                "a slash at the end of both",
                f"location {path}/ {{ alias {one.first}; }}",
            )


def no_probes(conf: Fact[Conf]) -> Iterator[Finding]:
    """A node that died is noticed on an idle WebSocket only when its time-out is over.

    Verify: ``ss -tno`` shows no keepalive timer on connections to upstreams.

    Fix: ``proxy_socket_keepalive on``.

    Sources: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_socket_keepalive
    """
    blocks = [one for one in conf.value.proxied() if upgrades(one)]
    for one, some in settings(blocks, "proxy_socket_keepalive").items():
        if one is None or one.first == "off":
            yield Finding(
                f"{one.block.label if one else 'default'} proxy_socket_keepalive",
                f"nobody asks whether upstreams of {counted(len(some), 'location')} still live",
                at(some[0].where, "proxy_socket_keepalive off"),
                "on for WebSockets",
                "proxy_socket_keepalive on;",
            )


def _users(conf: Conf) -> dict[str, list[Block]]:
    """Return the blocks that pass requests on, by the name of the upstream or host."""
    found: dict[str, list[Block]] = {}
    for one in conf.all("proxy_pass"):
        found.setdefault(_host(one), []).append(one.block)
    return found


def _host(one: Directive) -> str:
    return one.first.partition("://")[2].partition("/")[0]


def _is_local(upstream: Block) -> bool:
    """Whether all peers are sockets of this machine, which take no port and answer or refuse at once."""
    peers = upstream.own.get("server", ())
    return bool(peers) and all(one.first.startswith("unix:") for one in peers)


def _not_kept(upstream: Block, blocks: list[Block], *, old: bool) -> str:
    """Return why connections are not kept; empty when they are."""
    kept = upstream.own.get("keepalive")
    if kept and kept[-1].first == "0":
        return "keepalive is 0"
    if old and not kept:
        return "it has no keepalive"
    for block in blocks:
        version = block.value("proxy_http_version")
        if (version.first if version else ("1.0" if old else "1.1")) == "1.0":
            return "HTTP/1.0 is spoken to it"
        headers = [one for one in block.nearest("proxy_set_header") if one.first.lower() == "connection"]
        sent = headers[-1].args[1] if headers and len(headers[-1].args) > 1 else ("close" if old else "")
        if sent == "close":
            return "it is told Connection: close"
    return ""


def _bounded(block: Block) -> bool:
    tries, time = block.value("proxy_next_upstream_tries"), block.value("proxy_next_upstream_timeout")
    return bool((tries and number(tries.first)) or (time and time.seconds))


CHECKS = (
    Check("U001", Severity.HIGH, "Connections to upstreams are not kept", no_keepalive, (CONF,), (BUILD,)),
    Check(
        "U005",
        Severity.HIGH,
        "Connecting may take long",
        slow_connect,
        (WHOLE,),
        limit=Limit(LONG_CONNECT, "seconds that connecting may take"),
    ),
    Check(
        "U006",
        Severity.HIGH,
        "Applications may be silent for long",
        slow_read,
        (CONF,),
        limit=Limit(LONG_READ, "seconds from which on an application is silent for too long"),
    ),
    Check("U007", Severity.HIGH, "Retries are not bounded", unbounded_retries, (WHOLE,)),
    Check("U008", Severity.CRITICAL, "POSTs are sent again", repeats_posts, (CONF,)),
    Check("U009", Severity.MEDIUM, "Kept connections without a second try", no_second_try, (CONF,)),
    Check("U011", Severity.LOW, "Keys move with each pod", moves_keys, (CONF,)),
    Check("U012", Severity.MEDIUM, "resolve without a zone", resolves_without_zone, (WHOLE,)),
    Check("U015", Severity.HIGH, "A path leads out of its folder", escapes, (CONF,)),
    Check("U017", Severity.LOW, "Nobody asks idle upstreams", no_probes, (WHOLE,)),
    Check(
        "U019",
        Severity.HIGH,
        "Answers are cut after a second",
        short_read,
        (CONF,),
        limit=Limit(SHORT_READ, "seconds that are too few for an answer"),
    ),
)
