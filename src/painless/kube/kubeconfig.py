"""kubeconfig files to one ``Access``, with kubectl's rules for several files, contexts and paths.

Of several files the first that says something wins, field by field at the top and entry by entry below.
What would change who we are or whom we trust and is not supported is refused: nothing is skipped silently.
"""

import base64
import binascii
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from painless.kube.access import Access, Trust
from painless.kube.credentials import Credential, Credentials, Fixed, TokenFile, checked_token
from painless.kube.errors import BadAccess
from painless.kube.execplugin import VERSIONS, ExecPlugin, Program
from painless.sensitive import Sensitive
from painless.syntax.yaml import parse_yaml

T = TypeVar("T")


class _Cluster(Struct, frozen=True, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    extensions: list[Any] | None = None


class _Variable(Struct, frozen=True):
    name: str
    value: str


class _Exec(Struct, frozen=True, rename="camel"):
    api_version: str
    command: str
    args: list[str] | None = None
    env: list[_Variable] | None = None
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""


class _User(Struct, frozen=True, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = field(name="tokenFile", default="")
    username: str = ""
    impersonate: str = field(name="as", default="")
    auth_provider: Any = None
    exec: _Exec | None = None


class _Context(Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(Struct, frozen=True):
    name: str
    cluster: _Cluster | None = None


class _NamedUser(Struct, frozen=True):
    name: str
    user: _User | None = None


class _NamedContext(Struct, frozen=True):
    name: str
    context: _Context | None = None


class _File(Struct, frozen=True, rename="kebab"):
    current_context: str = ""
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None


class Clocks(Struct, frozen=True):
    """The time of day and seconds that never go back."""

    wall: Callable[[], float]
    steady: Callable[[], float]


class _Merged:
    """All files as one; each entry with the folder its relative paths start from."""

    def __init__(self) -> None:
        self.current = ""
        self.clusters: dict[str, tuple[_Cluster, Path]] = {}
        self.users: dict[str, tuple[_User, Path]] = {}
        self.contexts: dict[str, _Context] = {}

    def add(self, file: _File, folder: Path) -> None:
        self.current = self.current or file.current_context
        for cluster in file.clusters or ():
            self.clusters.setdefault(cluster.name, (cluster.cluster or _Cluster(), folder))
        for user in file.users or ():
            self.users.setdefault(user.name, (user.user or _User(), folder))
        for context in file.contexts or ():
            self.contexts.setdefault(context.name, context.context or _Context())


def access_of(paths: Iterable[Path], environment: Mapping[str, str], clocks: Clocks) -> Access:
    """Return what the current context of these files says; raises ``BadAccess`` with a sentence."""
    merged = _Merged()
    shown = ", ".join(str(path) for path in paths)
    for path in paths:
        merged.add(_read(path), path.absolute().parent)
    if not merged.current:
        raise BadAccess(f"{shown} has no current-context")
    context = _entry(merged.contexts, merged.current, "context", shown)
    cluster, folder = _entry(merged.clusters, context.cluster, "cluster", shown)
    if not cluster.server:
        raise BadAccess(f"cluster {context.cluster} of {shown} has no server")
    trust = _trust(cluster, folder)
    user, users_folder = (
        _entry(merged.users, context.user, "user", shown) if context.user else (_User(), folder)
    )
    _refuse_unsupported(user, context.user)
    return Access(
        server=checked_server(cluster.server),
        trust=trust,
        credentials=_credentials(user, users_folder, _Told(cluster, trust, environment, clocks)),
        proxy=_proxy(cluster.proxy_url),
        namespace=context.namespace or "default",
        why=f"context {merged.current} of {shown}",
    )


def checked_server(server: str) -> str:
    """Return the URL of a server, with a scheme."""
    found = server if "://" in server else f"http://{server}"
    if not found.startswith(("https://", "http://")) or found.endswith("://"):
        raise BadAccess(f'found the server "{server}", expected https://HOST[:PORT]')
    return found


def read_file(path: Path, what: str) -> bytes:
    """Return the content of a file that a kubeconfig or a flag names."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadAccess(f"{what} {path} cannot be read: {problem.strerror}") from problem


def _read(path: Path) -> _File:
    parsed = parse_yaml(read_file(path, "the kubeconfig"))
    if parsed.faults:
        fault = parsed.faults[0]
        raise BadAccess(f"the kubeconfig {path} is no YAML: line {fault.line}: {fault.says}")
    values = [one.value for one in parsed.documents if one.value is not None]
    try:
        return msgspec.convert(_without_nulls(values[0] if values else {}), _File)
    except msgspec.ValidationError as problem:
        raise BadAccess(f"the kubeconfig {path} has another shape than kubectl's: {problem}") from problem


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 -- any tree
    """Return a tree in which ``key: null`` and no key at all are the same, as Go has it."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _entry(entries: Mapping[str, T], name: str, kind: str, shown: str) -> T:
    found = entries.get(name)
    if found is None:
        names = ", ".join(sorted(entries)) or "none"
        raise BadAccess(f'{shown} has no {kind} named "{name}", but {names}')
    return found


def _refuse_unsupported(user: _User, name: str) -> None:
    found = {
        "auth-provider": user.auth_provider is not None,
        "username": bool(user.username),
        "as": bool(user.impersonate),
    }
    for key, given in found.items():
        if given:
            expected = "a token, a tokenFile, a client certificate or exec"
            raise BadAccess(
                f"user {name} of the kubeconfig has {key}, which is not supported; use {expected}"
            )


def _trust(cluster: _Cluster, folder: Path) -> Trust:
    ca = _content(cluster.certificate_authority_data, cluster.certificate_authority, folder)
    if cluster.insecure_skip_tls_verify and ca:
        raise BadAccess(
            "the kubeconfig has insecure-skip-tls-verify beside a certificate-authority, expected one"
        )
    return Trust(ca, cluster.tls_server_name, cluster.insecure_skip_tls_verify)


def _proxy(url: str) -> str:
    if url and not url.startswith("http://"):
        raise BadAccess(f'the kubeconfig has the proxy-url "{url}", expected http://HOST:PORT')
    return url


def _content(data: str, path: str, folder: Path) -> bytes:
    """Return what is given in the file itself, in base64, or else the content of another file."""
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except binascii.Error as problem:
            raise BadAccess("the kubeconfig has certificate or key data that is not base64") from problem
    return read_file(folder / path, "the file of the kubeconfig") if path else b""


class _Told(Struct, frozen=True):
    """What credentials may depend on beside the user's entry."""

    cluster: _Cluster
    trust: Trust
    environment: Mapping[str, str]
    clocks: Clocks


def _credentials(user: _User, folder: Path, told: _Told) -> Credentials:
    if user.exec is not None:
        return ExecPlugin(_program(user.exec, folder, told), told.clocks.wall)
    certificate = _content(user.client_certificate_data, user.client_certificate, folder)
    key = _content(user.client_key_data, user.client_key, folder)
    if bool(certificate) != bool(key):
        raise BadAccess("the kubeconfig has a client certificate without its key, or the key alone")
    shown = Credential(certificate=certificate, key=Sensitive(key))
    # kubectl prefers the file when both are there.
    if user.token_file:
        return TokenFile(folder / user.token_file, told.clocks.steady, shown)
    if user.token:
        token = checked_token(user.token.encode(), "the token of the kubeconfig")
        shown = Credential(token, certificate, Sensitive(key))
    return Fixed(shown)


def _program(found: _Exec, folder: Path, told: _Told) -> Program:
    if found.api_version not in VERSIONS:
        expected = " or ".join(VERSIONS)
        raise BadAccess(f"the kubeconfig's exec has apiVersion {found.api_version}, expected {expected}")
    if found.interactive_mode == "Always":
        raise BadAccess(f"the kubeconfig's exec, {found.command}, wants to ask a person; nobody is there")
    # A path with a slash starts at the kubeconfig; a bare name is looked for in the PATH.
    command = str(folder / found.command) if os.sep in found.command else found.command
    given = {one.name: one.value for one in found.env or ()}
    return Program(
        command=command,
        arguments=tuple(found.args or ()),
        environment={**told.environment, **given},
        version=found.api_version,
        hint=found.install_hint,
        cluster=_cluster_info(told) if found.provide_cluster_info else None,
    )


def _cluster_info(told: _Told) -> Mapping[str, Any]:
    """Return what a program may know of the cluster; files come with their content."""
    cluster, trust = told.cluster, told.trust
    config = [
        one.get("extension")
        for one in cluster.extensions or ()
        if isinstance(one, dict) and one.get("name") == "client.authentication.k8s.io/exec"
    ]
    about = {
        "server": cluster.server,
        "tls-server-name": trust.name,
        "insecure-skip-tls-verify": trust.insecure,
        "certificate-authority-data": base64.b64encode(trust.ca).decode(),
        "proxy-url": cluster.proxy_url,
        "config": config[0] if config else None,
    }
    return {key: value for key, value in about.items() if value}
