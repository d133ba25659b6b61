"""A values file of the ingress-nginx chart installs unchanged: what each of its settings does here."""

import kubernetes_validate
import pytest
from tests.deploy.chart import NAMESPACE, ROOT

README = ROOT / "deploy" / "chart" / "README.md"


def of(one, path):
    """Follow a path through an object; a part with "=" chooses an element by a field."""
    for part in path.split("/"):
        if "=" in part:
            key, _, value = part.partition("=")
            (one,) = (each for each in one if str(each[key]) == value)
        else:
            one = one[int(part) if isinstance(one, list) else part.replace("~", "/")]
    return one


NGINX = "spec/template/spec/containers/name=nginx"
CONTROLLER = "spec/template/spec/containers/name=controller"
POD = "spec/template/spec"
NAME = "painless-controller"

#: setting: what it shows in, as kind, end of the name, path and value.
EFFECTS = {
    "commonLabels": ("Service", NAME, "metadata/labels/team", "edge"),
    "imagePullSecrets": ("Deployment", NAME, f"{POD}/imagePullSecrets/0/name", "registry"),
    "revisionHistoryLimit": ("Deployment", NAME, "spec/revisionHistoryLimit", 5),
    "controller.image.registry": (
        "Deployment",
        NAME,
        f"{CONTROLLER}/image",
        "mirror.example.com/painless-controller:0.1.0",
    ),
    "controller.image.pullPolicy": ("Deployment", NAME, f"{CONTROLLER}/imagePullPolicy", "Always"),
    "controller.minAvailable": ("PodDisruptionBudget", NAME, "spec/minAvailable", 2),
    "controller.config": ("ConfigMap", NAME, "data/proxy-body-size", "20m"),
    "controller.config as YAML has it": ("ConfigMap", NAME, "data/hsts", "false"),
    "controller.config, a number": ("ConfigMap", NAME, "data/proxy-read-timeout", "120"),
    "controller.addHeaders": ("ConfigMap", "-add-headers", "data/X-Served-By", "edge"),
    "controller.addHeaders, named": (
        "ConfigMap",
        NAME,
        "data/add-headers",
        f"{NAMESPACE}/{NAME}-add-headers",
    ),
    "controller.proxySetHeaders": ("ConfigMap", "-proxy-set-headers", "data/X-Env", "production"),
    "controller.allowSnippetAnnotations": ("ConfigMap", NAME, "data/allow-snippet-annotations", "true"),
    "controller.ingressClassResource.name": (
        "IngressClass",
        "external",
        "spec/controller",
        "k8s.io/external",
    ),
    "controller.ingressClassResource.default": (
        "IngressClass",
        "external",
        "metadata/annotations/ingressclass.kubernetes.io~is-default-class",
        "true",
    ),
    "controller.extraEnvs": ("Deployment", NAME, f"{NGINX}/env/name=TZ/value", "Europe/Berlin"),
    "controller.extraVolumes": (
        "Deployment",
        NAME,
        f"{POD}/volumes/name=errors/configMap/name",
        "error-pages",
    ),
    "controller.extraVolumeMounts": (
        "Deployment",
        NAME,
        f"{NGINX}/volumeMounts/name=errors/mountPath",
        "/etc/errors",
    ),
    "controller.extraInitContainers": ("Deployment", NAME, f"{POD}/initContainers/1/name", "wait"),
    "controller.resources": ("Deployment", NAME, f"{NGINX}/resources/limits/memory", "2Gi"),
    "controller.autoscaling.minReplicas": ("HorizontalPodAutoscaler", NAME, "spec/minReplicas", 3),
    "controller.autoscaling.maxReplicas": ("HorizontalPodAutoscaler", NAME, "spec/maxReplicas", 12),
    "controller.autoscaling.targetCPUUtilizationPercentage": (
        "HorizontalPodAutoscaler",
        NAME,
        "spec/metrics/0/containerResource/target/averageUtilization",
        70,
    ),
    "controller.autoscaling.targetMemoryUtilizationPercentage": (
        "HorizontalPodAutoscaler",
        NAME,
        "spec/metrics/1/containerResource/target/averageUtilization",
        80,
    ),
    "controller.autoscaling.behavior": (
        "HorizontalPodAutoscaler",
        NAME,
        "spec/behavior/scaleDown/stabilizationWindowSeconds",
        300,
    ),
    "controller.updateStrategy": ("Deployment", NAME, "spec/strategy/rollingUpdate/maxUnavailable", 1),
    "controller.terminationGracePeriodSeconds": (
        "Deployment",
        NAME,
        f"{POD}/terminationGracePeriodSeconds",
        300,
    ),
    "controller.priorityClassName": (
        "Deployment",
        NAME,
        f"{POD}/priorityClassName",
        "system-cluster-critical",
    ),
    "controller.podLabels": ("Deployment", NAME, "spec/template/metadata/labels/app", "edge"),
    "controller.podAnnotations": (
        "Deployment",
        NAME,
        "spec/template/metadata/annotations/linkerd.io~inject",
        "disabled",
    ),
    "controller.podSecurityContext": (
        "Deployment",
        NAME,
        f"{POD}/securityContext/fsGroupChangePolicy",
        "Always",
    ),
    "controller.nodeSelector": ("Deployment", NAME, f"{POD}/nodeSelector/role", "edge"),
    "controller.tolerations": ("Deployment", NAME, f"{POD}/tolerations/0/key", "edge"),
    "controller.affinity": (
        "Deployment",
        NAME,
        f"{POD}/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/topologyKey",
        "kubernetes.io/hostname",
    ),
    "controller.topologySpreadConstraints": (
        "Deployment",
        NAME,
        f"{POD}/topologySpreadConstraints/0/whenUnsatisfiable",
        "DoNotSchedule",
    ),
    "controller.dnsPolicy": ("Deployment", NAME, f"{POD}/dnsPolicy", "Default"),
    "controller.hostPort": ("Deployment", NAME, f"{NGINX}/ports/name=http/hostPort", 80),
    "controller.containerPort": ("Deployment", NAME, f"{NGINX}/ports/name=https/containerPort", 443),
    "controller.livenessProbe": ("Deployment", NAME, f"{CONTROLLER}/livenessProbe/failureThreshold", 7),
    "controller.readinessProbe": ("Deployment", NAME, f"{CONTROLLER}/readinessProbe/periodSeconds", 5),
    "controller.readinessProbe asks our own path": (
        "Deployment",
        NAME,
        f"{CONTROLLER}/readinessProbe/httpGet/path",
        "/readyz",
    ),
    "controller.service.type": ("Service", NAME, "spec/type", "LoadBalancer"),
    "controller.service.annotations": (
        "Service",
        NAME,
        "metadata/annotations/service.beta.kubernetes.io~aws-load-balancer-type",
        "nlb",
    ),
    "controller.service.externalTrafficPolicy": ("Service", NAME, "spec/externalTrafficPolicy", "Local"),
    "controller.service.loadBalancerIP": ("Service", NAME, "spec/loadBalancerIP", "203.0.113.10"),
    "controller.service.loadBalancerSourceRanges": (
        "Service",
        NAME,
        "spec/loadBalancerSourceRanges/0",
        "192.0.2.0/24",
    ),
    "controller.service.nodePorts": ("Service", NAME, "spec/ports/name=https/nodePort", 32443),
    "controller.service.enableHttp": ("Service", NAME, "spec/ports/name=http/port", 80),
    "controller.service.internal": (
        "Service",
        "-internal",
        "metadata/annotations/service.beta.kubernetes.io~aws-load-balancer-internal",
        "true",
    ),
    "controller.metrics.service": (
        "Service",
        "-metrics",
        "metadata/annotations/prometheus.io~scrape",
        "true",
    ),
    "controller.metrics.serviceMonitor": ("ServiceMonitor", NAME, "spec/endpoints/0/interval", "15s"),
    "controller.metrics.serviceMonitor.additionalLabels": (
        "ServiceMonitor",
        NAME,
        "metadata/labels/release",
        "prometheus",
    ),
    "controller.admissionWebhooks.failurePolicy": (
        "ValidatingWebhookConfiguration",
        "-admission",
        "webhooks/0/failurePolicy",
        "Ignore",
    ),
    "controller.admissionWebhooks.timeoutSeconds": (
        "ValidatingWebhookConfiguration",
        "-admission",
        "webhooks/0/timeoutSeconds",
        5,
    ),
    "controller.admissionWebhooks.port": (
        "Deployment",
        NAME,
        f"{CONTROLLER}/ports/name=webhook/containerPort",
        8443,
    ),
    "controller.networkPolicy": (
        "NetworkPolicy",
        NAME,
        "spec/podSelector/matchLabels/app.kubernetes.io~component",
        "controller",
    ),
    "defaultBackend": (
        "Deployment",
        "-defaultbackend",
        f"{POD}/containers/0/image",
        "mirror.example.com/defaultbackend:2",
    ),
    "defaultBackend.replicaCount": ("Deployment", "-defaultbackend", "spec/replicas", 2),
    "tcp": ("ConfigMap", "-tcp", "data/5432", "data/postgres:5432"),
    "udp": ("ConfigMap", "-udp", "data/53", "kube-system/kube-dns:53"),
    "serviceAccount.name": ("Deployment", NAME, f"{POD}/serviceAccountName", "edge"),
    "serviceAccount.annotations": (
        "ServiceAccount",
        "edge",
        "metadata/annotations/eks.amazonaws.com~role-arn",
        "arn:aws:iam::123456789012:role/edge",
    ),
    "rbac.create": ("ClusterRoleBinding", "painless", "subjects/0/name", "edge"),
}

FLAGS = {
    "controller.ingressClass": ("ingress-class", "external"),
    "controller.ingressClassByName": ("ingress-class-by-name", "true"),
    "controller.watchIngressWithoutClass": ("watch-ingress-without-class", "true"),
    "controller.ingressClassResource.controllerValue": ("controller-class", "k8s.io/external"),
    "controller.electionID": ("election-id", "external-leader"),
    "controller.publishService": ("publish-service", f"$(POD_NAMESPACE)/{NAME}"),
    "controller.extraArgs": ("default-ssl-certificate", "certs/wildcard"),
    "defaultBackend.enabled": ("default-backend-service", "$(POD_NAMESPACE)/painless-defaultbackend"),
    "controller.containerPort": ("http-port", "80"),
}


@pytest.mark.parametrize("setting", EFFECTS)
def test_a_setting_has_its_effect(migrated, setting):
    """What the ingress-nginx chart makes of a setting, this one does."""
    kind, name, path, value = EFFECTS[setting]
    assert value == of(migrated.one(kind, name), path)


@pytest.mark.parametrize("setting", FLAGS)
def test_a_setting_becomes_a_flag(migrated, setting):
    """What is an argument of ingress-nginx's controller is one of ours."""
    flag, value = FLAGS[setting]
    assert value == migrated.flags(NAME)[flag]


@pytest.mark.parametrize("flag", ["tcp-services-configmap", "udp-services-configmap", "update-status"])
def test_a_flag_is_passed_or_named(migrated, flag):
    """One that this version does not know would end the program at its start; the notes name it instead."""
    assert (flag in migrated.flags(NAME)) != (
        f"--{flag} ({NAME}): it means nothing to this version" in migrated.notes
    )


def test_kubernetes_takes_what_comes_of_it(migrated):
    """All objects fit their schemas."""
    for one in migrated.objects:
        if one["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(one, "1.37", strict=True)


def test_an_image_of_ingress_nginx_is_never_run(migrated):
    """Its name, tag and digest would start another program with our arguments; the notes say so."""
    pod = migrated.pod(NAME)
    images = [one["image"] for one in (*pod["initContainers"], *pod["containers"])]
    assert [] == [one for one in images if "ingress-nginx" in one or "v1.12" in one or "sha256" in one]
    assert "controller.image: it names an image of ingress-nginx" in migrated.notes


def test_a_hook_of_ingress_nginx_is_never_called(migrated):
    """Its program is not in our image, and a failed hook is an Event for each Pod that stops."""
    assert "lifecycle" not in migrated.container("controller", NAME)
    assert "controller.lifecycle: it calls a program of ingress-nginx's image" in migrated.notes


def test_everything_in_the_file_is_heard_or_named(migrated):
    """The notes name what means nothing here, and no setting of the file is unknown to the chart."""
    assert "the chart has no such value" not in migrated.notes
    for one in ("controller.enableMimalloc", "controller.admissionWebhooks.patch"):
        assert f"  {one}: " in migrated.notes


def test_the_readme_lists_what_is_tried():
    """Each setting above stands in the chart's README, so that the list there is true."""
    page = README.read_text()
    names = {one.split(",")[0].split(" ")[0] for one in (*EFFECTS, *FLAGS)}
    assert len(names) >= 40
    assert set() == {
        one for one in names if f"`{one}`" not in page and f"`{one.rpartition('.')[0]}`" not in page
    }
