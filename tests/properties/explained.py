"""Sites and requests near their rules: what ``painless explain`` says of each, and what NGINX does.

``python -m tests.properties.explained 10000`` compares that many pairs and says where they differ.
"""

import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from tests.corpus.agreement import Explaining, disagreement
from tests.corpus.client import Request, parse_url
from tests.corpus.given import Given, Pod
from tests.corpus.golden import output_of
from tests.corpus.settings import defaults
from tests.corpus.stage import Theatre, theatre
from tests.properties.clusters import PREFIX, Raw, as_object, decoded

from painless.explain.answer import Explanation
from painless.model.objects import EndpointSlice
from painless.nginxd.find import find_nginx

INGRESSES = 150  # Of one site: NGINX loads them in a quarter of a second.
PAIRS = 400  # Of one site.
_AT_ONCE = 8
_PODS = "127.0.0."
_FIRST = 101

_SERVICES = ("web", "api", "cart", "new", "old", "beta")
_ASLEEP = "asleep"
"""A Service without pods."""
_HOSTS = (
    *(f"{name}.example" for name in ("a", "b", "c", "d", "e", "f", "g", "h", "www.i", "j", "k", "l", "m")),
    *("*.example", "*.deep.example", "x.deep.example", "www.a.example", "b.example", ""),
)
_PATHS = (
    *("/", "/a", "/a/", "/a/b", "/a/b/", "/A", "/ab", "/a/b/c", "/x.y", "/a-b", "/%41", "/é", "/a b", "/a+b"),
    *(
        "/foo",
        "/foo/",
        "/foo/bar",
        "/Foo",
        "/.well-known/acme-challenge",
        "/healthz",
        "/a;b",
        "/$x",
        "/a%20b",
    ),
)
_EXPRESSIONS = (
    *(
        "/x(/|$)(.*)",
        "/v[0-9]+/users",
        "/(a|b)/c",
        "/item/([0-9]+)",
        "/foo(.*)",
        "/a/?(.*)",
        "/.*",
        "/[^/]+/y",
    ),
    *("/é(.*)", "/q/(.*)/r", "/[[:alpha:]]+/z", r"/\d+$", "/A", "/foo/bar"),
)
_TARGETS = ("/", "/$2", "/$1", "/new/$1", "/in/$1/of/$2", "/$1/x", "/fixed", "/$1$2", "/:$1-$2")
_TYPES = ("Prefix", "Prefix", "Exact", "ImplementationSpecific")
_REDIRECTS = (
    {"permanent-redirect": "https://new.example$request_uri"},
    {"permanent-redirect": "https://new.example/there", "permanent-redirect-code": "308"},
    {"temporal-redirect": "https://$host/soon?u=$uri"},
    {"temporal-redirect": "http://tmp.example/$arg_id", "temporal-redirect-code": "307"},
)
_CANARIES = (
    {"canary-weight": "30"},
    {"canary-weight": "0"},
    {"canary-weight": "100"},
    {"canary-weight": "3", "canary-weight-total": "7"},
    {"canary-by-header": "X-Canary"},
    {"canary-by-header": "X-Canary", "canary-by-header-value": "yes"},
    {"canary-by-header": "X-Canary", "canary-by-header-pattern": "^(b|c)", "canary-weight": "50"},
    {"canary-by-cookie": "canary", "canary-weight": "100"},
    {"canary-by-header": "X-Canary", "canary-by-cookie": "canary", "canary-weight": "10"},
)
_OTHERS = (
    *(
        {"ssl-redirect": "false"},
        {"force-ssl-redirect": "true"},
        {"app-root": "/start"},
        {"enable-cors": "true"},
    ),
    *({"from-to-www-redirect": "true"}, {"proxy-body-size": "10"}, {"preserve-trailing-slash": "true"}),
    *({"allowlist-source-range": "127.0.0.0/9"}, {"denylist-source-range": "127.0.0.1"}),
    *({"allowlist-source-range": "10.0.0.0/8"}, {"whitelist-source-range": "nobody"}),
    *({"service-upstream": "true"}, {"use-port-in-redirects": "true"}),
    {"force-ssl-redirect": "true", "preserve-trailing-slash": "true"},
    {"auth-type": "basic", "auth-secret": "users"},
    {"auth-type": "basic", "auth-secret": "users", "satisfy": "any", "allowlist-source-range": "127.0.0.0/8"},
    {"auth-type": "basic", "auth-secret": "users", "satisfy": "any", "allowlist-source-range": "10.0.0.0/8"},
    {"custom-http-errors": "404,503", "default-backend": "old"},
    {"custom-http-errors": "403,413"},
    {"server-alias": "alias.example"},
    {"affinity": "cookie"},
    {"upstream-hash-by": "$request_uri"},
    {"limit-connections": "1000"},
    {"proxy-read-timeout": "30", "custom-headers": ""},
)


class Site(Struct, frozen=True):
    """Objects with their pods, and requests about them."""

    given: Given
    requests: tuple[Request, ...]


class Made:
    """Makes sites; the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._plain: frozenset[str] = frozenset()

    def site(self, ingresses: int, pairs: int) -> Site:
        # Each site has its own mixture: few hosts make many conflicts.
        hosts = self._chance.sample(_HOSTS, self._chance.randint(4, len(_HOSTS)))
        # One expression makes expressions of all paths of its host.
        self._plain = frozenset(hosts[: len(hosts) * 2 // 3])
        raws = [self._ingress(at, hosts) for at in range(ingresses)]
        given = _given([*_base(), *raws])
        rules = [(rule.get("host", ""), path["path"]) for raw in raws for rule, path in _rules(raw)]
        return Site(given, tuple(self._request(*self._chance.choice(rules)) for _ in range(pairs)))

    def _ingress(self, at: int, hosts: list[str]) -> Raw:
        chance = self._chance
        annotations: dict[str, str] = {}
        host = chance.choice(hosts)
        regex = host not in self._plain and chance.random() < 0.3
        if regex:
            annotations |= {"use-regex": "true"}
            annotations |= {"rewrite-target": chance.choice(_TARGETS)} if chance.random() < 0.7 else {}
        kind = chance.random()
        if kind < 0.25:
            annotations |= {"canary": "true", **chance.choice(_CANARIES)}
        elif kind < 0.3:
            annotations |= chance.choice(_REDIRECTS)
        for one in chance.sample(_OTHERS, chance.choice((0, 0, 0, 0, 1, 2))):
            annotations |= one
        meta = {
            "creationTimestamp": f"2024-01-{1 + at % 28:02}T00:00:{at % 60:02}Z",
            "annotations": {PREFIX + name: value for name, value in annotations.items()},
        }
        spec: Raw = {"rules": [self._rule(host, regex=regex) for _ in range(chance.choice((1, 1, 2)))]}
        if host and chance.random() < 0.01:
            spec["tls"] = [{"hosts": [host]}]
        if chance.random() < 0.1:
            spec["defaultBackend"] = self._backend()
        return as_object("networking.k8s.io/v1", "Ingress", "shop", f"i{at}", meta, spec=spec)

    def _rule(self, host: str, *, regex: bool) -> Raw:
        paths = [self._path(regex=regex) for _ in range(self._chance.choice((1, 1, 2, 3)))]
        return {**({"host": host} if host else {}), "http": {"paths": paths}}

    def _path(self, *, regex: bool) -> Raw:
        path = self._chance.choice(_EXPRESSIONS if regex and self._chance.random() < 0.8 else _PATHS)
        kind = "ImplementationSpecific" if regex else self._chance.choice(_TYPES)
        return {"path": path, "pathType": kind, "backend": self._backend()}

    def _backend(self) -> Raw:
        name = self._chance.choice((*_SERVICES, *_SERVICES, *_SERVICES, _ASLEEP, "missing"))
        return {"service": {"name": name, "port": {"number": 80}}}

    def _request(self, host: str, path: str) -> Request:
        chance = self._chance
        host = host.replace("*", chance.choice(("x", "y-z", "deep", "a", "p.q", "www"))) or "other.example"
        if chance.random() < 0.15:
            host = chance.choice(
                (host.upper(), f"{host}.", f"www.{host}", f"{host}:8080", "alias.example", "no")
            )
        target = self._near(_sample(path))
        headers = tuple(filter(None, (self._header() for _ in range(chance.choice((0, 1, 2))))))
        url = parse_url(f"{chance.choice(('http', 'http', 'https'))}://{host}{target}")
        assert url is not None, f"{host}{target} is no URL"
        method = chance.choice(("GET", "GET", "GET", "POST", "OPTIONS", "DELETE"))
        return Request(method, url, headers, length=chance.choice((0, 0, 5, 20)) if method == "POST" else 0)

    def _near(self, path: str) -> str:
        """Return a path near a rule's, as clients write them."""
        chance = self._chance
        edits = (
            *("{p}", "{p}", "{p}/", "{p}x", "{p}/y", "{p}/../b", "{p}/./", "{p}//", "/{p}", "{p}?q=1&id=7"),
            *(
                "{p}/%2e%2e/",
                "{p}%2Fz",
                "{p}%20",
                "{p}%3Fa",
                "{p}/?",
                "{p}%25",
                "{p}/%C3%A9?x=%20",
                "{p}/a%2b+b",
            ),
            *("{p}..", "{p}/...", "{p}%", "{p}%zz", "/..{p}", "{p};v=1", "{p}/%41", "{p}#"),
        )
        found = chance.choice(edits).replace("{p}", path).partition("#")[0]
        if chance.random() < 0.1:
            found = found.swapcase() if "%" not in found else found
        if chance.random() < 0.1:
            found = found.replace("/", "/%61/", 1)
        return found or "/"

    def _header(self) -> tuple[str, str] | None:
        canary = ("X-Canary", self._chance.choice(("always", "never", "yes", "b", "no", "ALWAYS", "")))
        cookie = (
            "Cookie",
            self._chance.choice(("canary=always", "canary=never", "a=b; canary=always", "canary=x")),
        )
        origin = ("Origin", "https://app.example")
        return self._chance.choice((canary, cookie, origin, ("X-Other", "1")))


def _sample(path: str) -> str:
    """Return a path that an expression may match, or the path as it is sent."""
    known = {
        "/x(/|$)(.*)": "/x/one/two",
        "/v[0-9]+/users": "/v12/users",
        "/(a|b)/c": "/b/c",
        "/item/([0-9]+)": "/item/42",
        "/foo(.*)": "/foobar",
        "/a/?(.*)": "/a/r",
        "/.*": "/any",
        "/[^/]+/y": "/w/y",
        "/é(.*)": "/%c3%a9x",
        "/q/(.*)/r": "/q/1/2/r",
        "/[[:alpha:]]+/z": "/word/z",
        r"/\d+$": "/77",
    }
    return known.get(path, path.replace("é", "%C3%A9").replace(" ", "%20").replace("/%41", "/%2541"))


def _rules(raw: Raw) -> Iterator[tuple[Raw, Raw]]:
    yield from ((rule, path) for rule in raw["spec"]["rules"] for path in rule["http"]["paths"])


def _base() -> Iterator[Raw]:
    yield as_object("v1", "Secret", "shop", "users", {}, stringData={"auth": "ann:{PLAIN}secret\n"})
    for name in (*_SERVICES, _ASLEEP):
        spec = {"ports": [{"port": 80, "targetPort": 8080}]}
        yield as_object("v1", "Service", "shop", name, {}, spec=spec)
    for at, name in enumerate(_SERVICES):
        labels = {"labels": {"kubernetes.io/service-name": name}}
        rest: dict[str, Any] = {
            "addressType": "IPv4",
            "ports": [{"port": 8080}],
            "endpoints": [{"addresses": [f"{_PODS}{_FIRST + at}"]}],
        }
        yield as_object("discovery.k8s.io/v1", "EndpointSlice", "shop", f"{name}-1", labels, **rest)


def _given(raws: Iterable[Raw]) -> Given:
    objects = decoded(raws)
    slices = tuple(one for one in objects if isinstance(one, EndpointSlice))
    pods = tuple(Pod(f"{_PODS}{_FIRST + at}", 8080, name, "http") for at, name in enumerate(_SERVICES))
    return Given(objects, slices, pods, {}, ())


async def compared(site: Site, stage: Theatre, seen: Counter[str]) -> tuple[str, ...]:
    """Return where what is explained and what NGINX does differ; ``seen`` counts what was explained."""
    options = stage.options(defaults())
    output = output_of(site.given, options)
    explaining = Explaining(output, site.given, options)
    # First, so that no request waits for an explanation: its time would run out.
    said = [(asking, explaining.says(asking)) for asking in site.requests]
    seen.update(kind for _, found in said if found for kind in _kinds(found))
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(asking: Request, found: Explanation | None) -> str:
        assert found is not None, f"{asking} can be said"
        async with room:
            got = await stage.ask(asking)
        wrong = disagreement(found, got, explaining.pods)
        return f"{asking}\n  {wrong}\n  {found.server}\n  {found.location}" if wrong else ""

    async with stage.perform(output, site.given):
        wrong = await asyncio.gather(*(one(*pair) for pair in said))
    return tuple(filter(None, wrong))


def _kinds(found: Explanation) -> Iterator[str]:
    """Yield what kind of explanation it is: what a run has to have seen of each."""
    yield from (f"status {one.status}" if one.status else "application" for one in found.outcomes)
    yield "by chance" if len(found.outcomes) > 1 else "certain"
    yield "expression" if found.location and "~" in found.location.says else "path"
    yield from (("rivals",) if found.lost else ())
    yield from (f"page of {one.page_of}" for one in found.outcomes if one.page_of)
    yield from (
        "rewritten" for one in found.way if one.directive.startswith("rewrite") and one.state == "acts"
    )


async def _main(pairs: int, seed: int) -> int:
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    made, done, wrong, seen = Made(seed), 0, 0, Counter[str]()
    try:
        async with theatre(find_nginx(), root) as stage:
            while done < pairs:
                site = made.site(INGRESSES, min(PAIRS, pairs - done))
                differ = await compared(site, stage, seen)
                sys.stdout.write("".join(f"{one}\n" for one in differ))
                done, wrong = done + len(site.requests), wrong + len(differ)
        kinds = ", ".join(f"{name} {times}" for name, times in seen.most_common())
        sys.stdout.write(f"{done} pairs, {wrong} differ: {kinds}\n")
    finally:
        shutil.rmtree(root)
    return 1 if wrong else 0


if __name__ == "__main__":
    count, start = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    raise SystemExit(asyncio.run(_main(count, start)))
