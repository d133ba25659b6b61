"""Flags that several commands share, spelled as ingress-nginx spells them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from painless.settings import (
    Settings,
    SettingsError,
    addresses,
    admin,
    collector,
    duration,
    memory,
    object_name,
    pod_variables,
    published,
    webhook,
)

Command = Callable[..., Any]

_TRUE = frozenset({"1", "t", "true"})
_FALSE = frozenset({"0", "f", "false"})


class Switch(click.ParamType[bool]):
    """A boolean that takes ``--flag`` and ``--flag=true`` alike, as Go's flags do."""

    name = "true|false"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        text = str(value).lower()
        if text not in _TRUE | _FALSE:
            self.fail(f'found "{value}", expected true or false', param, ctx)
        return text in _TRUE


class Level(click.ParamType[int]):
    """A number that takes ``-v 2``, ``-v2`` and ``-v=2`` alike, as Go's flags do."""

    name = "integer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).removeprefix("=")
        if not text.isascii() or not text.isdigit():
            self.fail(f'found "{value}", expected a whole number', param, ctx)
        return int(text)


def switch(name: str, text: str, *, default: bool = False) -> Callable[[Command], Command]:
    """Return the decorator of a boolean flag."""
    return click.option(
        f"--{name}",
        type=Switch(),
        is_flag=False,
        flag_value="true",
        default=default,
        show_default=True,
        help=text,
    )


def option(name: str, text: str, **settings: Any) -> Callable[[Command], Command]:
    """Return the decorator of a flag with a value."""
    return click.option(
        f"--{name}", help=text, show_default=settings.get("default") not in {None, ""}, **settings
    )


#: What decides the configuration, in the order of the help.
COMPILING = (
    option(
        "source",
        "Folder of manifests to read in place of a cluster.",
        default=None,
        type=click.Path(path_type=Path),
    ),
    option("kubeconfig", "Names the cluster (default: our Pod's, then kubectl's).", default=""),
    option("apiserver-host", "URL of the API server, in place of a kubeconfig.", default=""),
    option("certificate-authority", "File with the authority of --apiserver-host.", default=""),
    option("watch-namespace", "Read this namespace only.", default=""),
    option("watch-namespace-selector", "Read only namespaces whose labels match this selector.", default=""),
    switch("allow-loopback-endpoints", "Ask endpoints on loopback; for tests on one machine."),
    option("configmap", "namespace/name of the ConfigMap with global settings.", default=""),
    option("default-backend-service", "namespace/name of the Service for what nobody serves.", default=""),
    option("default-ssl-certificate", "namespace/name of the Secret for hosts without one.", default=""),
    option("ingress-class", "Class in the annotation kubernetes.io/ingress.class.", default="nginx"),
    option("controller-class", "Controller of the IngressClasses to serve.", default="k8s.io/ingress-nginx"),
    switch("ingress-class-by-name", "Serve the IngressClass named by --ingress-class too."),
    switch("watch-ingress-without-class", "Serve Ingresses without any class too."),
    switch("disable-catch-all", "Do not serve Ingresses with spec.defaultBackend."),
    option("annotations-prefix", "Prefix of annotations.", default="nginx.ingress.kubernetes.io"),
    switch("disable-svc-external-name", "Do not serve Services of type ExternalName."),
    option("bind-address", "Comma separated addresses to listen on; empty for all.", default=""),
    option("http-port", "Port for HTTP.", default=80, type=click.IntRange(1, 65535)),
    option("https-port", "Port for HTTPS.", default=443, type=click.IntRange(1, 65535)),
    option("tcp-services-configmap", "namespace/name of the ConfigMap with TCP services.", default=""),
    option("udp-services-configmap", "namespace/name of the ConfigMap with UDP services.", default=""),
    switch("allow-snippet-annotations", "Honour snippets; the ConfigMap's key does it, too."),
    switch("enable-ssl-passthrough", "Honour ssl-passthrough: TLS goes to applications unopened."),
    switch("enable-metrics", "Count requests, for the metrics of the health port."),
    option(
        "access-log",
        "Where lines about requests go; with none NGINX writes no file of them.",
        default="stdout",
        type=click.Choice(["stdout", "none"]),
    ),
    option("nginx", "NGINX to use (default: $PAINLESS_NGINX, the PATH, the packaged one).", default=""),
)


#: What is written to the cluster, spelled as ingress-nginx spells it.
ANSWERING = (
    option("publish-service", "namespace/name of the Service whose addresses the status gets.", default=""),
    option("publish-status-address", "Comma separated addresses or names for the status.", default=""),
    switch("report-node-internal-ip-address", "Without these two: internal addresses of our nodes."),
    switch("update-status", "Write the status of Ingresses.", default=True),
    switch("update-status-on-shutdown", "The last replica removes it at the end.", default=True),
    option(
        "status-update-interval",
        "Seconds between two looks at our addresses, 5 at least.",
        default=60,
        type=int,
    ),
    option("election-id", "Name of the Lease for the election.", default="ingress-controller-leader"),
    option("election-ttl", "How long a leader counts as alive without a sign.", default="30s"),
    switch("disable-leader-election", "Elect nobody; no status is written then."),
    switch("disable-sync-events", "Write no Sync Events about Ingresses."),
)


def compiling(command: Command) -> Command:
    """Add the flags that decide the configuration."""
    for decorate in reversed(COMPILING):
        command = decorate(command)
    return command


#: The validating webhook, for the API server.
WEBHOOK = (
    option("validating-webhook", "Address and port of the validating webhook, such as :8443.", default=""),
    option(
        "validating-webhook-certificate", "File of its certificate; read again when it changes.", default=""
    ),
    option("validating-webhook-key", "File of its key.", default=""),
)


#: The admin port, for the page and for programs.
ADMIN = (
    option(
        "admin-address",
        "Address and port of the admin page; what is not loopback needs tokens. Empty for none.",
        default="127.0.0.1:10253",
    ),
    option(
        "admin-token-file", "File with tokens for it, one a line; read again when it changes.", default=""
    ),
    option("admin-tls-cert-file", "File of its certificate; read again when it changes.", default=""),
    option("admin-tls-key-file", "File of its key.", default=""),
)


def with_admin(command: Command) -> Command:
    """Add the flags of the admin port."""
    for decorate in reversed(ADMIN):
        command = decorate(command)
    return command


def with_webhook(command: Command) -> Command:
    """Add the flags of the webhook."""
    for decorate in reversed(WEBHOOK):
        command = decorate(command)
    return command


def answering(command: Command) -> Command:
    """Add the flags of what is written to the cluster."""
    for decorate in reversed(ANSWERING):
        command = decorate(command)
    return command


#: How many old workers a reload may leave beside the new ones, and at how many replicas at once.
GOVERNING = (
    option(
        "max-generations",
        "Generations of workers that may be alive at once, the one that serves counted; 3 at least.",
        default=4,
        type=click.IntRange(3),
    ),
    option(
        "generation-memory",
        "What all of them may use, such as 512Mi (default: what the cgroup's limit leaves them).",
        default="",
    ),
    switch("reload-turns", "In a cluster, let replicas load one after the other.", default=True),
)


def governing(command: Command) -> Command:
    """Add the flags of the budget of generations, and of replicas' turns."""
    for decorate in reversed(GOVERNING):
        command = decorate(command)
    return command


def governed_by(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that these flags ask for."""
    try:
        most = memory("--generation-memory", flags["generation_memory"])
    except SettingsError as problem:
        raise click.UsageError(str(problem)) from problem
    return {
        "max_generations": flags["max_generations"],
        "generation_memory": most,
        "reload_turns": flags["reload_turns"],
    }


def answers_of(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that these flags ask for."""
    try:
        ttl = duration("--election-ttl", flags["election_ttl"])
        return {
            "pod": pod_variables(),
            **published(flags["publish_service"], flags["publish_status_address"]),
            "report_node_internal_ip_address": flags["report_node_internal_ip_address"],
            "update_status": flags["update_status"],
            "update_status_on_shutdown": flags["update_status_on_shutdown"],
            "status_update_interval": float(max(flags["status_update_interval"], 5)),
            "election_id": flags["election_id"],
            # As there, nothing and less means the default.
            "election_ttl": ttl if ttl > 0 else 30.0,
            "disable_leader_election": flags["disable_leader_election"],
            "disable_sync_events": flags["disable_sync_events"],
        }
    except SettingsError as problem:
        raise click.UsageError(str(problem)) from problem


def settings_of(flags: dict[str, Any], **more: Any) -> Settings:
    """Return the settings that flags ask for; a wrong one ends the command with a sentence."""
    try:
        return Settings(
            source=flags["source"],
            kubeconfig=flags["kubeconfig"],
            apiserver_host=flags["apiserver_host"],
            certificate_authority=flags["certificate_authority"],
            watch_namespace=flags["watch_namespace"],
            watch_namespace_selector=flags["watch_namespace_selector"],
            allow_loopback_endpoints=flags["allow_loopback_endpoints"],
            bind_addresses=addresses("--bind-address", flags["bind_address"]),
            http_port=flags["http_port"],
            https_port=flags["https_port"],
            configmap=object_name("--configmap", flags["configmap"]),
            default_backend=object_name("--default-backend-service", flags["default_backend_service"]),
            default_certificate=object_name("--default-ssl-certificate", flags["default_ssl_certificate"]),
            ingress_class=flags["ingress_class"],
            controller_class=flags["controller_class"],
            class_by_name=flags["ingress_class_by_name"],
            watch_without_class=flags["watch_ingress_without_class"],
            catch_all=not flags["disable_catch_all"],
            annotations_prefix=flags["annotations_prefix"],
            tcp_services=object_name("--tcp-services-configmap", flags["tcp_services_configmap"]),
            udp_services=object_name("--udp-services-configmap", flags["udp_services_configmap"]),
            ssl_passthrough=flags["enable_ssl_passthrough"],
            access_log=flags["access_log"] == "stdout",
            request_metrics=flags["enable_metrics"],
            allow_snippets=flags["allow_snippet_annotations"],
            external_names=not flags["disable_svc_external_name"],
            nginx=flags["nginx"],
            # Only serve has one.
            webhook=webhook(
                flags.get("validating_webhook", ""),
                flags.get("validating_webhook_certificate", ""),
                flags.get("validating_webhook_key", ""),
            ),
            own_spans=collector("--otlp-collector", flags.get("otlp_collector", "")),
            admin=admin(
                flags.get("admin_address", ""),
                flags.get("admin_token_file", ""),
                flags.get("admin_tls_cert_file", ""),
                flags.get("admin_tls_key_file", ""),
                alone=flags["source"] is not None,
            ),
            **more,
        )
    except SettingsError as problem:
        raise click.UsageError(str(problem)) from problem
