"""For each check facts that fire it, and facts as near as can be that do not."""

from typing import Any

from tests.doctor import deploymentcases, ingresscases, scalingcases
from tests.doctor.objectcases import controller, some, thing

from painless.doctor import sysctls
from painless.doctor.facts import (
    BUILD,
    CERTIFICATES,
    CONF,
    COUNTERS,
    CPUS,
    ERRORS,
    LISTENERS,
    MEMORY,
    NETWORK,
    NODE,
    PACKETS,
    PAINLESS,
    PRESSURE,
    QUOTA,
    SOCKETS,
    THROTTLED,
    TRACKED,
    TRACKING,
    WORKERS,
    Certificate,
    Cpus,
    Errors,
    Fill,
    Listener,
    Memory,
    Moved,
    Node,
    Painless,
    Pressure,
    Quota,
    Told,
    Worker,
)
from painless.doctor.objects import EVENTS, WORKLOADS
from painless.nginx.build import Build

Given = dict[str, Any]
"""Facts by name; a configuration as text."""

MIB = 1 << 20


def listener(queue: int = 0, limit: int = 4096, drops: int = 0, dropped: int = 0) -> Listener:
    return Listener("0.0.0.0", 80, queue, limit, drops, dropped)


def worker(
    pid: int = 1, *, draining: bool = False, age: float = 10.0, files: int = 10, most: int = 1000
) -> Worker:
    return Worker(pid, draining, age, most, files, 10 * MIB)


def http(text: str) -> str:
    return f"events {{}} http {{ {text} }}"


def server(text: str) -> str:
    return http(f"server {{ listen 80; {text} }}")


def passing(text: str, peers: int = 1) -> str:
    """A location that passes requests on, with these lines."""
    some = " ".join(f"server 10.0.0.{n};" for n in range(1, peers + 1))
    return http(
        f"upstream app {{ {some} }} server {{ listen 80; location / {{ proxy_pass http://app; {text} }} }}"
    )


def upstream(text: str, location: str = "", peers: str = "server 10.0.0.1;") -> str:
    return http(
        f"upstream app {{ {peers} {text} }} server {{ listen 80; "
        f"location / {{ proxy_pass http://app; {location} }} }}"
    )


def build(*version: int) -> Build:
    first, second, third = version
    return Build((first, second, third), frozenset(), "/usr/sbin/nginx", "a test")


def said(kind: str) -> Given:
    return {ERRORS: Errors(3600.0, {kind: Told(2, f"2026/01/01 00:00:00 [error] {kind}")})}


def moved(**by: int) -> Moved:
    return Moved(1.0, by)


WEBSOCKET = "proxy_set_header Upgrade $http_upgrade;"
PLAIN: Given = {ERRORS: Errors(3600.0, {})}
WITHOUT = {ERRORS: Errors(3600.0, {"conflict": Told(1, "another kind of line")})}
PORTS = {sysctls.PORTS: (1024, 65535), sysctls.RESERVED: ()}
USED = {TRACKED: Fill(50_000, 262_144)}
RUNS = Painless(ready=True, missing="", held=0, loads=(), because=())


def on_node(**values: Any) -> Node:
    """A node of 8 GB that nothing is wrong with, or with other values."""
    return Node(
        **{
            "somaxconn": 4096,
            "tracked": Fill(1, 262_144),
            "runtime": "containerd",
            "files": 1048576,
            "memory": 8 << 30,
            "clock_kept": True,
            "network": "net:[1]",
            **values,
        }
    )


def sysctl(name: str, bad: int, good: int) -> tuple[Given, Given]:
    return {name: bad}, {name: good}


def conf(bad: str, good: str, **more: Any) -> tuple[Given, Given]:
    return {CONF: bad, **more}, {CONF: good, **more}


def log(kind: str) -> tuple[Given, Given]:
    return said(kind), WITHOUT


CASES: dict[str, tuple[Given, Given]] = {
    "K001": ({LISTENERS: (listener(limit=511),)}, {LISTENERS: (listener(limit=1024),)}),
    "K002": (
        {CONF: server(""), sysctls.SOMAXCONN: 4096},
        {CONF: http("server { listen 80 backlog=4096; } server { listen 80; }"), sysctls.SOMAXCONN: 4096},
    ),
    "K003": (
        {CONF: http("server { listen 80 backlog=8192; }"), LISTENERS: (listener(),)},
        {CONF: http("server { listen 80 backlog=4096; }"), LISTENERS: (listener(),)},
    ),
    "K004": (
        {
            CONF: http("server { listen 80 backlog=8192; }"),
            LISTENERS: (listener(),),
            sysctls.SOMAXCONN: 16384,
        },
        {
            CONF: http("server { listen 80 backlog=8192; }"),
            LISTENERS: (listener(),),
            sysctls.SOMAXCONN: 4096,
        },
    ),
    "K006": sysctl(sysctls.SOMAXCONN, 128, 129),
    "K008": sysctl(sysctls.COOKIES, 0, 1),
    "K009": ({COUNTERS: moved(SyncookiesSent=1)}, {COUNTERS: moved(SyncookiesSent=0)}),
    "K010": sysctl(sysctls.ABORT, 1, 0),
    "K011": (
        {CONF: http("server { listen 80 backlog=8192; }"), sysctls.SYN_BACKLOG: 1024, sysctls.COOKIES: 0},
        {CONF: http("server { listen 80 backlog=8192; }"), sysctls.SYN_BACKLOG: 1024, sysctls.COOKIES: 1},
    ),
    "K012": (
        {sysctls.PORTS: (1024, 20000), sysctls.RESERVED: ((10000, 15000),)},
        {sysctls.PORTS: (32768, 60999), sysctls.RESERVED: ()},
    ),
    "K013": (
        {CONF: http("server { listen 40000; }"), sysctls.PORTS: (32768, 60999), sysctls.RESERVED: ()},
        {
            CONF: http("server { listen 40000; }"),
            sysctls.PORTS: (32768, 60999),
            sysctls.RESERVED: ((40000, 40000),),
        },
    ),
    "K015": sysctl(sysctls.TIMESTAMPS, 0, 1),
    "K016": sysctl(sysctls.RECYCLE, 1, 0),
    "K017": sysctl(sysctls.FIN, 120, 60),
    "K018": sysctl(sysctls.IDLE_START, 1, 0),
    "K019": (
        {CONF: http("http2 on;"), sysctls.LOWAT: 2**32 - 1},
        {CONF: http(""), sysctls.LOWAT: 2**32 - 1},
    ),
    "K021": (
        {COUNTERS: moved(TCPMemoryPressures=0), SOCKETS: (80, 100)},
        {COUNTERS: moved(TCPMemoryPressures=0), SOCKETS: (79, 100)},
    ),
    "K022": ({PACKETS: moved(dropped=1, squeezed=5)}, {PACKETS: moved(dropped=0, squeezed=5)}),
    "K023": (
        {CONF: http("server { listen 80 reuseport; }"), sysctls.MIGRATE: 0},
        {CONF: http("server { listen 80 reuseport; }"), sysctls.MIGRATE: 1},
    ),
    "K027": (
        {COUNTERS: Moved(1.0, {"ListenOverflows": 0}, {"ListenOverflows": 7})},
        {COUNTERS: Moved(1.0, {"ListenOverflows": 0}, {"ListenOverflows": 0})},
    ),
    "C001": ({TRACKED: Fill(95, 100)}, {TRACKED: Fill(94, 100)}),
    "C002": ({TRACKED: Fill(76, 100)}, {TRACKED: Fill(75, 100)}),
    "C004": (
        {TRACKED: Fill(0, 262_144), sysctls.BUCKETS: 16_384},
        {TRACKED: Fill(0, 262_144), sysctls.BUCKETS: 65_536},
    ),
    "C006": (
        {**USED, sysctls.ESTABLISHED: 432_000},
        {TRACKED: Fill(5, 262_144), sysctls.ESTABLISHED: 432_000},
    ),
    "C007": (
        {CONF: passing(f"{WEBSOCKET} proxy_read_timeout 2d;"), **USED, sysctls.ESTABLISHED: 86_400},
        {CONF: passing(f"{WEBSOCKET} proxy_read_timeout 1d;"), **USED, sysctls.ESTABLISHED: 86_400},
    ),
    "C008": ({**USED, sysctls.CLOSE_WAIT: 60}, {**USED, sysctls.CLOSE_WAIT: 3600}),
    "C010": ({TRACKING: moved(insert_failed=1)}, {TRACKING: moved(insert_failed=0, found=9)}),
    "C012": ({TRACKING: moved(drop=1)}, {TRACKING: moved(drop=0, early_drop=0)}),
    "L001": (
        {CONF: "worker_rlimit_nofile 65536; events {}", WORKERS: (worker(most=20_000),)},
        {CONF: "worker_rlimit_nofile 65536; events {}", WORKERS: (worker(most=65_536),)},
    ),
    "L002": (
        {CONF: "events { worker_connections 1024; }", WORKERS: (worker(most=1023),)},
        {CONF: "events { worker_connections 1024; }", WORKERS: (worker(most=1024),)},
    ),
    "L003": conf(
        "worker_rlimit_nofile 60; events { worker_connections 1000; }",
        "worker_rlimit_nofile 1000; events { worker_connections 1000; }",
    ),
    "L004": ({WORKERS: (worker(files=850),)}, {WORKERS: (worker(files=849),)}),
    "L005": (
        {CONF: "worker_processes auto; events {}", QUOTA: Quota(0.05), CPUS: Cpus(2, 2)},
        {CONF: "worker_processes 2; events {}", QUOTA: Quota(1.5), CPUS: Cpus(8, 8)},
    ),
    "L007": ({THROTTLED: moved(periods=100, throttled=6)}, {THROTTLED: moved(periods=100, throttled=5)}),
    "L008": (
        {CONF: "worker_processes 2; events {}", QUOTA: Quota(0.5), CPUS: Cpus(2, 2)},
        {CONF: "worker_processes 1; events {}", QUOTA: Quota(0.5), CPUS: Cpus(2, 2)},
    ),
    "L009": (
        {
            CONF: "worker_shutdown_timeout 240s; events {}",
            WORKERS: (worker(),),
            MEMORY: Memory(25 * MIB, MIB, 0),
            PAINLESS: Painless(ready=True, missing="", held=0, loads=(10.0, 20.0), because=("", "")),
        },
        {
            CONF: "worker_shutdown_timeout 240s; events {}",
            WORKERS: (worker(),),
            MEMORY: Memory(25 * MIB, MIB, 0),
            PAINLESS: Painless(ready=True, missing="", held=0, loads=(600.0, 1200.0), because=("", "")),
        },
    ),
    "L011": (
        {MEMORY: Memory(100 * MIB, 91 * MIB, 0), WORKERS: (worker(),)},
        {MEMORY: Memory(100 * MIB, 90 * MIB, 0), WORKERS: (worker(),)},
    ),
    "L013": (
        {MEMORY: Memory(100 * MIB, 1, 0, together=True)},
        {MEMORY: Memory(100 * MIB, 1, 0, together=False)},
    ),
    "L014": ({MEMORY: Memory(None, 1, 1)}, {MEMORY: Memory(None, 1, None)}),
    "L015": (
        {CONF: "worker_processes auto; events {}", CPUS: Cpus(1, 2)},
        {CONF: "worker_processes auto; events {}", CPUS: Cpus(2, 2)},
    ),
    "L016": ({PRESSURE: Pressure(20.1, 0.0)}, {PRESSURE: Pressure(20.0, 1.0)}),
    "L018": log("files"),
    "N001": conf(passing(WEBSOCKET), "worker_shutdown_timeout 240s; " + passing(WEBSOCKET)),
    "N002": (
        {CONF: passing(WEBSOCKET), BUILD: build(1, 13, 6)},
        {CONF: passing(WEBSOCKET), BUILD: build(1, 13, 7)},
    ),
    "N006": log("connections"),
    "N007": (
        {CONF: "events { worker_connections 1000000; }", MEMORY: Memory(512 * MIB, 0, 0), CPUS: Cpus(2, 2)},
        {CONF: "events { worker_connections 65536; }", MEMORY: Memory(512 * MIB, 0, 0), CPUS: Cpus(2, 2)},
    ),
    "N008": conf("events { accept_mutex on; }", "events { accept_mutex off; }"),
    "N009": conf(
        "events { multi_accept on; } http { server { listen 80; } }",
        "events { multi_accept on; } http { server { listen 80 reuseport; } }",
    ),
    "N011": conf(
        http("server { listen 80 reuseport; listen 443 ssl; }"),
        http("server { listen 80 reuseport; listen 443 ssl reuseport; listen 127.0.0.1:8080; }"),
    ),
    "N012": conf("master_process off; events {}", "master_process on; events {}"),
    "N013": conf(
        "error_log e.log crit; events {}",
        "error_log e.log crit; error_log f.log notice; "
        + http("server { listen unix:/run/own.sock; error_log g.log crit; }"),
    ),
    "N015": conf(
        passing("") + "http { log_format short '$request $request_time'; access_log a.log short; }",
        passing("") + "http { log_format unused '$request'; access_log off; }",
    ),
    "N016": log("hash"),
    "N019": conf(
        server("location / { proxy_pass http://$backend; }"),
        server("resolver 10.96.0.10; location / { proxy_pass http://$backend; }"),
    ),
    "N020": conf(http(""), http("server_tokens off;")),
    "N022": conf(http("keepalive_requests 100;"), http("keepalive_requests 1000;")),
    "N023": (
        {CONF: http("resolver 10.0.0.1;"), BUILD: build(1, 20, 0)},
        {CONF: http("resolver 10.0.0.1;"), BUILD: build(1, 20, 1)},
    ),
    "N024": (
        {CONF: upstream(""), BUILD: build(1, 31, 3)},
        {CONF: upstream("keepalive 32;"), BUILD: build(1, 31, 3)},
    ),
    "V001": conf(
        http("server { listen 80; server_name a b; } server { listen 80; server_name b; }"),
        http("server { listen 80; server_name a b; } server { listen 81; server_name b; }"),
    ),
    "V002": conf(
        http("server { listen 80; server_name a; } server { listen 80; server_name b; }"),
        http("server { listen 80 default_server; } server { listen 0.0.0.0:80; server_name b; }"),
    ),
    "V003": conf(
        http("server { listen 80 backlog=9; } server { listen *:80 backlog=9; }"),
        http("server { listen 80 backlog=9; } server { listen *:80 ssl; }"),
    ),
    "V006": conf(
        server("location / { if ($slow) { proxy_pass http://other; } }"),
        server("if ($slow) { set $a b; } location / { if ($slow) { return 403; } }"),
    ),
    "V007": conf(
        server("add_header X-Frame-Options DENY; location / { add_header X-A b; }"),
        server("add_header X-Frame-Options DENY; location / { add_header X-A b; add_header_inherit merge; }"),
    ),
    "V008": conf(server("client_max_body_size 0;"), server("client_max_body_size 1m;")),
    "V009": log("large request"),
    "V010": conf(
        http("client_header_timeout 31s; client_body_timeout 10s;"),
        http("client_header_timeout 30s; client_body_timeout 10s;"),
    ),
    "V011": conf(passing(""), passing("limit_conn clients 10;")),
    "V014": conf(
        passing(f"{WEBSOCKET} proxy_read_timeout 1h;"),
        passing(f"{WEBSOCKET} proxy_read_timeout 5m;"),
    ),
    "V015": conf(
        server("location /status { stub_status; }"),
        server("location /status { stub_status; allow 127.0.0.1; deny all; }"),
    ),
    "V016": conf(http("gzip_comp_level 9;"), http("gzip_comp_level 6;")),
    "U001": (
        {CONF: upstream("keepalive 32;", "proxy_http_version 1.1;"), BUILD: build(1, 22, 1)},
        {
            CONF: upstream("keepalive 32;", 'proxy_http_version 1.1; proxy_set_header Connection "";'),
            BUILD: build(1, 22, 1),
        },
    ),
    "U005": conf(
        passing("proxy_connect_timeout 6s;"),
        passing("proxy_connect_timeout 5s;")
        + upstream("", "proxy_connect_timeout 9s;", "server unix:/run/app;"),
    ),
    "U006": conf(passing("proxy_read_timeout 7d;"), passing(f"proxy_read_timeout 7d; {WEBSOCKET}")),
    "U007": conf(
        passing("proxy_next_upstream error timeout http_502;", peers=3),
        passing("proxy_next_upstream error timeout http_502; proxy_next_upstream_tries 3;", peers=3),
    ),
    "U008": conf(
        passing("proxy_next_upstream error non_idempotent;"), passing("proxy_next_upstream error timeout;")
    ),
    "U009": conf(
        upstream("keepalive 32;", "proxy_next_upstream off;"),
        upstream("keepalive 0;", "proxy_next_upstream off;"),
    ),
    "U011": conf(upstream("hash $request_uri;"), upstream("hash $request_uri consistent;")),
    "U012": conf(
        upstream("", peers="server app.example resolve;"),
        upstream("zone app 64k; resolver 10.0.0.1;", peers="server app.example resolve;"),
    ),
    "U013": log("to disk"),
    "U014": log("large answer"),
    "U015": conf(
        server("location /files { alias /srv/files/; }"), server("location /files/ { alias /srv/files/; }")
    ),
    "U016": log("ports"),
    "U017": conf(passing(WEBSOCKET), passing(f"{WEBSOCKET} proxy_socket_keepalive on;")),
    "U018": log("connecting"),
    "U019": conf(passing("proxy_read_timeout 1s;"), passing("proxy_read_timeout 1500ms;")),
    "U020": log("premature"),
    "T001": (
        {CERTIFICATES: (Certificate("a.example", 30.0, 0.0, "/a.pem"),)},
        {CERTIFICATES: (Certificate("a.example", 30.1, 0.0, "/a.pem"),)},
    ),
    "T002": (
        {CERTIFICATES: (Certificate("a.example", 90.0, 0.5, "/a.pem"),)},
        {CERTIFICATES: (Certificate("a.example", 90.0, 0.0, "/a.pem"),)},
    ),
    "T003": conf(
        http("ssl_protocols TLSv1 TLSv1.2;"),
        http("ssl_protocols TLSv1.2; ssl_ciphers HIGH:!MD5:!RC4;")
        + http("ssl_protocols TLSv1; server { listen 80; }"),
    ),
    "T004": conf(
        http("ssl_session_tickets off; server { listen 443 ssl; }"),
        http("ssl_session_tickets off; ssl_session_cache shared:S:1m; server { listen 443 ssl; }"),
    ),
    "T007": conf(
        http("server { listen 443 ssl; }"),
        http("server { listen 443 ssl; add_header Strict-Transport-Security 'max-age=31536000'; }"),
    ),
    "T008": conf(http("ssl_stapling on;"), http("ssl_stapling on; resolver 10.0.0.1;")),
    "T010": conf(
        http(
            "server { listen 443 ssl default_server; server_name a.example; ssl_certificate a.pem; }"
            "server { listen 443 ssl; server_name b.example; ssl_certificate b.pem; }"
        ),
        http(
            "server { listen 443 ssl default_server; server_name _; ssl_certificate a.pem; }"
            "server { listen 443 ssl; server_name b.example; ssl_certificate b.pem; }"
        ),
    ),
    "S006": conf(http("set_real_ip_from 0.0.0.0/0;"), http("set_real_ip_from 10.0.0.0/8;")),
    "S007": conf(
        server("location / { proxy_pass http://$arg_host/; }"),
        server("location / { proxy_pass http://app$request_uri; }"),
    ),
    "S008": conf(server("return 301 https://$host$uri;"), server("return 301 https://$host$request_uri;")),
    "S009": conf(
        server("location / { deny all; return 200 hello; }"), server("location / { deny all; root /srv; }")
    ),
    "S012": conf(
        server("location / { allow 10.0.0.0/8; }"), server("location / { allow 10.0.0.0/8; deny all; }")
    ),
    "S013": conf(passing("proxy_set_header Host $http_host;"), passing("proxy_set_header Host $host;")),
    "R001": ({LISTENERS: (listener(drops=9, dropped=1),)}, {LISTENERS: (listener(drops=9),)}),
    "R002": ({LISTENERS: (listener(queue=4, limit=8),)}, {LISTENERS: (listener(queue=3, limit=8),)}),
    "R003": (
        {LISTENERS: (listener(queue=5, limit=4), listener(limit=4))},
        {LISTENERS: (listener(queue=5, limit=4), listener(queue=1, limit=4))},
    ),
    "R004": (
        {COUNTERS: moved(ListenDrops=3, ListenOverflows=1)},
        {COUNTERS: moved(ListenDrops=3, ListenOverflows=3)},
    ),
    "R005": (
        {PAINLESS: Painless(True, "", 0, tuple(400.0 + n for n in range(7)), ("changed Ingress a/b",) * 7)},
        {PAINLESS: Painless(True, "", 0, tuple(400.0 + n for n in range(6)), ())},
    ),
    "R007": (
        {WORKERS: (worker(1, age=5), worker(2, draining=True), worker(3, draining=True))},
        {WORKERS: (worker(1, age=5), worker(2, draining=True))},
    ),
    "R010": (
        {PAINLESS: Painless(True, "", 2, (), ())},
        {PAINLESS: RUNS},
    ),
    "R011": log("crashed"),
    "R013": log("nobody"),
    "R021": ({LISTENERS: (listener(drops=9),)}, {LISTENERS: (listener(drops=0),)}),
    "R022": log("killed"),
    "R023": ({PAINLESS: Painless(False, "no generation yet", 0, (), ())}, {PAINLESS: RUNS}),
    "K005": (
        {NODE: on_node(somaxconn=65535), sysctls.SOMAXCONN: 4096, NETWORK: "net:[2]"},
        {NODE: on_node(somaxconn=65535), sysctls.SOMAXCONN: 4096, NETWORK: "net:[1]"},
    ),
    "K028": ({NODE: on_node(clock_kept=False)}, {NODE: on_node(clock_kept=None)}),
    "L020": ({NODE: on_node(files=1024)}, {NODE: on_node(files=1048576)}),
    "C003": (
        {COUNTERS: moved(PassiveOpens=1000, ActiveOpens=1000), TRACKED: Fill(1, 262_144)},
        {COUNTERS: moved(PassiveOpens=1000, ActiveOpens=100), TRACKED: Fill(1, 262_144)},
    ),
    "C005": (
        {NODE: on_node(), TRACKED: Fill(1, 524_288)},
        {NODE: on_node(), TRACKED: Fill(1, 131_072)},
    ),
    "C009": (
        {EVENTS: some(thing("Event", "a", message="DefaultConntrack: readOnlySysFS"))},
        {EVENTS: some(thing("Event", "a", message="Starting kube-proxy."))},
    ),
    "C011": ({NODE: on_node(tracked=None)}, {NODE: on_node()}),
    "R019": (
        {COUNTERS: moved(ListenDrops=0), TRACKING: moved(drop=3), PACKETS: moved()},
        {COUNTERS: moved(ListenDrops=3), TRACKING: moved(drop=3), PACKETS: moved()},
    ),
    "T005": (
        {CONF: http("server { listen 443 ssl; }"), WORKLOADS: some(controller())},
        {CONF: http("ssl_session_tickets off; server { listen 443 ssl; }"), WORKLOADS: some(controller())},
    ),
    "V005": conf(
        server("location ~ ^/(a+)+$ { return 200; }"), server("location ~ ^/(a+,)+$ { return 200; }")
    ),
    **deploymentcases.CASES,
    **ingresscases.CASES,
    **scalingcases.CASES,
}
