"""The options section of a case: flags by their names, over defaults that keep cases short.

Ingresses need no class, unless the case sets ``watch-ingress-without-class: false``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs
from tests.corpus.case import Case
from tests.corpus.given import certificate_for

from painless.compiler.options import Machine, Options
from painless.nginx.build import Build
from painless.sensitive import Sensitive
from painless.syntax.yaml import parse_yaml

FALLBACK = "ingress.local"
"""The name in the certificate for hosts that have none of their own."""


PINNED = Build(
    version=(1, 31, 3),
    flags=frozenset(
        (
            "http_auth_request_module http_gunzip_module http_gzip_static_module http_realip_module "
            "http_ssl_module http_stub_status_module http_sub_module http_v2_module stream "
            "stream_realip_module stream_ssl_module stream_ssl_preread_module threads"
        ).split()
    ),
    path="/usr/sbin/nginx",
    why="golden output is the same whatever NGINX a machine has",
)
"""What golden output is compiled for; requests meet the NGINX of the machine."""


def defaults() -> Options:
    """Return options with a build, paths and ports that are the same on every machine."""
    pair = certificate_for(FALLBACK)
    return Options(
        build=PINNED,
        state="/state",
        fallback_certificate=Sensitive(pair.certificate + pair.key),
        watch_without_class=True,
    )


def on_this_machine(options: Options, build: Build) -> Options:
    """Return options for the NGINX of this machine, without the modules that a case takes away."""
    flags = build.flags - (PINNED.flags - options.build.flags)
    return structs.replace(options, build=structs.replace(build, flags=flags))


def with_options(case: Case, options: Options) -> Options:
    """Return ``options`` with what the case sets."""
    section = case.sections.get("options")
    if section is None:
        return options
    parsed = parse_yaml(section.text.encode())
    for fault in parsed.faults:
        case.bad(section.line + fault.line - 1, fault.says)
    value = parsed.documents[0].value if parsed.documents else {}
    if not isinstance(value, dict):
        case.bad(section.line, f"found {value!r}, expected lines of the form name: value")
    for name, one in value.items():
        setter = _SETTERS.get(name)
        if setter is None:
            case.bad(section.line, f'found option "{name}", expected one of {", ".join(sorted(_SETTERS))}')
        try:
            options = structs.replace(options, **setter(one, options))
        except (TypeError, ValueError) as wrong:
            case.bad(section.line, f"found {name}: {one!r}, {wrong}")
    return options


_Setter = Callable[[Any, Options], dict[str, Any]]


def _flag(field: str, *, negated: bool = False) -> _Setter:
    def read(value: object, _: Options) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise TypeError("expected true or false")
        return {field: value != negated}

    return read


def _text(field: str) -> _Setter:
    def read(value: object, _: Options) -> dict[str, Any]:
        if not isinstance(value, str):
            raise TypeError("expected text")
        return {field: value}

    return read


def _number(field: str) -> _Setter:
    def read(value: object, _: Options) -> dict[str, Any]:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError("expected a number")
        return {field: value}

    return read


def _name(field: str) -> _Setter:
    def read(value: object, _: Options) -> dict[str, Any]:
        namespace, slash, name = str(value).partition("/")
        if not slash:
            raise ValueError("expected namespace/name")
        return {field: (namespace, name)}

    return read


def _version(value: object, options: Options) -> dict[str, Any]:
    major, minor, patch = (int(part) for part in str(value).split("."))
    return {"build": structs.replace(options.build, version=(major, minor, patch))}


def _without(value: object, options: Options) -> dict[str, Any]:
    if not isinstance(value, list):
        raise TypeError("expected a list of modules such as http_stub_status_module")
    return {"build": structs.replace(options.build, flags=options.build.flags - set(value))}


def _access_log(value: object, _: Options) -> dict[str, Any]:
    if value not in {"stdout", "none"}:
        raise ValueError("expected stdout or none")
    return {"access_log": value == "stdout"}


def _machine(value: object, _: Options) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("expected numbers by their names")
    return {"machine": Machine(**value, where={name: f"the file with {name}" for name in value})}


_SETTERS: Mapping[str, _Setter] = {
    "access-log": _access_log,
    "annotations-prefix": _text("annotations_prefix"),
    "configmap": _name("configmap"),
    "controller-class": _text("controller_class"),
    "default-backend-service": _name("default_backend"),
    "default-ssl-certificate": _name("default_certificate"),
    "disable-catch-all": _flag("catch_all", negated=True),
    "disable-svc-external-name": _flag("external_names", negated=True),
    "https-port": _number("https_port"),
    "ingress-class": _text("ingress_class"),
    "ingress-class-by-name": _flag("class_by_name"),
    "machine": _machine,
    "nginx-version": _version,
    "nginx-without": _without,
    "read-ingress-classes": _flag("read_classes"),
    "enable-metrics": _flag("request_metrics"),
    "enable-ssl-passthrough": _flag("ssl_passthrough"),
    "tcp-services-configmap": _name("tcp_services"),
    "udp-services-configmap": _name("udp_services"),
    "watch-ingress-without-class": _flag("watch_without_class"),
}
