"""A cluster that has come to ingress-nginx over years, and how long ``painless migrate`` takes to look at it.

``python -m bench.migration FOLDER [COUNT]`` writes it as manifests, for whoever wants to see the report.
Varied on purpose: every family of annotations, paths of all types, hosts that teams share, canaries, aliases,
certificates that fit and that do not, and the usual slips.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.cluster import CLASS, Manifest, ingress_class, service
from bench.figures import Row, Run, most
from bench.running import BenchError, folder

SIZES = (1_000,)
RUNS = 3
WITHIN = 120.0  # Seconds for one report; two are usual.
BAD = 2  # What the command ends with: there are settings that nobody supports.
TEAMS = 20
PREFIX = "nginx.ingress.kubernetes.io/"
IN_A_FILE = 50  # Ingresses, as repositories of manifests have them.

Annotations = Mapping[str, str]

KINDS: tuple[Annotations, ...] = (
    {},
    {},
    {},
    {"proxy-body-size": "50m", "proxy-read-timeout": "300", "proxy-send-timeout": "300"},
    {"rewrite-target": "/$2", "use-regex": "true"},
    {"enable-cors": "true", "cors-allow-origin": "https://app.example, https://*.example.org"},
    {"enable-cors": "true"},
    {"auth-url": "https://login.example/oauth2/auth", "auth-signin": "https://login.example/oauth2/start"},
    {"auth-type": "basic", "auth-secret": "users", "auth-realm": "staff"},
    {"auth-type": "digest", "auth-secret": "users"},
    {"whitelist-source-range": "10.0.0.0/8, 192.168.0.0/16"},
    {"whitelist-source-range": "10.0.0.0/8, office"},
    {"limit-rps": "20", "limit-burst-multiplier": "3", "limit-allowlist": "10.0.0.0/8,ofice"},
    {"affinity": "cookie", "affinity-mode": "persistent", "session-cookie-expires": "172800"},
    {"load-balance": "ewma"},
    {"upstream-hash-by": "$request_uri"},
    {"backend-protocol": "GRPC", "proxy-buffer-size": "16k"},
    {"backend-protocol": "HTTPS", "proxy-ssl-verify": "off"},
    {"configuration-snippet": 'more_set_headers "X-Frame-Options: DENY";'},
    {"server-snippet": "location /private { deny all; }"},
    {"custom-http-errors": "404,503", "default-backend": "errors"},
    {"enable-modsecurity": "true", "enable-owasp-core-rules": "true"},
    {"permanent-redirect": "https://moved.example", "permanent-redirect-code": "308"},
    {"from-to-www-redirect": "true", "force-ssl-redirect": "true"},
    {"ssl-redirect": "true", "hsts": "true"},
    {"proxy-connect-timeout": "5s", "proxy-next-upstream": "error timeout http_502"},
    {"mirror-target": "https://shadow.example$request_uri"},
    {"server-alias": "alias-{number}.example", "app-root": "/home"},
    {"custom-headers": "headers/none"},
    {"satisfy": "any", "x-forwarded-prefix": "/app", "upstream-vhost": "internal.example"},
)
"""Annotations without their prefix; ``{number}`` is the Ingress's."""

FOREIGN = {"ingress.kubernetes.io/rewrite-target": "/", "nginx.org/client-max-body-size": "8m"}
"""What others' documents recommend; given to some."""

CONFIG = {
    "allow-snippet-annotations": "true",
    "annotations-risk-level": "Critical",
    "enable-modsecurity": "true",
    "log-format-upstream": "$remote_addr $request $status",
    "proxy-body-size": "20m",
    "server-tokens": "false",
    "use-forwarded-headers": "true",
    "use-gzip": "true",
    "worker-proceses": "4",
}

ARGUMENTS = (
    "/nginx-ingress-controller",
    "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller",
    "--election-id=ingress-nginx-leader",
    "--controller-class=k8s.io/ingress-nginx",
    "--ingress-class=nginx",
    "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller",
    "--enable-metrics=true",
    "--metrics-per-host=false",
    "--v=2",
)


def write(home: Path, count: int) -> None:
    """Write the cluster as manifests below ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    _put(home / "controller.json", list(_controller()))
    made = list(_ingresses(count))
    for at in range(0, count, IN_A_FILE):
        _put(home / f"ingresses-{at // IN_A_FILE:03}.json", made[at : at + IN_A_FILE])
    _put(home / "services.json", [service(_team(number), f"app-{number}", 8080) for number in range(count)])


def _put(path: Path, items: list[Manifest]) -> None:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def _controller() -> Iterator[Manifest]:
    about = {"namespace": "ingress-nginx", "name": "ingress-nginx-controller"}
    labels = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "ingress-nginx"}
    container = {
        "name": "controller",
        "image": "registry/ingress-nginx/controller:v1.15.1",
        "args": ARGUMENTS,
    }
    yield ingress_class()
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": CONFIG}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**about, "labels": labels},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def _team(number: int) -> str:
    return f"team-{number % TEAMS}"


def _ingresses(count: int) -> Iterator[Manifest]:
    for number in range(count):
        yield _ingress(number)


def _ingress(number: int) -> Manifest:
    kind = KINDS[number % len(KINDS)]
    annotations = {
        PREFIX + name: text.format(number=number) if "{number}" in text else text
        for name, text in kind.items()
    }
    host, paths = f"app-{number}.example", _paths(number, kind)
    for every, change in _ODD:
        if number % every == every - 1:
            host = change(number, host, annotations)
    spec: Manifest = {
        "ingressClassName": CLASS if number % 40 else "internal",
        # A canary of one path only: in ingress-nginx it takes its share of the other, too.
        "rules": [
            {"host": host, "http": {"paths": paths[: 1 if f"{PREFIX}canary" in annotations else None]}}
        ],
    }
    if number % 3 == 0:
        spec["tls"] = [{"hosts": [host], "secretName": f"tls-{number}"}]
    when = f"202{number % 5}-0{number % 9 + 1}-1{number % 10}T0{number % 10}:00:00Z"
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "namespace": _team(number),
            "name": f"app-{number}",
            "creationTimestamp": when,
            "annotations": annotations,
        },
        "spec": spec,
    }


def _paths(number: int, kind: Annotations) -> list[dict[str, Any]]:
    if "rewrite-target" in kind:
        written = (("/api(/|$)(.*)", "ImplementationSpecific"), ("/Static", "Prefix"))
    else:
        written = ((("/", "Prefix"), ("/api/", "Prefix")), (("/v1", "Prefix"), ("/health", "Exact")))[
            number % 2
        ]
    backend = {"service": {"name": f"app-{number}", "port": {"number": 80}}}
    return [{"path": path, "pathType": kind_of_path, "backend": backend} for path, kind_of_path in written]


def _shared(number: int, _host: str, _annotations: dict[str, str]) -> str:
    return f"shared-{number // 100}.example"


def _misspelled(_number: int, host: str, annotations: dict[str, str]) -> str:
    annotations[f"{PREFIX}proxy-body-sise"] = "8m"
    return host


def _foreign(_number: int, host: str, annotations: dict[str, str]) -> str:
    annotations.update(FOREIGN)
    return host


def _canary(number: int, _host: str, annotations: dict[str, str]) -> str:
    """Take a share of the Ingress two before, which has the same paths."""
    annotations.clear()
    annotations.update({f"{PREFIX}canary": "true", f"{PREFIX}canary-weight": "10"})
    return f"app-{number - 2}.example"


_ODD: tuple[tuple[int, Callable[[int, str, dict[str, str]], str]], ...] = (
    (7, _shared),
    (11, _misspelled),
    (13, _foreign),
    (23, _canary),
)
"""What every so-manyth Ingress has besides."""


def measure(run: Run) -> tuple[Row, ...]:
    return tuple(_measured(run, size) for size in run.sizes or SIZES)


def _measured(run: Run, size: int) -> Row:
    with folder() as home:
        write(home / "cluster", size)
        values = []
        for at in range(RUNS):
            run.say(f"migrate: {size:,} Ingresses, run {at + 1} of {RUNS}")
            values.append(_took(home))
        page = (home / "report.html").stat().st_size
    return Row(
        what=f"{size:,} varied Ingresses: report as JSON and as a page",
        values=tuple(values),
        goals=(most(10),) if size in SIZES else (),
        beside=f"a fresh process each time; the page has {page / 1_000_000:.1f} MB",
    )


def _took(home: Path) -> float:
    command = [
        sys.executable,
        "-m",
        "painless",
        "migrate",
        "--source",
        str(home / "cluster"),
        "--output",
        "json",
    ]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--html", str(home / "report.html")], capture_output=True, timeout=WITHIN, check=False
    )
    if done.returncode != BAD:
        raise BenchError(f"painless migrate ended with {done.returncode}:\n{done.stderr.decode()}")
    return time.monotonic() - began


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SIZES[0])
