"""``painless inspect``: what a state directory holds, as the plug-in shows it."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from painless.cli.main import main
from painless.demo.certificate import self_made
from painless.discovery.answers import Answer, Peer
from painless.discovery.control import Put, Remove, Replace
from painless.discovery.journal import framed
from painless.discovery.server import JOURNAL

MANIFESTS = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.test], secretName: pair}]
  rules:
    - host: shop.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
    - host: "*.shop.test"
      http: {paths: [{path: /any, pathType: Exact, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: pair, namespace: shop}
type: kubernetes.io/tls
stringData:
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory as ``painless render`` and a responder leave it."""
    pair = self_made(["shop.test"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    source = tmp_path / "site"
    source.mkdir()
    data = {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}
    (source / "all.yaml").write_text(
        MANIFESTS + "".join(f"  {key}: {json.dumps(one)}\n" for key, one in data.items())
    )
    rendered = tmp_path / "state"
    done = CliRunner().invoke(main, ["render", "--source", str(source), "--out", str(rendered)])
    assert done.exit_code == 0, done.output
    (rendered / "current").symlink_to(".")
    (rendered / "discovery").mkdir()
    web, old, new = (Answer(name, (Peer("10.0.0.1", 8080),)) for name in ("shop.web.80", "old", "new"))
    told = (Replace((old,)), Replace((web, old)), Put((new,)), Remove(("old",)))
    (rendered / "discovery" / JOURNAL).write_bytes(b"".join(framed(one) for one in told) + b"cut off")
    return rendered


def inspect(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["inspect", arguments[0], "--state-dir", str(state), *arguments[1:]])


def test_the_whole_configuration_is_as_it_is(state):
    """Byte for byte."""
    assert (state / "nginx.conf").read_text() == inspect(state, "conf").output


@pytest.mark.parametrize("host", ["shop.test", "any.shop.test"])
def test_the_block_of_a_host(state, host):
    """One server block with the origins above it: its own, or else the one whose wildcard it falls under."""
    text = inspect(state, "conf", "--host", host).output
    assert text.lstrip().startswith("# Host ")
    assert (1, 1) == (text.count("server_name"), text.count("    server {"))
    assert text.endswith("    }\n")


def test_a_host_that_nobody_serves_is_said(state):
    """And not answered with everything."""
    ended = inspect(state, "conf", "--host", "other.example")
    assert (2, "painless: no server block has the name other.example\n") == (ended.exit_code, ended.output)


@pytest.mark.parametrize("host", ["shop.test", "unknown.test"])
def test_a_certificate_comes_without_its_key(state, host):
    """The host's, or the default one; no output has a word of a key in it."""
    text = inspect(state, "certs", "--host", host).output
    assert text.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" not in text
    assert "PRIVATE KEY" in "".join(one.read_text() for one in (state / "hot" / "certificates").iterdir())


def test_two_hosts_have_two_certificates(state):
    """So the lookup by name is one."""
    assert (
        inspect(state, "certs", "--host", "shop.test").output
        != inspect(state, "certs", "--host", "a.b").output
    )


def test_backends_are_what_the_responder_was_told_last(state):
    """Replaced, added, removed; a record that was cut off is none."""
    assert "new\nshop.web.80\n" == inspect(state, "backends", "--list").output
    (one,) = json.loads(inspect(state, "backends", "--backend", "shop.web.80").output)
    assert {"name": "shop.web.80", "endpoints": [{"address": "10.0.0.1", "port": "8080"}]} == one


def test_a_backend_that_is_not_there_is_said(state):
    """One sentence, and exit status 2."""
    ended = inspect(state, "backends", "--backend", "old")
    assert (2, "painless: there is no backend old\n") == (ended.exit_code, ended.output)


def test_without_nginx_nothing_is_live(state):
    """What would be loaded is told all the same."""
    about = json.loads(inspect(state, "general").output)
    assert (".", None, []) == (about["current"] or ".", about["live"], about["workers"])


def test_a_folder_that_is_no_state_directory_is_said(tmp_path):
    """With the flag that names another."""
    ended = inspect(tmp_path, "conf")
    assert ended.exit_code == 2
    assert "--state-dir names the directory" in ended.output
