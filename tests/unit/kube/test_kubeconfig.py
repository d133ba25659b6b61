"""kubeconfig files, real ones on a disk, and real programs for credentials."""

import asyncio
import base64
import json
import os
from pathlib import Path

import pytest
import trustme

from painless.kube.access import Access
from painless.kube.credentials import Credential
from painless.kube.errors import BadAccess
from painless.kube.execplugin import ExecPlugin, Program, granted
from painless.kube.find import Cluster, find_access
from painless.kube.kubeconfig import Clocks, access_of
from painless.sensitive import Sensitive

CLOCKS = Clocks(lambda: 0.0, lambda: 0.0)
CA = trustme.CA().cert_pem.bytes()


def config(user: str = "{token: t}", cluster: str = "{server: 'https://k8s:6443'}", more: str = "") -> str:
    return f"""
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: c, user: u, namespace: shop}}}}]
clusters: [{{name: c, cluster: {cluster}}}]
users: [{{name: u, user: {user}}}]
{more}"""


def read(folder: Path, *texts: str) -> Access:
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / str(number))
        paths[-1].write_text(text)
    return access_of(tuple(paths), {"PATH": os.environ["PATH"]}, CLOCKS)


def shown(folder: Path, user: str) -> Credential:
    return asyncio.run(read(folder, config(user)).credentials.current())


def refusal(folder: Path, *texts: str) -> str:
    with pytest.raises(BadAccess) as caught:
        read(folder, *texts)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_kubeconfig_names_server_namespace_and_token(tmp_path):
    """The current context decides."""
    found = read(tmp_path, config())
    assert (found.server, found.namespace) == ("https://k8s:6443", "shop")
    assert shown(tmp_path, "{token: t}") == Credential(Sensitive(b"t"))


def test_the_first_of_several_files_wins_entry_by_entry(tmp_path):
    """As kubectl merges KUBECONFIG."""
    second = config(cluster="{server: 'https://other'}").replace("here", "there")
    first = "current-context: there\nusers: [{name: u, user: {token: first}}]\n"
    found = read(tmp_path, first, second)
    token = asyncio.run(found.credentials.current()).token.reveal()
    assert (found.server, token) == ("https://other", b"first")


def test_files_beside_the_kubeconfig_are_found_from_its_folder(tmp_path):
    """Relative paths do not depend on where the command runs."""
    (tmp_path / "ca.pem").write_bytes(CA)
    (tmp_path / "token").write_text("from-file\n")
    cluster = "{server: 'https://k', certificate-authority: ca.pem, tls-server-name: name}"
    found = read(tmp_path, config("{tokenFile: token, token: other}", cluster))
    token = asyncio.run(found.credentials.current()).token.reveal()
    assert (found.trust.ca, found.trust.name, token) == (CA, "name", b"from-file")


def test_data_in_the_file_is_base64(tmp_path):
    """And wins over a file that is named beside it."""
    data = base64.b64encode(CA).decode()
    found = read(tmp_path, config(cluster=f"{{server: 'https://k', certificate-authority-data: {data}}}"))
    assert found.trust.ca == CA


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 has no current-context"),
        ("current-context: x", '0 has no context named "x", but none'),
        (config().replace("user: u,", "user: v,"), '0 has no user named "v", but u'),
        (config(cluster="{}"), "cluster c of 0 has no server"),
        (config(cluster="{server: 'ftp://k'}"), 'found the server "ftp://k", expected https://HOST[:PORT]'),
        ("a: [", "the kubeconfig 0 is no YAML: line 1: "),
        ("[]", "the kubeconfig 0 has another shape than kubectl's: "),
        (config("{auth-provider: {name: gcp}}"), "user u of the kubeconfig has auth-provider, which is not"),
        (config("{username: x, password: y}"), "user u of the kubeconfig has username, which is not"),
        (config("{as: root}"), "user u of the kubeconfig has as, which is not"),
        (
            config("{client-certificate-data: eA==}"),
            "the kubeconfig has a client certificate without its key",
        ),
        (
            config("{client-certificate: nowhere}"),
            "the file of the kubeconfig nowhere cannot be read: No such",
        ),
        (config("{client-key-data: '!'}"), "the kubeconfig has certificate or key data that is not base64"),
        (
            config("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}"),
            "the kubeconfig's exec has apiVersion client.authentication.k8s.io/v1alpha1, expected",
        ),
        (
            config(cluster="{server: 'https://k', proxy-url: 'socks5://p'}"),
            'the kubeconfig has the proxy-url "socks5://p", expected http://HOST:PORT',
        ),
    ],
)
def test_a_wrong_kubeconfig_is_one_sentence(tmp_path, text: str, says: str):
    """It names what is wrong, and nothing is guessed."""
    assert refusal(tmp_path, text).startswith(says)


def test_an_authority_that_is_none_is_told_at_once(tmp_path):
    """Not as a server that is away."""
    (tmp_path / "ca").write_text("no certificate")
    with pytest.raises(BadAccess) as caught:
        find_access(Cluster(server="https://k", authority=str(tmp_path / "ca")), {}, CLOCKS)
    assert str(caught.value).startswith("the API server's certificate authority is no PEM certificate")


def test_a_pod_finds_its_own_server(tmp_path):
    """Its service account's files, and the addresses the kubelet gives."""
    for name, content in (("ca.crt", CA), ("token", b"pod"), ("namespace", b"ingress")):
        (tmp_path / name).write_bytes(content)
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    found = find_access(Cluster(), environment, CLOCKS, tmp_path)
    token = asyncio.run(found.credentials.current()).token.reveal()
    assert (found.server, found.namespace, token) == ("https://[fd00::1]:443", "ingress", b"pod")


def test_outside_of_pods_the_list_of_files_decides(tmp_path):
    """Files of KUBECONFIG that do not exist are nothing; without any there is one sentence."""
    (tmp_path / "config").write_text(config())
    listed = f"{tmp_path}/none:{tmp_path}/config"
    assert find_access(Cluster(), {"KUBECONFIG": listed}, CLOCKS).server == "https://k8s:6443"
    with pytest.raises(BadAccess) as caught:
        find_access(Cluster(), {"KUBECONFIG": f"{tmp_path}/none"}, CLOCKS)
    assert str(caught.value).startswith("found no Kubernetes cluster")


class Script:
    """A program for credentials that counts its runs and prints what ``answer`` holds."""

    def __init__(self, folder: Path) -> None:
        self.answer = folder / "answer"
        self._runs = folder / "runs"
        self.path = folder / "program"
        self.path.write_text(
            f'#!/bin/sh\necho "$1 $GIVEN $KUBERNETES_EXEC_INFO" >> {self._runs}\n'
            f"cat {self.answer}\n[ -s {self.answer} ] || {{ echo no luck >&2; exit 3; }}\n"
        )
        self.path.chmod(0o755)

    def grant(self, **status: str) -> None:
        version = "client.authentication.k8s.io/v1"
        about = {"apiVersion": version, "kind": "ExecCredential", "status": status}
        self.answer.write_text(json.dumps(about))

    @property
    def runs(self) -> list[str]:
        return self._runs.read_text().splitlines()


async def test_a_program_is_run_as_kubectl_runs_it(tmp_path):
    """Its path starts at the kubeconfig; arguments, variables and what it may know of the cluster arrive."""
    script = Script(tmp_path)
    script.grant(token="granted")
    user = """{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./program, args: [x],
      env: [{name: GIVEN, value: given}], provideClusterInfo: true, interactiveMode: IfAvailable}}"""
    found = await read(tmp_path, config(user)).credentials.current()
    assert found == Credential(Sensitive(b"granted"))
    first, second, info = script.runs[0].split(" ", 2)
    about = {"interactive": False, "cluster": {"server": "https://k8s:6443"}}
    assert (first, second, json.loads(info)["spec"]) == ("x", "given", about)


async def test_a_program_is_run_again_when_its_credential_ends_or_is_refused(tmp_path):
    """And not before, however many ask."""
    script = Script(tmp_path)
    now = [0.0]
    plugin = ExecPlugin(Program(command=str(script.path)), lambda: now[0])
    script.grant(token="a", expirationTimestamp="1970-01-01T00:01:40Z")
    found = [(await plugin.current()).token.reveal()]
    await asyncio.gather(*(plugin.current() for _ in range(5)))
    script.grant(token="b")
    found.append((await plugin.current()).token.reveal())
    now[0] = 95.0
    found.append((await plugin.current()).token.reveal())
    script.grant(token="c")
    plugin.forget()
    found.append((await plugin.current()).token.reveal())
    assert (found, len(script.runs)) == ([b"a", b"a", b"b", b"c"], 3)


async def test_a_program_that_fails_is_told_with_its_words(tmp_path):
    """So that whoever reads the log can mend it."""
    script = Script(tmp_path)
    script.answer.write_text("")
    for program, says in (
        (Program(command=str(script.path)), "ended with status 3: no luck"),
        (
            Program(command="/nowhere", hint="install\nit"),
            "cannot be run: No such file or directory; install it",
        ),
    ):
        with pytest.raises(BadAccess) as caught:
            await ExecPlugin(program, lambda: 0.0).current()
        assert str(caught.value) == f"the program for credentials, {program.command}, {says}"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("{}", "printed neither a token nor a client certificate"),
        ('{"clientCertificateData": "x"}', "printed a client certificate without its key, or the key alone"),
        ('{"token": 1}', "printed no ExecCredential in JSON"),
        ('{"token": "t", "expirationTimestamp": "soon"}', "printed no ExecCredential in JSON"),
    ],
)
def test_what_a_program_prints_is_checked(status: str, says: str):
    """And never shown."""
    version = "client.authentication.k8s.io/v1"
    out = f'{{"apiVersion": "{version}", "kind": "ExecCredential", "status": {status}}}'
    with pytest.raises(BadAccess) as caught:
        granted(Program(command="p"), out.encode())
    assert str(caught.value) == f"the program for credentials, p, {says}"
