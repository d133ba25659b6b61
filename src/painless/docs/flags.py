"""The page of flags: what each takes, its default and what is meant to differ, titled as the help is."""

from collections.abc import Iterable, Iterator, Mapping

import click

from painless.cli.accepted import flag_name
from painless.cli.flags import Switch
from painless.cli.help import TITLES, title
from painless.cli.main import serve
from painless.docs.keys import differing
from painless.docs.markdown import anchor, code, page, table
from painless.flags import FLAGS, Kind

_EXAMPLES: Mapping[str, str] = {
    "source": "./manifests",
    "kubeconfig": "/root/.kube/config",
    "apiserver-host": "https://10.0.0.1:6443",
    "certificate-authority": "/etc/painless/ca.crt",
    "watch-namespace": "shop",
    "watch-namespace-selector": "team=shop",
    "configmap": "ingress-nginx/ingress-nginx-controller",
    "default-backend-service": "ingress-nginx/default-backend",
    "default-ssl-certificate": "ingress-nginx/wildcard",
    "tcp-services-configmap": "ingress-nginx/tcp-services",
    "udp-services-configmap": "ingress-nginx/udp-services",
    "bind-address": "192.0.2.1,2001:db8::1",
    "publish-service": "ingress-nginx/ingress-nginx-controller",
    "publish-status-address": "192.0.2.1,lb.example.com",
    "healthz-host": "127.0.0.1",
    "nameservers": "10.96.0.10,10.96.0.11:53",
    "validating-webhook": ":8443",
    "validating-webhook-certificate": "/etc/painless/webhook/tls.crt",
    "validating-webhook-key": "/etc/painless/webhook/tls.key",
    "admin-token-file": "/etc/painless/admin-tokens/tokens",
    "admin-tls-cert-file": "/etc/painless/admin-tls/tls.crt",
    "admin-tls-key-file": "/etc/painless/admin-tls/tls.key",
    "otlp-collector": "otel-collector.tracing.svc:4318",
    "nginx-runner": "/run/painless",
    "nginx": "/usr/sbin/nginx",
}
"""Values of flags that have no default to show."""


def flags_page() -> str:
    """Return the page."""
    groups = {one: [flag for flag in serve.params if title(flag) == one] for one in TITLES}
    return page(
        "Flags of painless serve",
        "The names and spellings are ingress-nginx's where it has them: `--flag=value`, `--flag value`, and "
        "`--flag` alone for what is true or false. [compatibility.md](compatibility.md#flags) has the state "
        "of all that ingress-nginx takes, [commands.md](commands.md) the flags of the other commands.",
        table(
            ("about", "flags"), ((f"[{one}](#{anchor(one)})", _links(flags)) for one, flags in groups.items())
        ),
        *(part for one, flags in groups.items() for part in (f"## {one}", *_sections(flags))),
    )


def _links(flags: Iterable[click.Parameter]) -> str:
    names = (f"--{flag_name(one)}" for one in flags)
    return ", ".join(f"[{name}](#{anchor(name)})" for name in names)


def _sections(flags: Iterable[click.Parameter]) -> Iterator[str]:
    for one in flags:
        assert isinstance(one, click.Option), "painless serve has no arguments"
        name = flag_name(one)
        yield f"### --{name}"
        yield one.help or ""
        yield table(("", ""), _about(name, one))
        yield from differing(f"--{name}")


def _about(name: str, one: click.Option) -> Iterator[tuple[str, str]]:
    known = FLAGS.get(name)
    default = "" if one.default is None else str(one.default)
    default = default.lower() if isinstance(one.type, Switch) else default.removesuffix(".0")
    yield "Value", _takes(name, one)
    yield "Default", code(default) if default else "none"
    if known and known.default != default:
        yield "Default of ingress-nginx", code(known.default) if known.default else "none"
    if example := _EXAMPLES.get(name, default):
        yield "Example", code(f"--{name}={example}")
    if len(one.opts) > 1:
        yield "Also", ", ".join(code(other) for other in one.opts if other != f"--{name}")
    if not known:
        yield "From", "Painless; ingress-nginx has no such flag"


def _takes(name: str, one: click.Option) -> str:
    if name in FLAGS and FLAGS[name].kind is not Kind.TEXT:
        return str(FLAGS[name].kind)
    match one.type:
        case click.Choice(choices=choices):
            return ", ".join(code(str(choice)) for choice in choices)
        case Switch():
            return str(Kind.BOOL)
        case click.FloatRange(min=least) if least is not None:
            return f"a number, {least} at least"
        case click.Path():
            return "a path"
        case _:
            return str(Kind.TEXT)
