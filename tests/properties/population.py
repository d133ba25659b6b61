"""Many objects at once: every annotation and every key of the ConfigMap, good and broken, combined.

``python -m tests.properties.population 100000`` makes that many and says what became of them.
"""

import itertools
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, structs
from tests.properties.clusters import (
    BUNDLES,
    CONFIGMAP,
    GENERAL,
    OPTIONS,
    PREFIX,
    Raw,
    as_object,
    base,
    compiled,
    decoded,
)
from tests.properties.hostile import NASTIES, strings

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.features import FEATURES, KEYS
from painless.model.objects import Object
from painless.nginx import catalog
from painless.nginx.generation import AT_LOAD, MAIN, STREAM_UPSTREAMS, UPSTREAMS, Generation
from painless.nginx.reader import Node, read
from painless.nginxd.disk import Disk
from painless.nginxd.listeners import aside

_LISTS = frozenset({"map", "geo", "split_clients", "types"})
_NEVER = frozenset({"load_module", "root", "alias", "autoindex", "env", "user", "perl", "js_import"})
_OURS = frozenset({UPSTREAMS, STREAM_UPSTREAMS, "generation.conf"})
BATCH = 400  # Objects that are compiled together: NGINX tests them in a quarter of a second.
TESTED = 120.0  # Seconds for ``nginx -t``; the machine may be busy.
_HOSTILE = 0.06  # Of all texts: more, and hardly any object would be served.
_NAMESPACES = ("shop", "shop", "shop", "ops")
_SERVICES = ("web", "api", "other")
_PATHS = ("/", "/a", "/a/", "/a/b", "/a(/|$)(.*)", "/%41", "/b c", "/$x", "", "/{a}", "/~", "/é", "//")


class Batch(Struct, frozen=True):
    """What is wrong with what a batch of objects comes to, and how much in it was new; nothing should be."""

    objects: int
    servers: int
    findings: int
    wrong: tuple[str, ...]


class Population:
    """Makes objects; the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._texts = [*NASTIES, *strings(2000, seed)]
        self._examples = {name: key.example for name, key in KEYS.items()}
        self._names = sorted({*KEYS, *ANNOTATIONS})
        self._settings = {one.name: one.example for feature in FEATURES for one in feature.SETTINGS}
        self._settings |= {key.config: key.example for key in KEYS.values() if key.config}
        self._config_names = sorted({*self._settings, *CONFIG_KEYS})

    def batch(self, size: int) -> tuple[Object, ...]:
        """Return objects of which about ``size`` are new, the ConfigMap among them."""
        made = [self._ingress(at) for at in range(size * 3 // 4)]
        made += [self._other(at) for at in range(size - len(made) - 1)]
        return decoded([*base(), *made, self._configmap()])

    def _text(self, *good: str) -> str:
        hostile = self._chance.random() < _HOSTILE
        return self._chance.choice(self._texts if hostile else good)

    def _annotations(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for bundle in self._chance.sample(BUNDLES, self._chance.randint(0, 3)):
            found |= {name: self._text(text) for name, text in bundle.items()}
        for name in self._chance.sample(self._names, self._chance.randint(0, 4)):
            found[name] = self._text(*[self._examples.get(name, "true")] * 6, *GENERAL)
        named = {PREFIX + name: value for name, value in found.items()}
        if self._chance.random() < _HOSTILE:
            named[PREFIX + self._text("x")] = self._text("x")
        return named

    def _path(self) -> Raw:
        service = {
            "name": self._text(*_SERVICES),
            "port": self._chance.choice(({"number": 80}, {"name": "http"})),
        }
        kind = self._text("Exact", "Prefix", "ImplementationSpecific")
        return {"path": self._text(*_PATHS), "pathType": kind, "backend": {"service": service}}

    def _ingress(self, at: int) -> Raw:
        # Some hosts are shared, most are not.
        number = at if self._chance.random() < 0.7 else at % 7
        host = self._text(f"h{number}.test", f"h{number}.test", f"*.h{number}.test", "")
        rules = [{"host": host, "http": {"paths": [self._path() for _ in range(self._chance.randint(1, 3))]}}]
        spec: Raw = {"ingressClassName": "nginx", "rules": rules}
        if self._chance.random() < 0.3:
            spec["tls"] = [{"hosts": [host], "secretName": self._text("pair", "none")}]
        meta = {
            "annotations": self._annotations(),
            "creationTimestamp": f"2026-01-{self._chance.randint(1, 28):02}T00:00:00Z",
            "uid": self._text("f3a1b2c3-0000-4000-8000-000000000000"),
            "labels": {self._text("app"): self._text("web")},
        }
        name = self._text(f"i{at}")
        return as_object(
            "networking.k8s.io/v1", "Ingress", self._chance.choice(_NAMESPACES), name, meta, spec=spec
        )

    def _other(self, at: int) -> Raw:
        namespace, name = self._chance.choice(_NAMESPACES), self._text(*_SERVICES, f"s{at}")
        if self._chance.random() < 0.5:
            port = {
                "port": 80,
                "name": self._text("http", ""),
                "targetPort": self._chance.choice((8080, "main")),
            }
            kind = self._text("ClusterIP", "ClusterIP", "ExternalName")
            spec = {"type": kind, "externalName": self._text("outside.test"), "ports": [port]}
            return as_object("v1", "Service", namespace, name, {}, spec=spec)
        data = {self._text("X-Own", "Vary"): self._text("a b", "$host") for _ in range(3)}
        return as_object("v1", "ConfigMap", namespace, self._text("headers", f"c{at}"), {}, data=data)

    def _configmap(self) -> Raw:
        names = self._chance.sample(self._config_names, 6)
        data = {name: self._text(*[self._settings.get(name, "true")] * 6, *GENERAL) for name in names}
        # What most clusters have that have snippets; else few of a batch would be taken.
        data |= {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
        return as_object("v1", "ConfigMap", *CONFIGMAP, {}, data=data)


def judged(some: tuple[Object, ...], disk: Disk) -> Batch:
    """Compile, read back what was printed, and ask the real NGINX."""
    found = compiled(some, structs.replace(OPTIONS, state=str(disk.root)))
    cold = found.generation.cold
    contexts = {MAIN: "main", UPSTREAMS: "http", STREAM_UPSTREAMS: "stream"}
    texts = {name: read(cold[name]) for name in contexts if name in cold}
    strange = (each for name, nodes in texts.items() for each in _strange(nodes, contexts[name]))
    wrong = (*strange, *_refused(found.generation, disk))
    return Batch(len(some), len(found.site.servers), len(found.diagnostics), wrong)


def _strange(nodes: Iterable[Node], context: str) -> Iterator[str]:
    """Yield directives that are nobody's here, by NGINX's or by our own rules."""
    for one in nodes:
        entry = catalog.find(one.name, context) or (catalog.find("", context) if context in _LISTS else None)
        if entry is None or one.name in _NEVER:
            yield f"line {one.line}: {one.name} in {context}"
        if one.name == "include" and one.args[0].text not in _OURS:
            yield f"line {one.line}: include {one.args[0].text}"
        if one.block is not None and (inner := catalog.inside(one.name, context)):
            yield from _strange(one.block, inner)


def _refused(generation: Generation, disk: Disk) -> Iterator[str]:
    disk.stage(generation)
    # A test of NGINX opens those, and no other hot file.
    at_load = {path for path in generation.hot if path.startswith(AT_LOAD)}
    for path in at_load:
        disk.put_hot(path, generation.hot[path])
    # Addresses that this machine has not are nobody's mistake here.
    with disk.changed(generation.id, aside) as apart:
        command = [
            OPTIONS.build.path,
            "-t",
            "-q",
            "-c",
            str(apart / MAIN),
            "-p",
            str(disk.root),
            "-e",
            "stderr",
        ]
        ran = subprocess.run(command, capture_output=True, timeout=TESTED, check=False)
    if ran.returncode:
        yield ran.stderr.decode(errors="replace")[-500:]
    disk.prune(())
    for path in at_load:
        disk.drop_hot(path)


def all_of(count: int, first: int = 0) -> Iterator[Batch]:
    """Make and judge ``count`` objects, no two of them equal, a batch at a time."""
    with tempfile.TemporaryDirectory(prefix="painless-", dir="/tmp") as root, Disk(Path(root)) as disk:
        made: set[int] = set()
        for seed in itertools.count(first):
            some = Population(seed).batch(BATCH)
            new = {hash(one) for one in some} - made
            made |= new
            yield structs.replace(judged(some, disk), objects=len(new))
            if len(made) >= count:
                return


def main(count: int) -> int:
    """Say what becomes of so many objects; return how much is wrong."""
    totals: Counter[str] = Counter()
    for seed, one in enumerate(all_of(count)):
        totals.update(objects=one.objects, servers=one.servers, findings=one.findings, wrong=len(one.wrong))
        for wrong in one.wrong:
            sys.stdout.write(f"seed {seed}: {wrong}\n")
    sys.stdout.write(", ".join(f"{number:,} {what}" for what, number in totals.items()) + "\n")
    return totals["wrong"]


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1])) else 0)
