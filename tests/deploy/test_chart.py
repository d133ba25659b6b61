"""The Helm chart: what it makes is what the API server takes, restricted, and as small as it can be."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner
from cryptography import x509
from tests.deploy.chart import CHART, NAMESPACE, WITHOUT_HELM, decoded, flags_of, helm, render
from tests.deploy.made import ROOT, stale
from tests.deploy.security import violations

from painless.cli.main import main as painless
from painless.observe.accepting import Accept, Watched

pytestmark = pytest.mark.skipif(helm is None, reason=WITHOUT_HELM)

VERSION = "1.37"
MOST_OF_A_CONFIGMAP = 200_000
"""Letters: ``kubectl apply`` keeps a copy in an annotation, which may have 256 KiB."""
CUSTOM = {
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
    "Certificate",
    "Issuer",
}  # No schema of Kubernetes'.

#: Values that between them make every object and take every branch of the templates.
VARIANTS: dict[str, Any] = {
    "defaults": {},
    "daemon set on the host's network": {
        "controller": {"kind": "DaemonSet", "hostNetwork": True, "service": {"type": "ClusterIP"}}
    },
    "one namespace": {"controller": {"scope": {"enabled": True}}, "rbac": {"scope": True}},
    "some namespaces": {"controller": {"scope": {"namespaceSelector": "team=shop"}}},
    "status of a Service elsewhere": {"controller": {"publishService": {"pathOverride": "lb/front"}}},
    "status of nodes": {"controller": {"publishService": {"enabled": False}}},
    "zones": {"controller": {"enableTopologyAwareRouting": True}},
    "cert-manager": {"controller": {"admissionWebhooks": {"certManager": {"enabled": True}}}},
    "own certificate": {"controller": {"admissionWebhooks": {"existingSecret": "mine"}}},
    "no admin page": {"controller": {"admin": {"enabled": False}}},
    "tokens on the host's network": {
        "controller": {"hostNetwork": True, "admin": {"tokenSecret": "admin-tokens"}}
    },
    "everything beside": {
        "controller": {
            "admin": {"exposed": True, "tokenSecret": "admin-tokens", "tlsSecret": "admin-tls"},
            "autoscaling": {"enabled": True, "capacity": {"enabled": True}},
            "metrics": {
                "enabled": True,
                "serviceMonitor": {"enabled": True},
                "podMonitor": {"enabled": True},
                "prometheusRule": {"enabled": True, "rules": [{"alert": "Down", "expr": "up == 0"}]},
                "dashboards": {"enabled": True},
            },
            "networkPolicy": {"enabled": True},
            "startupProbe": {"failureThreshold": 60},
            "service": {"internal": {"enabled": True}},
            "state": {"tmpSizeLimit": "1Gi"},
            "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["api"]}],
            "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
            "sysctls": {"net.ipv4.tcp_keepalive_time": "60"},
        },
        "defaultBackend": {"enabled": True, "extraArgs": {"quiet": ""}},
        "dhParam": "bm9uZQ==",
        "tcp": {"5432": "data/postgres:5432"},
    },
    "pools": {
        "pools": {
            "staging": {"replicaCount": 1, "config": {"proxy-read-timeout": "10"}},
            "chat": {"autoscaling": {"enabled": True}, "resources": {"requests": {"cpu": "1"}}},
        }
    },
    "pools alone": {"controller": {"enabled": False}, "pools": {"staging": None}},
}


@pytest.fixture(scope="module", params=list(VARIANTS.values()), ids=list(VARIANTS))
def rendered(request):
    return render(request.param)


def test_what_is_made_of_the_chart_is_fresh():
    """The Kustomize base and the names that the notes know; python -m tests.deploy writes them."""
    assert [] == [str(one.relative_to(ROOT)) for one in stale()]


def test_helm_finds_nothing_to_say():
    """``helm lint --strict`` passes, the icon aside, which is for catalogues."""
    found = helm.lint(str(CHART), strict=True, namespace=NAMESPACE)
    assert [] == [one for one in found["messages"] if "icon is recommended" not in str(one)]


def test_kubernetes_takes_every_object(rendered):
    """Each one fits the schema of its kind, without a field that Kubernetes does not know."""
    for one in rendered.objects:
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, VERSION, strict=True)
    assert len(rendered.objects) == len({identity(one) for one in rendered.objects})


def built_by_kubectl(overlay):
    """The objects that kubectl's own kustomize makes of an overlay."""
    kubectl = Path(sys.executable).parent / "kubectl"
    folder = CHART.parent / "kustomize" / "overlays" / overlay
    done = subprocess.run(
        [str(kubectl), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def identity(one):
    return one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]


@pytest.mark.parametrize("name", sorted(one for one in VARIANTS if "host's network" not in one))
def test_every_pod_is_restricted(name):
    """The Pod Security profile *restricted* takes all Pods; only the host's network is beyond it."""
    made = render(VARIANTS[name])
    pods = [one["spec"]["template"]["spec"] for kind in ("Deployment", "DaemonSet") for one in made.all(kind)]
    assert pods
    assert [] == [wrong for pod in pods for wrong in violations(pod)]
    assert [] == [
        one["name"]
        for pod in pods
        for one in (*pod.get("initContainers", ()), *pod["containers"])
        if not one["securityContext"]["readOnlyRootFilesystem"]
    ]


def test_the_rules_of_restricted_find_what_breaks_them():
    """A Pod as people write it breaks four of them, so the test above can fail."""
    pod = {"containers": [{"name": "app", "image": "app"}], "hostNetwork": True}
    assert [
        "hostNetwork",
        "app: allowPrivilegeEscalation",
        "app: runAsNonRoot",
        "app: seccompProfile",
        "app: capabilities",
    ] == violations(pod)


def test_names_that_are_referred_to_exist(rendered):
    """Services find Pods and ports, autoscalers their Deployment, volumes what they mount."""
    pods = [
        (one["spec"]["template"]["metadata"]["labels"], one["spec"]["template"]["spec"])
        for kind in ("Deployment", "DaemonSet")
        for one in rendered.all(kind)
    ]
    for service in rendered.all("Service"):
        chosen = [pod for labels, pod in pods if service["spec"]["selector"].items() <= labels.items()]
        assert len(chosen) == 1
        ports = {port["name"] for one in chosen[0]["containers"] for port in one.get("ports", ())}
        named = {one["targetPort"] for one in service["spec"]["ports"] if isinstance(one["targetPort"], str)}
        assert named <= ports
    for _, pod in pods:
        volumes = {one["name"] for one in pod.get("volumes", ())}
        mounted = {one["name"] for each in pod["containers"] for one in each.get("volumeMounts", ())}
        assert mounted <= volumes
    deployments = {one["metadata"]["name"] for one in rendered.all("Deployment")}
    assert {
        one["spec"]["scaleTargetRef"]["name"] for one in rendered.all("HorizontalPodAutoscaler")
    } <= deployments


def test_the_autoscaler_scales_on_a_metric_that_there_is():
    """The controller exports it, and the rule for the adapter that stands in the README serves it."""
    made = render({"controller": {"autoscaling": {"enabled": True, "capacity": {"enabled": True}}}})
    metrics = made.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    (asked,) = (one["pods"] for one in metrics if "pods" in one)
    name = asked["metric"]["name"]
    text = (CHART / "README.md").read_text()
    (rule,) = yaml.safe_load(text.partition("```yaml\nrules:")[2].partition("```")[0])
    exported = {one.name for one in Accept(Watched).collect()}
    assert {"type": "AverageValue", "averageValue": "700m"} == asked["target"]
    assert (name in exported, rule["seriesQuery"]) == (True, f'{name}{{namespace!="",pod!=""}}')


def test_the_alerts_are_there_once_beside_the_rules_of_a_values_file():
    """They are about all pools; what was in a values file for ingress-nginx stays."""
    own = {"alert": "Down", "expr": "up == 0"}
    rule = {"enabled": True, "rules": [own]}
    pools: dict[str, Any] = {"staging": {"metrics": {"prometheusRule": {"rules": []}}}}
    made = render({"controller": {"metrics": {"enabled": True, "prometheusRule": rule}}, "pools": pools})
    without = {"enabled": True, "alerts": False, "rules": [own]}
    less = render({"controller": {"metrics": {"enabled": True, "prometheusRule": without}}})
    file = yaml.safe_load((ROOT / "deploy" / "monitoring" / "painless-rules.yaml").read_text())
    (found,) = made.all("PrometheusRule")
    assert [*file["groups"], {"name": found["metadata"]["name"], "rules": [own]}] == found["spec"]["groups"]
    assert [[own]] == [one["rules"] for one in less.one("PrometheusRule")["spec"]["groups"]]


@pytest.mark.parametrize(
    ("values", "address", "rights"),
    [
        ({}, "127.0.0.1:10253", False),
        ({"admin": {"enabled": False}}, "", False),
        ({"admin": {"exposed": True, "port": 9999}}, ":9999", True),
        ({"hostNetwork": True}, "", False),
        ({"hostNetwork": True, "admin": {"tokenSecret": "mine"}}, "127.0.0.1:10253", False),
    ],
)
def test_the_admin_page_is_where_nobody_else_looks(values, address, rights):
    """Exposed it may ask the cluster who comes, on the host's network it asks for a token or is not there."""
    made = render({"controller": values})
    flags = made.flags()
    resources = {
        one for role in made.all("ClusterRole") for rule in role["rules"] for one in rule.get("resources", ())
    }
    assert (address, rights) == (
        flags["admin-address"],
        {"tokenreviews", "subjectaccessreviews"} <= resources,
    )
    assert ("tokenSecret" in values.get("admin", {})) == ("admin-token-file" in flags)
    found = {one["metadata"]["name"]: one["rules"] for one in made.all("ClusterRole")}
    assert rights == (f"{NAMESPACE}-painless-admin" in found)
    services = [one["metadata"]["name"] for one in made.all("Service")]
    assert rights == ("painless-controller-admin" in services)


def test_the_dashboards_are_there_once_with_the_address_of_the_runbooks():
    """As they are in the files but for that address; Grafana's sidecar finds them by the label."""
    where = 'https://docs.example/"runbooks"'
    given = {"enabled": True, "namespace": "grafana", "runbooks": where}
    pools: dict[str, Any] = {"staging": {}}
    values = {"controller": {"metrics": {"enabled": True, "dashboards": given}}, "pools": pools}
    made = [one for one in render(values).all("ConfigMap") if one["metadata"]["namespace"] == "grafana"]
    texts = {name: json.loads(text) for one in made for name, text in one["data"].items()}
    files = {one.name: json.loads(one.read_text()) for one in (CHART / "files" / "dashboards").iterdir()}
    for one in files.values():
        (runbooks,) = (each for each in one["templating"]["list"] if each["name"] == "runbooks")
        runbooks["query"] = where
    assert files == texts
    assert {"1"} == {one["metadata"]["labels"]["grafana_dashboard"] for one in made}
    assert all(len(text) < MOST_OF_A_CONFIGMAP for one in made for text in one["data"].values())


def test_no_two_containers_of_a_pod_want_one_port(rendered):
    """They share a network; ingress-nginx's port of the webhook is our port for HTTPS."""
    for kind in ("Deployment", "DaemonSet"):
        for one in rendered.all(kind):
            ports = [
                port["containerPort"]
                for each in one["spec"]["template"]["spec"]["containers"]
                for port in each["ports"]
            ]
            assert len(ports) == len(set(ports))


def test_the_token_reaches_the_controller_only(plain):
    """NGINX's container has no service account token, and Kubernetes mounts none by itself."""
    pod = plain.pod()
    assert pod["automountServiceAccountToken"] is False
    assert plain.one("ServiceAccount")["automountServiceAccountToken"] is False
    holders = [
        one["name"]
        for one in (*pod["initContainers"], *pod["containers"])
        if any(mount["name"] == "api-access" for mount in one["volumeMounts"])
    ]
    assert ["controller"] == holders


def test_the_overlay_of_one_namespace_has_the_charts_rules():
    """Two ways to the same rights, in the one namespace and nowhere else."""
    made = render({**VARIANTS["one namespace"], "controller": {"scope": {"enabled": True}}})
    chart = [rule for one in made.all("Role") for rule in one["rules"]]
    built = built_by_kubectl("namespace-scoped")
    overlay = [rule for one in built if one["kind"] == "Role" for rule in one["rules"]]
    assert {yaml.safe_dump(one) for one in chart} == {yaml.safe_dump(one) for one in overlay}
    scope = {"ClusterRole", "ClusterRoleBinding", "IngressClass", "Namespace"}
    assert set() == {one["kind"] for one in (*made.objects, *built)} & scope


def test_both_containers_share_state_user_and_processes(plain):
    """The controller writes what NGINX opens, at the same paths, and signals it."""
    pod = plain.pod()
    assert pod["shareProcessNamespace"] is True
    mounts = [
        {mount["name"]: mount["mountPath"] for mount in plain.container(name)["volumeMounts"]}
        for name in ("controller", "nginx")
    ]
    assert {"state", "log", "tmp", "runner"} <= mounts[0].keys()
    assert mounts[1].items() <= mounts[0].items()
    users = {
        one["securityContext"].get("runAsUser", pod["securityContext"]["runAsUser"])
        for one in pod["containers"]
    }
    assert {101} == users
    memory = [one["name"] for one in pod["volumes"] if one.get("emptyDir", {}).get("medium") == "Memory"]
    assert ["state", "runner"] == memory


def test_the_script_that_nginx_runs_is_there_before_it(plain, tmp_path):
    """The init container's command writes it, at the path that NGINX's container starts."""
    (first,) = plain.pod()["initContainers"]
    command, folder = first["args"]
    assert CliRunner().invoke(painless, [command, str(tmp_path)]).exit_code == 0
    shell, script, *_ = plain.container("nginx")["command"]
    assert ("sh", True) == (shell, (tmp_path / Path(script).relative_to(folder)).is_file())


def test_nginx_is_the_official_image(plain):
    """Untouched, and its version stands in one place of the repository."""
    image = plain.container("nginx")["image"]
    assert image == "docker.io/library/nginx:1.31"
    tag = image.rpartition(":")[2]
    files = [one for one in (ROOT / "deploy").rglob("*") if one.is_file() and one.suffix != ".md"]
    texts = {one.relative_to(ROOT).as_posix(): one.read_text() for one in files}
    made = {"deploy/kustomize/base/painless.yaml"}
    assert ["deploy/chart/values.yaml"] == [
        name
        for name, text in texts.items()
        if f'"{tag}"' in text or (f"nginx:{tag}" in text and name not in made)
    ]


def test_the_webhook_has_a_certificate_of_its_name(plain):
    """Helm makes it; the API server is told whose authority to trust."""
    secret, hook = plain.one("Secret", "admission"), plain.one("ValidatingWebhookConfiguration")
    (one,) = hook["webhooks"]
    assert one["clientConfig"]["caBundle"] == secret["data"]["ca.crt"]
    made = x509.load_pem_x509_certificate(decoded(secret, "tls.crt"))
    authority = x509.load_pem_x509_certificate(decoded(secret, "ca.crt"))
    made.verify_directly_issued_by(authority)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    service = one["clientConfig"]["service"]
    assert [f"{service['name']}.{service['namespace']}.svc"] == names.get_values_for_type(x509.DNSName)
    assert made.not_valid_after_utc - made.not_valid_before_utc > dt.timedelta(days=3600)


def test_the_shutdown_fits_into_the_grace_period():
    """What the program waits for ends before the kubelet kills it, also when the operator says how long."""
    for values in ({}, {"terminationGracePeriodSeconds": 60}, {"extraArgs": {"shutdown-patience": "3600"}}):
        made = render({"controller": values})
        nginx = made.container("nginx")
        stop = made.flags()
        seconds = sum(
            float(stop.get(flag, 0))
            for flag in ("shutdown-grace-period", "shutdown-patience", "post-shutdown-grace-period")
        )
        assert seconds < made.pod()["terminationGracePeriodSeconds"]
        assert float(nginx["command"][-1]) < made.pod()["terminationGracePeriodSeconds"]


def test_ports_below_1024_need_one_safe_sysctl():
    """No capability: the kernel lets the Pod, and nobody else, bind low ports."""
    low = render({"controller": {"containerPort": {"http": 80, "https": 443}}})
    high, host = render(), render({"controller": {"hostNetwork": True}})
    found = [one.pod()["securityContext"].get("sysctls") for one in (low, high, host)]
    assert [[{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}], None, None] == found
    assert ("80", "8080", "80") == tuple(one.flags()["http-port"] for one in (low, high, host))
    assert "ip_unprivileged_port_start" in host.notes


def test_pools_are_controllers_of_their_own():
    """A few lines make a class with its own Deployment, Service, autoscaler, ConfigMap and lease."""
    made = render(VARIANTS["pools"])
    chat, staging = made.one("Deployment", "-chat"), made.one("Deployment", "-staging")
    assert {"nginx", "nginx-chat", "nginx-staging"} == {
        one["metadata"]["name"] for one in made.all("IngressClass")
    }
    assert {"k8s.io/ingress-nginx", "k8s.io/ingress-nginx-chat", "k8s.io/ingress-nginx-staging"} == {
        one["spec"]["controller"] for one in made.all("IngressClass")
    }
    assert "replicas" not in chat["spec"]
    assert staging["spec"]["replicas"] == 1
    assert made.one("ConfigMap", "-staging")["data"]["proxy-read-timeout"] == "10"
    assert "proxy-read-timeout" not in made.one("ConfigMap", "-chat")["data"]
    assert made.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == chat["metadata"]["name"]
    assert made.container("nginx", "-chat")["resources"]["requests"]["cpu"] == "1"
    assert made.flags("-chat")["configmap"] == "$(POD_NAMESPACE)/painless-controller-chat"
    (leases,) = (
        one["resourceNames"]
        for one in made.one("Role")["rules"]
        if one["resources"] == ["leases"] and "resourceNames" in one
    )
    elections = {
        "painless-controller-leader",
        "painless-controller-chat-leader",
        "painless-controller-staging-leader",
    }
    assert elections | {f"{name}-reloads" for name in elections} == set(leases)


def test_a_pool_inherits_what_is_not_one_controllers_own():
    """Settings of all are written once; an address or a class of one is never another's."""
    made = render(
        {
            "controller": {
                "config": {"use-gzip": "true"},
                "priorityClassName": "high",
                "ingressClassResource": {"default": True},
                "service": {"loadBalancerIP": "192.0.2.1", "nodePorts": {"http": 32080}},
            },
            "pools": {"chat": {"config": {"keep-alive": "3600"}}},
        }
    )
    assert made.pod("-chat")["priorityClassName"] == "high"
    assert {"use-gzip", "keep-alive"} == made.one("ConfigMap", "-chat")["data"].keys()
    service = next(one for one in made.all("Service") if one["metadata"]["name"].endswith("-chat"))
    assert "loadBalancerIP" not in service["spec"]
    assert [] == [port for port in service["spec"]["ports"] if "nodePort" in port]
    assert "annotations" not in made.one("IngressClass", "-chat")["metadata"]


def test_what_has_no_effect_is_named():
    """A value that the chart does not know, and a flag that the program does not know, are in the notes."""
    made = render(
        {
            "controler": {"replicaCount": 3},
            "controller": {
                "service": {"adress": "192.0.2.1"},
                "extraArgs": {"no-such": "x"},
                "keda": {"enabled": True},
            },
            "pools": {"chat": {"replicas": 2}},
        }
    )
    said = made.notes.partition("These values have no effect:")[2]
    assert "controler: the chart has no such value" in said
    assert "controller.service.adress: the chart has no such value" in said
    assert "pools.chat.replicas: the chart has no such value" in said
    assert "controller.keda: no ScaledObject is made" in said
    assert "--no-such (painless-controller): it means nothing to this version" in said
    assert "no-such" not in made.flags("painless-controller")


def test_what_has_an_effect_is_not_named(plain):
    """With the defaults there is nothing to say."""
    assert "no effect" not in plain.notes


def test_a_wrong_value_is_refused_before_anything_is_made():
    """The schema says what was expected, in Helm's words."""
    with pytest.raises(helm.HelmError, match="kind"):
        render({"controller": {"kind": "StatefulSet"}})
    with pytest.raises(helm.HelmError, match="Not A Name"):
        render({"pools": {"Not A Name": {}}})


def test_a_flag_may_say_no():
    """False and 0 are values; a flag without one is a switch."""
    made = render(
        {
            "controller": {
                "extraArgs": {"disable-catch-all": False, "healthz-host": "", "shutdown-grace-period": 0}
            }
        }
    )
    arguments = made.container("controller")["args"]
    assert {"--disable-catch-all=false", "--healthz-host", "--shutdown-grace-period=0"} < set(arguments)


def test_every_flag_of_the_manifests_is_one_of_the_program(plain):
    """``painless serve`` knows all that the chart passes by itself."""
    flags = set((CHART / "files" / "flags.txt").read_text().split())
    assert plain.flags().keys() - flags == set()


@pytest.mark.parametrize(
    "name", [one.parent.name for one in sorted(CHART.parent.glob("kustomize/overlays/*/kustomization.yaml"))]
)
def test_an_overlay_builds(name):
    """kubectl's own kustomize makes objects of it that Kubernetes takes; the program knows their flags."""
    objects = built_by_kubectl(name)
    for one in objects:
        kubernetes_validate.validate(one, VERSION, strict=True)
    flags = set((CHART / "files" / "flags.txt").read_text().split())
    pods = [one["spec"]["template"]["spec"] for one in objects if one["kind"] in {"Deployment", "DaemonSet"}]
    assert pods
    for pod in pods:
        (arguments,) = (one["args"] for one in pod["containers"] if one["name"] == "controller")
        assert flags_of(arguments).keys() - flags == set()
        assert set(violations(pod)) <= ({"hostNetwork"} if name == "host-network" else set())
    assert len(objects) == len({identity(one) for one in objects})
    accounts = {identity(one)[1:] for one in objects if one["kind"] == "ServiceAccount"}
    bound = [subject for one in objects for subject in one.get("subjects", ())]
    assert {(one["namespace"], one["name"]) for one in bound} == accounts
