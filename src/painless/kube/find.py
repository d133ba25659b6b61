"""Which API server: the one that flags name, else the one of our Pod, else that of the kubeconfig."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from painless.kube.access import Access, Trust, tls_context
from painless.kube.credentials import Credential, TokenFile
from painless.kube.errors import BadAccess
from painless.kube.kubeconfig import Clocks, access_of, checked_server, read_file

POD_FILES = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts the token, the authority and the namespace of a Pod."""


class Cluster(Struct, frozen=True):
    """What flags say; all empty means: look around."""

    kubeconfig: str = ""
    server: str = ""
    authority: str = ""


def find_access(
    flags: Cluster, environment: Mapping[str, str], clocks: Clocks, pod_files: Path = POD_FILES
) -> Access:
    """Return where the API server is; raises ``BadAccess`` with a sentence when nothing says."""
    found = _found(flags, environment, clocks, pod_files)
    # An authority that is none is a wrong setting, not a server that is away.
    tls_context(found.trust, Credential())
    return found


def _found(flags: Cluster, environment: Mapping[str, str], clocks: Clocks, pod_files: Path) -> Access:
    if flags.authority and not flags.server:
        raise BadAccess("--certificate-authority needs --apiserver-host, whose certificate it is for")
    if flags.kubeconfig and flags.server:
        raise BadAccess("--kubeconfig and --apiserver-host both name a server, expected one of them")
    if flags.kubeconfig:
        return access_of((Path(flags.kubeconfig),), environment, clocks)
    if flags.server:
        ca = read_file(Path(flags.authority), "--certificate-authority") if flags.authority else b""
        return Access(checked_server(flags.server), Trust(ca), why="--apiserver-host")
    if environment.get("KUBERNETES_SERVICE_HOST") and environment.get("KUBERNETES_SERVICE_PORT"):
        return _of_pod(environment, clocks, pod_files)
    paths = kubeconfig_paths(environment)
    if not paths:
        raise BadAccess(
            "found no Kubernetes cluster: this is no Pod and there is no kubeconfig; "
            "name one with --kubeconfig, or serve a folder with --source"
        )
    return access_of(paths, environment, clocks)


def kubeconfig_paths(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files of ``KUBECONFIG`` that exist, or ``~/.kube/config`` when there is no such list."""
    listed = environment.get("KUBECONFIG", "")
    home = environment.get("HOME", "")
    named = dict.fromkeys(filter(None, listed.split(":"))) if listed else ()
    paths = [Path(one) for one in named] if listed else [Path(home, ".kube", "config")] if home else []
    return tuple(path for path in paths if path.exists())


def _of_pod(environment: Mapping[str, str], clocks: Clocks, files: Path) -> Access:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
    try:
        namespace = (files / "namespace").read_text().strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    return Access(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        trust=Trust(read_file(files / "ca.crt", "the cluster's certificate authority")),
        credentials=TokenFile(files / "token", clocks.steady),
        namespace=namespace or "default",
        why="the service account of this Pod",
    )
