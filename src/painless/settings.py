"""What the operator says: flags and environment become one frozen value.

The only reader of the environment.  Names of flags are ingress-nginx's where it has them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from painless.model.snapshot import Name
from painless.observe.requests import Shown


class SettingsError(Exception):
    """A flag or variable is wrong: one sentence for the operator, exit status 2."""


class Webhook(Struct, frozen=True):
    """Where the validating webhook listens, and the files of its certificate."""

    host: str
    port: int
    certificate: Path
    key: Path


class Admin(Struct, frozen=True):
    """Where the admin port listens and whether that is loopback; tokens' file, certificate's and key's."""

    host: str
    port: int
    loopback: bool = True
    token_file: Path | None = None
    pair: tuple[Path, Path] | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """Decoded settings of ``painless serve``, and of the commands that compile."""

    source: Path | None = None
    kubeconfig: str = ""
    apiserver_host: str = ""
    certificate_authority: str = ""
    watch_namespace: str = ""
    watch_namespace_selector: str = ""
    allow_loopback_endpoints: bool = False
    state_dir: Path = Path("/var/lib/painless")
    bind_addresses: tuple[str, ...] = ()
    http_port: int = 80
    https_port: int = 443
    healthz_host: str = ""
    healthz_port: int = 10254
    health_check_path: str = "/healthz"
    configmap: Name | None = None
    default_backend: Name | None = None
    default_certificate: Name | None = None
    ingress_class: str = "nginx"
    controller_class: str = "k8s.io/ingress-nginx"
    class_by_name: bool = False
    watch_without_class: bool = False
    catch_all: bool = True
    annotations_prefix: str = "nginx.ingress.kubernetes.io"
    external_names: bool = True
    tcp_services: Name | None = None
    udp_services: Name | None = None
    ssl_passthrough: bool = False
    access_log: bool = True
    request_metrics: bool = False
    shown: Shown = Shown()
    allow_snippets: bool = False
    nameservers: tuple[str, ...] = ()
    nginx: str = ""
    nginx_runner: Path | None = None
    shutdown_grace: float = 0.0
    webhook: Webhook | None = None
    admin: Admin | None = None
    own_spans: tuple[str, int] | None = None
    shutdown_patience: float = 240.0
    post_shutdown_grace: float = 0.0
    max_generations: int = 4
    generation_memory: int | None = None
    reload_turns: bool = True
    verbosity: int = 0
    pod: Name | None = None
    publish_service: Name | None = None
    publish_status_address: tuple[str, ...] = ()
    report_node_internal_ip_address: bool = False
    update_status: bool = True
    update_status_on_shutdown: bool = True
    status_update_interval: float = 60.0
    election_id: str = "ingress-controller-leader"
    election_ttl: float = 30.0
    disable_leader_election: bool = False
    disable_sync_events: bool = False
    topology_aware: bool = False
    doctor_interval: float = 600.0
    doctor_config: Path | None = None


def environment() -> Mapping[str, str]:
    """Return all variables, for what follows other programs' rules: KUBECONFIG, a Pod's, exec plug-ins'."""
    return dict(os.environ)


def nginx_variable() -> str:
    """Return the NGINX that ``$PAINLESS_NGINX`` names, empty when it names none."""
    return os.environ.get("PAINLESS_NGINX", "")


def pod_variables() -> Name | None:
    """Return the Pod that ``$POD_NAMESPACE`` and ``$POD_NAME`` name, if we run in one."""
    namespace, name = os.environ.get("POD_NAMESPACE", ""), os.environ.get("POD_NAME", "")
    return (namespace, name) if namespace and name else None


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)"
_DURATION = re.compile(rf"[-+]?(?:0|(?:{_PART})+)", re.ASCII)


def duration(flag: str, text: str) -> float:
    """Decode a duration as Go writes it, such as 30s, 1m30s and 500ms; return seconds."""
    if not _DURATION.fullmatch(text):
        raise SettingsError(f'{flag}: found "{text}", expected a duration such as 30s or 1m30s')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    return -seconds if text.startswith("-") else seconds


def published(service: str, addresses: str) -> dict[str, Name | tuple[str, ...] | None]:
    """Decode where the addresses of statuses come from: one of the two, or neither."""
    if service and addresses:
        raise SettingsError("found --publish-service and --publish-status-address, expected one of them")
    return {
        "publish_service": object_name("--publish-service", service),
        "publish_status_address": tuple(filter(None, (one.strip() for one in addresses.split(",")))),
    }


_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_QUANTITY = re.compile(r"([0-9]{1,15})(|k|M|G|Ki|Mi|Gi)")


def memory(flag: str, text: str) -> int | None:
    """Decode an amount of memory as Kubernetes writes it, such as 512Mi; the empty text means none."""
    if not text:
        return None
    found = _QUANTITY.fullmatch(text)
    if found is None or not int(found[1]):
        raise SettingsError(f'{flag}: found "{text}", expected an amount of memory such as 512Mi')
    return int(found[1]) * _BYTES[found[2]]


def object_name(flag: str, text: str) -> Name | None:
    """Decode ``namespace/name``; the empty text means none."""
    if not text:
        return None
    namespace, slash, name = text.partition("/")
    if not slash or not namespace or not name or "/" in name:
        raise SettingsError(f'{flag}: found "{text}", expected namespace/name')
    return namespace, name


def webhook(address: str, certificate: str, key: str) -> Webhook | None:
    """Decode the flags of the webhook; without an address there is none."""
    files = {"--validating-webhook-certificate": certificate, "--validating-webhook-key": key}
    given = [flag for flag, name in files.items() if name]
    if not address:
        if given:
            raise SettingsError(f"found {given[0]} without --validating-webhook, expected both")
        return None
    if missing := [flag for flag in files if flag not in given]:
        raise SettingsError(f"found --validating-webhook without {missing[0]}, expected both")
    host, port = endpoint("--validating-webhook", address, ":8443")
    return Webhook(host, port, Path(certificate).absolute(), Path(key).absolute())


def admin(address: str, token_file: str, certificate: str, key: str, *, alone: bool) -> Admin | None:
    """Decode the flags of the admin port; without an address there is none.  ``alone``: without a cluster."""
    if not address:
        return None
    if bool(certificate) != bool(key):
        raise SettingsError("expected --admin-tls-cert-file and --admin-tls-key-file, or neither")
    host, port = endpoint("--admin-address", address, "127.0.0.1:10253")
    loopback = host.startswith("127.") or host == "::1"
    if alone and not loopback and not token_file:
        raise SettingsError(
            f'--admin-address: found "{address}", which others reach, and no cluster that knows them: '
            "expected --admin-token-file, or an address on loopback"
        )
    pair = (Path(certificate).absolute(), Path(key).absolute()) if certificate else None
    return Admin(host, port, loopback, Path(token_file).absolute() if token_file else None, pair)


def collector(flag: str, text: str) -> tuple[str, int] | None:
    """Decode a host with a port; the empty text means none."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    known = re.fullmatch(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]", host)
    if not known or not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
        raise SettingsError(f'{flag}: found "{text}", expected host:port such as otel-collector:4318')
    return host, int(port)


def endpoint(flag: str, text: str, example: str) -> tuple[str, int]:
    """Decode an address with a port; an empty address means all of the machine's."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
        raise SettingsError(f'{flag}: found "{text}", expected [address]:port such as {example}')
    found = addresses(flag, host)
    if len(found) > 1:
        raise SettingsError(f'{flag}: found "{text}", expected one address or none')
    return "".join(found).strip("[]"), int(port)


def addresses(flag: str, text: str) -> tuple[str, ...]:
    """Decode a comma separated list of IP addresses; an empty one means all of the machine's."""
    import ipaddress  # noqa: PLC0415 -- 5 ms that the other commands need not pay.

    found = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        try:
            address = ipaddress.ip_address(part.strip("[]"))
        except ValueError as cause:
            raise SettingsError(f'{flag}: found "{part}", expected an IP address') from cause
        found.append(f"[{address}]" if address.version == 6 else str(address))
    return tuple(found)
