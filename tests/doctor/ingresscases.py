"""Cases of checks about Ingresses, Services, and the Secrets that they name."""

from collections.abc import Mapping
from typing import Any

from tests.doctor.objectcases import (
    Tree,
    config,
    controller,
    endpoints,
    ingress,
    pair,
    pairs,
    scaler,
    service,
    some,
    theirs,
    thing,
)

from painless.doctor.facts import CONF, PAINLESS, Painless
from painless.doctor.objects import (
    BINDINGS,
    CLASSES,
    CONFIGMAPS,
    EVENTS,
    HPAS,
    INGRESSES,
    NAMESPACES,
    ROLES,
    SECRETS,
    SERVICES,
    SLICES,
    WORKLOADS,
)
from painless.doctor.routes import CLASS, DEFAULT_CLASS

Given = dict[str, Any]


def only(bad: Tree, good: Tree) -> tuple[Given, Given]:
    return {INGRESSES: some(bad)}, {INGRESSES: some(good)}


def web(pod: Mapping[str, Any] = {}, container: Mapping[str, Any] = {}, **spec: Any) -> Tree:
    """An application behind the Service of the cases."""
    ready = {"name": "web", "readinessProbe": {}, "lifecycle": {"preStop": {"sleep": {"seconds": 5}}}}
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{**ready, **container}], **pod},
    }
    return thing("Deployment", "web", spec={"replicas": 4, "template": template, **spec})


def application(bad: Tree, good: Tree) -> tuple[Given, Given]:
    asked = {INGRESSES: some(ingress()), SERVICES: some(service())}
    return {**asked, WORKLOADS: some(bad)}, {**asked, WORKLOADS: some(good)}


def environment(name: str) -> Tree:
    return thing("Namespace", "shop", metadata={"labels": {"environment": name}})


def secret(bad: Any, good: Any) -> tuple[Given, Given]:
    asked = {INGRESSES: some(ingress(tls="pair"))}
    return {**asked, SECRETS: pairs(bad)}, {**asked, SECRETS: pairs(good)}


def balancer() -> Tree:
    """The Service of the controller, behind a balancer that keeps connections for 300 s."""
    prefix = "service.beta.kubernetes.io/aws-load-balancer-"
    annotations = {f"{prefix}connection-idle-timeout": "300", f"{prefix}backend-protocol": "http"}
    return thing(
        "Service",
        "ingress",
        metadata={"annotations": annotations},
        spec={"type": "LoadBalancer", "selector": {"app": "painless"}},
    )


def unready(count: int) -> Any:
    """Failures of a readiness probe in half an hour, none of which is long ago."""
    return some(
        thing(
            "Event",
            "e",
            message="Readiness probe failed: HTTP probe failed with statuscode: 503",
            count=count,
            firstTimestamp="2026-01-01T00:00:00Z",
            lastTimestamp="2026-01-01T00:30:00Z",
            involvedObject={"namespace": "shop", "name": "web-1"},
        )
    )


OTHER: dict[str, Any] = {"namespace": "other", "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}}
ROLE = thing("ClusterRole", "reader", rules=[{"resources": ["secrets"], "verbs": ["list"]}])
NARROW = thing("ClusterRole", "reader", rules=[{"resources": ["services"], "verbs": ["list"]}])
BINDING = thing(
    "ClusterRoleBinding",
    "reader",
    roleRef={"name": "reader"},
    subjects=[{"kind": "ServiceAccount", "namespace": "shop", "name": "default"}],
)
SCOPED = controller({"args": ["serve", "--ingress-class=a", "--election-id=b", "--watch-namespace=shop"]})
LOADED = Painless(ready=True, missing="", held=0, loads=(10.0, 20.0), because=())
CALM = Painless(ready=True, missing="", held=0, loads=(10.0,), because=())
PATIENT = (
    "events {} http { server { listen 80; location / { proxy_pass http://a; proxy_read_timeout 1h; } } }"
)

CASES: dict[str, tuple[Given, Given]] = {
    "I001": (
        {INGRESSES: some(ingress(service="wep")), SERVICES: some(service())},
        {INGRESSES: some(ingress()), SERVICES: some(service())},
    ),
    # A number does not match the name that a port without a name has not.
    "I002": (
        {INGRESSES: some(ingress(port={"number": 81})), SERVICES: some(service(ports=[{"port": 80}]))},
        {INGRESSES: some(ingress()), SERVICES: some(service(ports=[{"port": 80}]))},
    ),
    "I003": (
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            SLICES: some(endpoints(ready=False)),
            WORKLOADS: some(),
        },
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            SLICES: some(endpoints()),
            WORKLOADS: some(),
        },
    ),
    "I004": (
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            SLICES: some(endpoints("10.0.0.1")),
            NAMESPACES: some(environment("production")),
        },
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            SLICES: some(endpoints("10.0.0.1")),
            NAMESPACES: some(environment("staging")),
        },
    ),
    "I005": (
        {INGRESSES: some(ingress()), CLASSES: some(thing("IngressClass", "other"))},
        {INGRESSES: some(ingress()), CLASSES: some(thing("IngressClass", "nginx"))},
    ),
    "I006": (
        {
            INGRESSES: some(ingress(), ingress(namespace="team-qa")),
            NAMESPACES: some(environment("production")),
        },
        {INGRESSES: some(ingress(), ingress(namespace="team-qa")), NAMESPACES: some(environment("qa"))},
    ),
    "I007": (
        {
            INGRESSES: some(ingress(), ingress("chat", proxy_read_timeout="3600")),
            SERVICES: some(service()),
            WORKLOADS: some(web()),
            HPAS: some(scaler("web")),
        },
        {
            INGRESSES: some(ingress(), ingress("chat", proxy_read_timeout="60")),
            SERVICES: some(service()),
            WORKLOADS: some(web()),
            HPAS: some(scaler("web")),
        },
    ),
    "I008": only(ingress(path="/a/.*"), ingress(path="/a/.*", use_regex="true")),
    "I009": (
        {INGRESSES: some(ingress(), ingress("later", service="other"))},
        {INGRESSES: some(ingress(), ingress("later", service="other", canary="true"))},
    ),
    "I010": only(ingress(path="/a", rewrite_target="/"), ingress(path="/a(/|$)(.*)", rewrite_target="/$2")),
    "I011": (
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service(type="ExternalName", externalName="example.com")),
        },
        {INGRESSES: some(ingress()), SERVICES: some(service())},
    ),
    "I012": (
        {
            WORKLOADS: some(controller()),
            SERVICES: some(balancer()),
            INGRESSES: some(ingress(limit_rps="5")),
        },
        {
            WORKLOADS: some(theirs()),
            SERVICES: some(balancer()),
            INGRESSES: some(ingress(limit_rps="5")),
            CONFIGMAPS: some(config(use_proxy_protocol="true")),
        },
    ),
    "I014": ({EVENTS: unready(20)}, {EVENTS: unready(200)}),
    "I015": only(ingress(tls="pair", hosts=["other.example"]), ingress(tls="pair", hosts=["*.example"])),
    "I016": only(thing("Ingress", "empty", spec={}), ingress()),
    "I017": (
        {INGRESSES: some(ingress(), ingress("expr", path="/x", use_regex="true")), WORKLOADS: some(theirs())},
        {
            INGRESSES: some(ingress(), ingress("expr", path="/x", use_regex="true")),
            WORKLOADS: some(controller()),
        },
    ),
    "I018": (
        {INGRESSES: some(ingress()), SERVICES: some(service(sessionAffinity="ClientIP"))},
        {INGRESSES: some(ingress(affinity="cookie")), SERVICES: some(service(sessionAffinity="ClientIP"))},
    ),
    "I019": (
        {
            CLASSES: some(
                *(
                    thing("IngressClass", name, metadata={"annotations": {DEFAULT_CLASS: "true"}})
                    for name in "ab"
                )
            )
        },
        {CLASSES: some(thing("IngressClass", "a", metadata={"annotations": {DEFAULT_CLASS: "true"}}))},
    ),
    "I020": only(
        ingress(metadata={"annotations": {CLASS: "other"}}),
        ingress(metadata={"annotations": {CLASS: "nginx"}}),
    ),
    "I021": only(ingress(path_type="ImplementationSpecific"), ingress()),
    "I022": (
        {WORKLOADS: some(theirs()), SERVICES: some(balancer()), CONFIGMAPS: some(config())},
        {
            WORKLOADS: some(theirs()),
            SERVICES: some(balancer()),
            CONFIGMAPS: some(config(keep_alive="620")),
        },
    ),
    "I023": only(ingress(path="/([a-z]*)*", use_regex="true"), ingress(path="/([a-z]*)", use_regex="true")),
    "U002": (
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            WORKLOADS: some(theirs(), web(container={"command": ["uvicorn", "app:app"]})),
            CONFIGMAPS: some(config()),
        },
        {
            INGRESSES: some(ingress()),
            SERVICES: some(service()),
            WORKLOADS: some(theirs(), web(container={"command": ["uvicorn", "app:app"]})),
            CONFIGMAPS: some(config(upstream_keepalive_timeout="4")),
        },
    ),
    "V013": ({CONF: PATIENT, PAINLESS: LOADED}, {CONF: PATIENT, PAINLESS: CALM}),
    "D013": application(web(container={"readinessProbe": None}), web()),
    "D014": application(web(strategy={"rollingUpdate": {"maxSurge": "100%"}}), web()),
    "D019": application(web(container={"lifecycle": None}), web()),
    "D020": application(web(pod={"terminationGracePeriodSeconds": 5}), web()),
    "S001": only(
        ingress(auth_url="http://a/\n;} load_module x;"), ingress(proxy_cookie_path="/ /; Secure; HttpOnly")
    ),
    "S002": (
        {WORKLOADS: some(theirs()), CONFIGMAPS: some(config(allow_snippet_annotations="true"))},
        {WORKLOADS: some(theirs()), CONFIGMAPS: some(config())},
    ),
    "S003": (
        {
            WORKLOADS: some(
                theirs(
                    {
                        "image": "registry.k8s.io/ingress-nginx/controller:v1.11.4@sha256:00",
                        "args": ["/nginx-ingress-controller", "--validating-webhook=:8443"],
                    }
                )
            )
        },
        {WORKLOADS: some(theirs({"args": ["/nginx-ingress-controller", "--validating-webhook=:8443"]}))},
    ),
    "S004": (
        {WORKLOADS: some(SCOPED), ROLES: some(ROLE), BINDINGS: some(BINDING)},
        {WORKLOADS: some(SCOPED), ROLES: some(NARROW), BINDINGS: some(BINDING)},
    ),
    "S010": (
        {INGRESSES: some(ingress(), ingress(**OTHER))},
        {INGRESSES: some(ingress(), ingress(host="other.example", **OTHER))},
    ),
    "S011": (
        {
            INGRESSES: some(
                ingress(whitelist_source_rang="10.0.0.0/8"),
                ingress(metadata={"annotations": {"painless.dev/max-upgrade": "5"}}),
            ),
            CLASSES: some(),
        },
        {
            INGRESSES: some(
                ingress(whitelist_source_range="10.0.0.0/8"),
                ingress(metadata={"annotations": {"nginx.org/rewrites": "x"}}),
            ),
            CLASSES: some(
                thing("IngressClass", "nginx", spec={"controller": "nginx.org/ingress-controller"})
            ),
        },
    ),
    "S015": (
        {WORKLOADS: some(theirs({"image": "registry.k8s.io/ingress-nginx/controller:v1.14.3"}))},
        {WORKLOADS: some(theirs())},
    ),
    "T006": secret(pair(rsa_bits=4096), pair(rsa_bits=2048)),
    "T011": secret(pair("pear"), pair()),
    "T012": secret(pair(problem="it has no tls.key"), pair()),
    "T013": secret(pair(ends_in=6.9), pair(ends_in=30.1)),
    "T014": secret(pair(hosts=("*.shop.example",)), pair(hosts=("*.example",))),
}
