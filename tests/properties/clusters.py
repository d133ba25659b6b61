"""Whole clusters as users write them: mostly sensible, so that they are served, and hostile in any field."""

import base64
import datetime as dt
import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.hostile import NASTIES

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.compiler import Compiled, compile_snapshot
from painless.compiler.options import Options
from painless.demo.certificate import self_made
from painless.features import FEATURES, KEYS
from painless.features.own_server import OWN_SERVER
from painless.model.objects import Ingress, Object
from painless.model.snapshot import snapshot_of
from painless.nginxd.find import find_nginx
from painless.sensitive import Sensitive
from painless.wire import decode_all

PREFIX = "nginx.ingress.kubernetes.io/"
CONFIGMAP = ("shop", "painless")
MARKER = "s3cr3t-Marker-7f21"
"""Is in every Secret's values, and must be nowhere that people look."""

SOAK = os.environ.get("PAINLESS_SOAK") == "1"
PATIENT = pytest.mark.timeout(1800 if SOAK else 60)
SEVERAL = settings(
    max_examples=3000 if SOAK else 100,
    deadline=None,  # Others use the same cores.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

OPTIONS = Options(
    build=find_nginx(),
    state="/state",
    fallback_certificate=Sensitive(b"fallback"),
    configmap=CONFIGMAP,
    tcp_services=("shop", "tcp"),
    udp_services=("shop", "udp"),
    bind_addresses=("127.0.0.1",),
    http_port=18080,
    https_port=18443,
)


def compiled(some: tuple[Object, ...], options: Options = OPTIONS) -> Compiled:
    return compile_snapshot(snapshot_of(some), options)


def alone(some: tuple[Object, ...]) -> tuple[Object, ...]:
    """Return the objects with Ingresses that all ask for server blocks of their own."""
    return tuple(_alone(one) if isinstance(one, Ingress) else one for one in some)


def _alone(one: Ingress) -> Ingress:
    given = (pair for pair in one.annotations if pair[0] != OWN_SERVER.name)
    return structs.replace(one, annotations=(*given, (OWN_SERVER.name, "true")))


Raw = dict[str, Any]

_PAIR = self_made(["a.test", "*.b.test"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


hostile = st.one_of(
    st.sampled_from(NASTIES),
    st.sampled_from(("\0", "a\0b", "x" * 100_000, "${" * 50_000, "é" * 30_000, "/" + "a/" * 3000)),
    st.text(max_size=30),
    st.lists(st.sampled_from([*"${}();\"'\\ \n\r#~*/", "$host", "a", "server{", "\0"]), max_size=10).map(
        "".join
    ),
)


RARE = 17
"""A number that hypothesis has no liking for: draws of 0 to 30 come to it once in a while."""


def mostly(*good: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of good values, and of hostile text once in a while."""
    sensible = st.sampled_from(good)
    return st.integers(0, 30).flatmap(lambda at: hostile if at == RARE else sensible)


GENERAL = (
    *("true", "false", "0", "1", "50", "100", "-1", "1e9", "10m", "", " "),
    *(
        "cookie",
        "balanced",
        "persistent",
        "HTTPS",
        "GRPC",
        "GRPCS",
        "AUTO_HTTP",
        "users",
        "ops/users",
        "pair",
    ),
    *("/$1", "/x/$2?a=$b", "https://$host/", "^/a(.*)$", "(", "[a-", "a.test,b.test", "*.b.test", "~^(.*)$"),
    *("10.0.0.0/8", "::/0", "10.0.0.300", "X-Name", "x y", "*", "https://*.a.test", "\\", "always", "A", "a"),
)
_KEYS = sorted({*KEYS, *ANNOTATIONS})
_EXAMPLES = {name: key.example for name, key in KEYS.items()}


BUNDLES: tuple[dict[str, str], ...] = (
    {"canary": "true", "canary-weight": "30"},
    {"canary": "true", "canary-by-header": "X-Canary", "canary-by-cookie": "canary"},
    {"canary": "true", "canary-by-header": "X-Canary", "canary-by-header-pattern": "^(a|b)$"},
    {"auth-type": "basic", "auth-secret": "users", "auth-realm": "Members"},
    {"auth-type": "basic", "auth-secret": "users", "auth-secret-type": "auth-map"},
    {"affinity": "cookie", "session-cookie-name": "stuck", "session-cookie-samesite": "Lax"},
    {"affinity": "cookie", "affinity-mode": "persistent", "session-cookie-path": "/"},
    {"rewrite-target": "/$2", "use-regex": "true"},
    {"enable-cors": "true", "cors-allow-origin": "https://*.a.test", "cors-allow-credentials": "true"},
    {"allowlist-source-range": "10.0.0.0/8", "denylist-source-range": "10.1.0.0/16"},
    {"server-alias": "alias.test,*.more.test", "app-root": "/a"},
    {"backend-protocol": "GRPC"},
    {"backend-protocol": "FCGI", "fastcgi-index": "index.php", "fastcgi-params-configmap": "headers"},
    {"backend-protocol": "HTTPS", "proxy-body-size": "8m", "proxy-read-timeout": "60"},
    {"force-ssl-redirect": "true", "preserve-trailing-slash": "true"},
    {"service-upstream": "true"},
    {"ssl-passthrough": "true"},
    {"auth-tls-secret": "shop/pair", "auth-tls-match-cn": "CN=a.*", "auth-tls-verify-depth": "2"},
    {"proxy-ssl-secret": "shop/pair", "backend-protocol": "HTTPS", "proxy-ssl-verify": "on"},
    {"proxy-ssl-secret": "shop/pair", "backend-protocol": "GRPCS", "proxy-ssl-name": "$host"},
    {"auth-tls-secret": "shop/pair", "auth-tls-verify-client": "optional", "ssl-ciphers": "HIGH"},
    {"custom-headers": "shop/headers"},
    {"configuration-snippet": "set $mine $arg_a; if ($mine = b) { return 403; } add_header X-Own $mine;"},
    {"configuration-snippet": "proxy_read_timeout 5s; deny 10.9.9.9; proxy_set_header Host own.test;"},
    {"configuration-snippet": "more_set_headers x; limit_except GET { deny all; } rewrite ^/a /b break;"},
    {"server-snippet": "location = /ping { return 200; } add_header X-Of-Server $host; error_page 404 /x;"},
    {"server-snippet": "location / { deny all; } if ($http_a ~ (b|c)) { return 410; } keepalive_timeout 9;"},
    {"stream-snippet": "map $remote_addr $near { default 1; } server { listen 19000; return $near; }"},
    {"stream-snippet": "server { listen 19001; deny 10.0.0.9; proxy_pass web.shop.svc:80; }"},
    {"stream-snippet": "upstream own { server 10.0.0.1:1; } server { listen 19002 udp; proxy_pass own; }"},
    {"mirror-target": "http://web.shop.svc:80$request_uri", "mirror-request-body": "off"},
    {"mirror-target": "https://copies.$host/?$args", "mirror-host": "$host"},
    {"custom-http-errors": "401,404,502,503", "default-backend": "api"},
    {"default-backend": "web", "auth-type": "basic", "auth-secret": "users"},
    {"auth-url": "http://web.shop.svc:80/check", "auth-signin": "https://$host/?to=$escaped_request_uri"},
    {"auth-url": "https://auth.$host/?u=$request_uri", "auth-response-headers": "X-User, X-Groups"},
    {"auth-url": "http://auth.test", "auth-cache-key": "$cookie_a", "auth-cache-duration": "200 1h, 5m"},
    {"auth-url": "http://auth.test", "auth-method": "HEAD", "auth-keepalive": "8", "satisfy": "any"},
    {"auth-url": "http://10.0.0.1:81", "auth-proxy-set-headers": "shop/headers", "auth-signin": "/login?a"},
    {"limit-rps": "5", "limit-connections": "9", "limit-allowlist": "10.0.0.0/8,::1"},
    {"limit-rpm": "7", "limit-burst-multiplier": "3", "limit-rate": "100"},
    {"proxy-buffer-size": "8k", "proxy-busy-buffers-size": "16k", "proxy-max-temp-file-size": "0"},
    {"proxy-buffering": "on", "proxy-buffers-number": "2", "proxy-next-upstream": "error http_502"},
    {"temporal-redirect": "https://a.test$request_uri", "temporal-redirect-code": "307"},
    {"permanent-redirect": "https://$host/?q=$arg_q", "permanent-redirect-code": "308"},
    {"from-to-www-redirect": "true", "force-ssl-redirect": "true"},
    {"proxy-redirect-from": "http://$host/", "proxy-redirect-to": "/x/", "relative-redirects": "true"},
    {"proxy-cookie-domain": "a.test $host", "proxy-cookie-path": "/a/ /$arg_x"},
    {"upstream-vhost": "$host:81", "x-forwarded-prefix": "/x/$1", "rewrite-target": "/$1"},
    {"proxy-http-version": "1.0", "connection-proxy-header": "keep-alive", "enable-access-log": "false"},
)

_SETTINGS: tuple[dict[str, str], ...] = (
    {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"},
    {"http-snippet": "map $http_a $of_all { default 1; }", "location-snippet": "add_header X-All $of_all;"},
    {"server-snippet": "location = /of-all { return 200; }", "main-snippet": "worker_priority 1;"},
    {"stream-snippet": "proxy_timeout 9s; server { listen 19003; proxy_pass a.test:1; }"},
    {"use-forwarded-headers": "true", "compute-full-forwarded-for": "true", "proxy-real-ip-cidr": "::/0"},
    {"use-forwarded-headers": "true", "proxy-real-ip-cidr": "0.0.0.0/0,10.0.0.0/8,10.0.0.1"},
    {"use-proxy-protocol": "true", "use-forwarded-headers": "true", "forwarded-for-header": "X-Real-IP"},
    {"block-cidrs": "10.0.0.0/8", "block-user-agents": "~*bot,a b", "block-referers": "~^(a)$"},
    {"global-auth-url": "https://$host/check", "global-auth-signin": "/a", "no-auth-locations": "/a,/b c"},
    {"satisfy": "any", "hide-headers": "X-A,X-a", "server-tokens": "true", "use-gzip": "true"},
    {"ssl-ciphers": "HIGH", "ssl-protocols": "TLSv1.3", "ssl-reject-handshake": "true"},
    {"proxy-redirect-from": "http://a/", "proxy-redirect-to": "/", "proxy-cookie-path": "/a /b"},
)
"""Keys of the ConfigMap that mean something together."""


@st.composite
def _annotations(draw: st.DrawFn) -> dict[str, str]:
    found = {}
    for bundle in draw(st.lists(st.sampled_from(BUNDLES), max_size=3)):
        for name, text in bundle.items():
            found[PREFIX + name] = draw(mostly(text))
    for name in draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=1)):
        found[PREFIX + name] = draw(mostly(_EXAMPLES[name], *GENERAL))
    for name in draw(st.lists(mostly(*_KEYS), max_size=1)):
        found[PREFIX + name] = draw(mostly(*GENERAL))
    if draw(st.integers(0, 30)) == RARE:
        found["kubernetes.io/ingress.class"] = draw(mostly("nginx", "other"))
    return found


namespaces = mostly("shop", "shop", "shop", "ops")
services = mostly(*["web"] * 4, *["api"] * 4, "other")
hosts = mostly("a.test", "b.test", "c.test", "*.b.test", "A.Test", "")
_ports = mostly(
    {"number": 80}, {"name": "http"}, {"number": 8080}, {"number": 0}, {"name": "http", "number": 80}
)
_paths = mostly(
    *("/", "/a", "/a/", "/a/b", "/a(/|$)(.*)", "/%41", "/b c", "/$x", "", "/a//b", "/{a}", "/~", "/é", "//")
)


@st.composite
def _backend(draw: st.DrawFn) -> Raw:
    if draw(st.integers(0, 30)) == RARE:
        return {"resource": {"kind": draw(hostile), "name": draw(hostile)}}
    return {"service": {"name": draw(services), "port": draw(_ports)}}


@st.composite
def _path(draw: st.DrawFn) -> Raw:
    kind = draw(mostly("Exact", "Prefix", "ImplementationSpecific"))
    return {"path": draw(_paths), "pathType": kind, "backend": draw(_backend())}


@st.composite
def _rule(draw: st.DrawFn) -> Raw:
    return {"host": draw(hosts), "http": {"paths": draw(st.lists(_path(), min_size=1, max_size=3))}}


@st.composite
def _tls(draw: st.DrawFn) -> Raw:
    return {"hosts": draw(st.lists(hosts, max_size=2)), "secretName": draw(mostly("pair", "broken", "none"))}


@st.composite
def ingresses(draw: st.DrawFn) -> Raw:
    spec: Raw = {
        "ingressClassName": draw(mostly(*["nginx"] * 12, "foreign", None)),
        "rules": draw(st.lists(_rule(), min_size=1, max_size=3)),
        "tls": draw(st.lists(_tls(), max_size=2)),
    }
    if draw(st.integers(0, 4)) == 0:
        spec["defaultBackend"] = draw(_backend())
    age = f"2026-01-{draw(st.integers(1, 4)):02}T00:00:00Z"
    name = draw(mostly("one", "two", "three", "four"))
    meta = {"annotations": draw(_annotations()), "creationTimestamp": age}
    return as_object("networking.k8s.io/v1", "Ingress", draw(namespaces), name, meta, spec=spec)


@st.composite
def _canary_of(draw: st.DrawFn, primary: Raw) -> Raw:
    """Draw a canary for the paths of an Ingress."""
    annotations = {PREFIX + name: text for name, text in draw(st.sampled_from(BUNDLES[:3])).items()}
    annotations[PREFIX + "canary-weight"] = str(draw(st.integers(0, 100)))
    meta = {**primary["metadata"], "name": "canary", "annotations": annotations}
    return {**primary, "metadata": meta}


@st.composite
def _service(draw: st.DrawFn) -> Raw:
    port = {
        "port": draw(st.sampled_from((80, 8080, 0, 70000))),
        "name": draw(mostly("http", "", "other")),
        "targetPort": draw(mostly(8080, "main", 0)),
        "protocol": draw(mostly("TCP", "TCP", "UDP")),
    }
    spec = {
        "type": draw(mostly("ClusterIP", "ExternalName", "NodePort")),
        "clusterIP": draw(mostly("None", "10.1.2.3", "", "::1")),
        "externalName": draw(mostly("", "outside.test", "localhost", "10.0.0.1")),
        "ports": [port],
    }
    return as_object("v1", "Service", draw(namespaces), draw(services), {}, spec=spec)


@st.composite
def _slice(draw: st.DrawFn) -> Raw:
    port = {"name": draw(mostly("http", "")), "port": draw(st.sampled_from((8080, 80, 0)))}
    addresses = [draw(mostly("10.2.3.4", "10.2.3.5", "::2"))]
    meta = {"labels": {"kubernetes.io/service-name": draw(services)}}
    rest: Raw = {
        "addressType": draw(mostly("IPv4", "IPv6", "FQDN")),
        "ports": [port],
        "endpoints": [{"addresses": addresses}],
    }
    return as_object("discovery.k8s.io/v1", "EndpointSlice", draw(namespaces), draw(services), meta, **rest)


@st.composite
def _secret(draw: st.DrawFn) -> Raw:
    texts = st.one_of(hostile, st.sampled_from(("ann:{PLAIN}x\nbob:$apr1$x$y\n", "#", "no colon")))
    users = f"{draw(texts)}\n{MARKER}:{MARKER}\n".encode(errors="surrogatepass")
    good = draw(st.booleans())
    data = {
        "auth": _base64(users),
        draw(mostly("ann", "bob")): _base64(MARKER.encode()),
        "tls.crt": _base64(_PAIR.certificate if good else users),
        "tls.key": _base64(_PAIR.key),
        "ca.crt": _base64(_PAIR.certificate if good else users),
    }
    name = draw(mostly("users", "pair", "broken", "basic-users"))
    return as_object("v1", "Secret", draw(namespaces), name, {}, data=data)


@st.composite
def _configmap(draw: st.DrawFn) -> Raw:
    settings = {one.name: one.example for feature in FEATURES for one in feature.SETTINGS}
    settings |= {"add-headers": "shop/headers", "proxy-set-headers": "shop/headers"}
    settings |= {"global-allowed-response-headers": "X-Own, Server, Vary"}
    names = mostly(*sorted({*settings, *CONFIG_KEYS}))
    data = {
        name: draw(mostly(settings.get(name, "true"), *GENERAL))
        for name in draw(st.lists(st.one_of(st.sampled_from(sorted(settings)), names), max_size=4))
    }
    for bundle in draw(st.lists(st.sampled_from(_SETTINGS), max_size=2)):
        data |= {name: draw(mostly(text)) for name, text in bundle.items()}
    return as_object("v1", "ConfigMap", draw(mostly("shop")), draw(mostly("painless")), {}, data=data)


@st.composite
def _ports_map(draw: st.DrawFn) -> Raw:
    lines = mostly("shop/web:http", "shop/api:80:PROXY", "ops/web:8080::PROXY", "shop/web:80:proxy:PROXY")
    ports = draw(st.lists(mostly("9000", "9001", "80", "09000", "70000"), max_size=3))
    data = {name: draw(lines) for name in ports}
    return as_object("v1", "ConfigMap", draw(mostly("shop")), draw(mostly("tcp", "udp")), {}, data=data)


@st.composite
def _headers(draw: st.DrawFn) -> Raw:
    names = st.lists(
        mostly("X-Own", "x-own", "Server", "Vary", "Host", "Access-Control-Allow-Origin"), max_size=3
    )
    data = {name: draw(mostly("a b", "$host ${x", "", "t=${msec}")) for name in draw(names)}
    return as_object("v1", "ConfigMap", draw(mostly("shop")), draw(mostly("headers")), {}, data=data)


@st.composite
def _class(draw: st.DrawFn) -> Raw:
    spec = {"controller": draw(mostly(*["k8s.io/ingress-nginx"] * 9, "other"))}
    return as_object(
        "networking.k8s.io/v1", "IngressClass", "", draw(mostly("nginx", "foreign")), {}, spec=spec
    )


objects = st.one_of(
    ingresses(), _service(), _slice(), _secret(), _configmap(), _ports_map(), _headers(), _class()
)

_BASE: tuple[Raw, ...] = (
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "users", "namespace": "shop"},
        "data": {"auth": _base64(f"ann:{{PLAIN}}{MARKER}".encode()), "ann": _base64(MARKER.encode())},
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pair", "namespace": "shop"},
        "data": {"tls.crt": _base64(_PAIR.certificate), "tls.key": _base64(_PAIR.key)},
    },
    *(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"port": 80, "name": "http", "targetPort": target}]},
        }
        for name, target in (("web", 8080), ("api", "main"))
        for namespace in ("shop", "ops")
    ),
)


def base() -> tuple[Raw, ...]:
    """Return what most clusters have."""
    return _BASE


@st.composite
def clusters(draw: st.DrawFn) -> tuple[Object, ...]:
    """Draw objects that came through the decoder, at most one of each name."""
    some = draw(st.lists(ingresses(), min_size=2, max_size=5))
    canaries = [draw(_canary_of(one)) for one in some[:1]]
    raws = [*_BASE, *some, *canaries, *draw(st.lists(objects, max_size=6))]
    return decoded(raws)


def decoded(raws: Iterable[Raw]) -> tuple[Object, ...]:
    """Decode objects as the sources do; of two with one name the last one stays."""
    found = {one.object.ref: one.object for raw in raws for one in decode_all(raw) if one.object is not None}
    return tuple(found.values())


def as_object(version: str, kind: str, namespace: str, name: str, meta: Raw, **rest: Any) -> Raw:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place, **meta}, **rest}
