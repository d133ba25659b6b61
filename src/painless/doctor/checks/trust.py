"""Checks of what whoever may write an Ingress can make of it, and of holes in ingress-nginx."""

import re
from collections.abc import Iterator

from msgspec import Struct

from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import BINDINGS, CONFIGMAPS, INGRESSES, ROLES, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import Controller, command, controllers, patch, pod
from painless.doctor.routes import routes, settings

Version = tuple[int, int, int]

SNIPPETS = "snippet"
_ENDS = re.compile(r"[\r\n][^;]*;|;[^{}]*\}|\}[^;{}]*[\w#]+[^;{}]*;")
"""Text that would end a directive or a block, and begin another one."""
_PATH_ENDS = re.compile(r"[\r\n]|;[^;]*[{}]|\}\s*\w+\s*\{")
_VERSION = re.compile(r":v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})")


class Hole(Struct, frozen=True):
    """A hole of ingress-nginx, and the versions with a fix, the last of them that of everything after."""

    names: str
    fixed: tuple[Version, ...]
    about: str


HOLES = (
    Hole("CVE-2023-5043, CVE-2023-5044", ((1, 9, 0),), "annotations run code, and read every Secret it may"),
    Hole("CVE-2024-7646", ((1, 11, 2),), "the check of annotations is passed by"),
    Hole(
        "CVE-2025-1097, CVE-2025-1098, CVE-2025-24514",
        ((1, 11, 5), (1, 12, 1)),
        "annotations become configuration",
    ),
    Hole(
        "CVE-2025-15566, CVE-2026-1580, CVE-2026-24512", ((1, 13, 7), (1, 14, 3)), "annotations and paths do"
    ),
    Hole("CVE-2026-3288", ((1, 13, 8), (1, 14, 4), (1, 15, 0)), "paths become configuration"),
)
"""Of the advisories of Kubernetes (issues 126744, 131006 to 131008, 136677, 136678, 136789, 137560)."""
ADMISSION: tuple[Version, ...] = ((1, 11, 5), (1, 12, 1))
"""Versions since which the webhook does not have NGINX load what it is shown (issue 131009)."""


def injected(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """A value that ends its directive and begins another one is configuration that nobody has allowed.

    Painless writes every value as one word; in ingress-nginx of many versions this runs code.

    Verify: read the value.

    Fix: remove it, and ask who wrote it.

    Sources: CVE-2021-25746, CVE-2023-5044, CVE-2025-1097, CVE-2025-1098, CVE-2025-24514, CVE-2026-24512.
    """
    for one in ingresses.value:
        named = [
            part
            for name, part in settings(one)
            if not name.endswith(SNIPPETS) and _ENDS.search(part.text.strip())
        ]
        paths = [route.path["path"] for route in routes(one) if _PATH_ENDS.search(route.text)]
        for part in (*named, *paths):
            yield Finding(
                f"{one.ref} {part.field}",
                "a value has the form of another directive",
                (part.seen,),
                "a value",
                command(one.ref, "edit") + f"   # {part.field}",
            )


def snippets(workloads: Fact[Objects], configmaps: Fact[Objects]) -> Iterator[Finding]:
    """Whoever may write an Ingress may write NGINX's configuration, which reads what the controller may.

    Verify: ``allow-snippet-annotations`` in the ConfigMap of the controller.

    Fix: ``"false"``, and annotations that say what is wanted.

    Sources: CVE-2021-25742; ingress-nginx, allow-snippet-annotations.
    """
    for one in controllers(workloads.value):
        namespace, _, name = one.flags.get("configmap", "").partition("/")
        found = configmaps.value.by_name.get((namespace, name))
        if found is None:
            continue
        allowed = found["data"]["allow-snippet-annotations"]
        if allowed.text.strip().lower() == "true":
            yield Finding(
                str(one.workload.ref),
                "snippets are taken from every namespace",
                (allowed.seen,),
                '"false"',
                patch(found.ref, {"data": {"allow-snippet-annotations": "false"}}),
            )


def reachable(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Its webhook loads what anybody in the cluster sends it, without asking who that is.

    Verify: the version of the image, and the flag ``--validating-webhook``.

    Fix: 1.11.5, 1.12.1 or newer; until then no webhook.

    Sources: CVE-2025-1974; Kubernetes issue 131009.
    """
    for one, version in _theirs(workloads.value):
        if one.flags.get("validating-webhook") and not _closed(version, ADMISSION):
            yield Finding(
                str(one.workload.ref),
                "everybody in the cluster can run code in the controller",
                (one.container["image"].seen, Evidence("--validating-webhook", one.workload.where)),
                "1.11.5, 1.12.1 or newer",
                "kubectl delete validatingwebhookconfiguration ingress-nginx-admission   # for now",
            )


def holes(workloads: Fact[Objects]) -> Iterator[Finding]:
    """A known hole of this version is open to whoever may write an Ingress.

    Verify: the version of the image, and the advisories of Kubernetes.

    Fix: a version that has it closed. ingress-nginx itself gets none any more since March 2026.

    Sources: https://kubernetes.io/docs/reference/issues-security/official-cve-feed/
    """
    for one, version in _theirs(workloads.value):
        for hole in HOLES:
            if not _closed(version, hole.fixed):
                yield Finding(
                    f"{one.workload.ref} {hole.names}",
                    f"{hole.names}: {hole.about}",
                    (one.container["image"].seen,),
                    " or ".join(".".join(map(str, each)) for each in hole.fixed) + " or newer",
                    "painless migrate   # or a newer image",
                )


def everybodys_secrets(
    workloads: Fact[Objects], roles: Fact[Objects], bindings: Fact[Objects]
) -> Iterator[Finding]:
    """A controller of one namespace that may read all Secrets makes of a small hole a large one.

    Verify: ``kubectl auth can-i list secrets -A --as=system:serviceaccount:NAMESPACE:NAME``.

    Fix: a Role in the namespaces that it serves.

    Sources: Kubernetes issue 131007; Kubernetes, RBAC Good Practices.
    """
    for one in controllers(workloads.value):
        if not one.flags.get("watch-namespace"):
            continue
        for binding in _bound(one, bindings.value):
            role = next((r for r in roles.value if r.ref.name == binding.at("roleRef.name").text), None)
            rule = (
                next((each for each in role["rules"].each() if _reads_secrets(each)), None) if role else None
            )
            if role is not None and rule is not None:
                yield Finding(
                    str(role.ref),
                    f"it serves {one.flags['watch-namespace']} and may read the Secrets of all namespaces",
                    (rule["resources"].seen, Evidence(f"bound by {binding.ref}", binding.where)),
                    "a Role in that namespace",
                    command(role.ref, "edit"),
                )


def _theirs(workloads: Objects) -> Iterator[tuple[Controller, Version]]:
    for one in controllers(workloads):
        found = _VERSION.search(one.image.partition("@")[0])
        if one.theirs and found:
            first, second, third = map(int, found.groups())
            yield one, (first, second, third)


def _closed(version: Version, fixed: tuple[Version, ...]) -> bool:
    same = [one for one in fixed if one[:2] == version[:2]]
    return version >= same[0] if same else version >= max(fixed)


def _bound(one: Controller, bindings: Objects) -> Iterator[Part]:
    account = pod(one.workload)["serviceAccountName"].text or "default"
    for binding in bindings:
        for subject in binding["subjects"].each():
            same = (subject["namespace"].text, subject["name"].text) == (one.workload.ref.namespace, account)
            if subject["kind"].text == "ServiceAccount" and same:
                yield binding


def _reads_secrets(rule: Part) -> bool:
    resources, verbs = set(rule["resources"].words), set(rule["verbs"].words)
    return (
        bool({"secrets", "*"} & resources)
        and bool({"get", "list", "watch", "*"} & verbs)
        and not rule["resourceNames"].value
    )


CHECKS = (
    Check("S001", Severity.CRITICAL, "A value has the form of a directive", injected, (INGRESSES,)),
    Check("S002", Severity.CRITICAL, "Everybody writes configuration", snippets, (WORKLOADS, CONFIGMAPS)),
    Check("S003", Severity.CRITICAL, "The webhook runs code", reachable, (WORKLOADS,)),
    Check("S015", Severity.HIGH, "A known hole of ingress-nginx", holes, (WORKLOADS,)),
    Check("S004", Severity.HIGH, "It may read all Secrets", everybodys_secrets, (WORKLOADS, ROLES, BINDINGS)),
)
