"""Snapshot to generation: one pure function, total, deterministic to the byte.

The stages are on this screen: claim, parse, merge (which resolves), lower and emit.  A broken object loses
the smallest part that cannot be honoured and is told; nothing is raised for what users wrote.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from painless.annotations.base import setting
from painless.compiler import auth_headers, custom_headers, fastcgi_params, stream_snippets
from painless.compiler.claim import claim
from painless.compiler.emit import emit
from painless.compiler.fit import Fit, fit
from painless.compiler.lookup import Lookup
from painless.compiler.lower_stream import socket_of
from painless.compiler.memory import Memory
from painless.compiler.merge import Merged, by_name, merge
from painless.compiler.options import Options
from painless.compiler.own_tls import BadAuthorities, dh_parameters
from painless.compiler.site import Site
from painless.features import (
    ConfigValues,
    Parsed,
    client_address,
    listening,
    opentelemetry,
    parse,
    parse_config,
    refusal,
)
from painless.features.custom_headers import ALLOWED
from painless.features.external_auth import GLOBAL
from painless.features.server_tls import DH_PARAM
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.model.snapshot import Snapshot
from painless.nginx.generation import Generation
from painless.nginx.spans import Export


class Compiled(Struct, frozen=True):
    """What should be served, as a site and as files, and what is wrong with the objects behind it.

    ``ingresses`` are those that are ours, in precedence.  ``fit`` is what follows from the machine,
    ``traces`` where the spans go that Painless sends.
    """

    site: Site
    generation: Generation
    diagnostics: tuple[Diagnostic, ...]
    ingresses: tuple[Ingress, ...]
    fit: Fit
    traces: Export | None = None


def compile_snapshot(snapshot: Snapshot, options: Options, memory: Memory | None = None) -> Compiled:
    """Return what NGINX should be given for ``snapshot``.

    ``memory`` is what earlier compiles have left: with it a changed object costs what it touches.
    """
    memory = memory or Memory()
    config, about_config = settings_for_all(snapshot, options)
    options = with_listeners(options, config)
    memory.begin((options, config))
    meant = understand(snapshot, options, config, memory)
    site = meant.merged.site
    generation = emit(site, options, config, meant.merged.hot, memory)
    fitted = fit(options.machine, config.as_defaults(), len(site.upstreams))
    about_config = (*about_config, *_missing_configmap(snapshot, options), *_unfit(fitted, options))
    found = {*about_config, *meant.diagnostics}
    traces = opentelemetry.export(config.as_defaults())
    return Compiled(site, generation, tuple(sorted(found)), meant.ours, fitted, traces)


class Understood(Struct, frozen=True):
    """What the Ingresses come to before it is text, which of them are ours, and what is wrong with them."""

    merged: Merged
    ours: tuple[Ingress, ...]
    diagnostics: frozenset[Diagnostic]


def understand(
    snapshot: Snapshot,
    options: Options,
    config: ConfigValues,
    memory: Memory,
    passing: ObjectRef | None = None,
) -> Understood:
    """Return what the Ingresses ask for together.

    ``passing`` is an Ingress that may never come: what its annotations mean is not remembered.
    """
    claimed, about_classes = claim(snapshot, options)
    refused = refusals(claimed, options, config)
    ours = tuple(one for one in claimed if one.ref not in refused) if refused else claimed
    parsed = tuple(
        (one, _parsed(one, snapshot, options, config, remember=one.ref != passing)) for one in ours
    )
    neutral = parse(_nobody(options), options.annotations_prefix, config)
    merged = _with_snippets(
        merge(snapshot, options, parsed, neutral, memory),
        stream_snippets.written(parsed, config, options),
        snapshot,
        options,
        neutral,
    )
    said = (one for _, settings in parsed for one in settings.diagnostics)
    return Understood(merged, ours, merged.diagnostics.union(about_classes, said, refused.values()))


def _with_snippets(
    merged: Merged,
    some: tuple[stream_snippets.Written, ...],
    snapshot: Snapshot,
    options: Options,
    neutral: Parsed,
) -> Merged:
    """Return what the Ingresses ask for, with what somebody wrote for what is no HTTP."""
    if not some:
        return merged
    found = stream_snippets.stream_snippets(some, merged.site, Lookup(snapshot), options, neutral)
    upstreams = by_name((*merged.site.stream_upstreams, *found.upstreams))
    site = structs.replace(merged.site, stream_upstreams=upstreams, stream_snippets=found.tree)
    return structs.replace(merged, site=site, diagnostics=merged.diagnostics.union(found.diagnostics))


def refusals(some: Iterable[Ingress], options: Options, config: ConfigValues) -> dict[ObjectRef, Diagnostic]:
    """Return the Ingresses that are not taken, each with why."""
    defaults = config.as_defaults()
    found = ((one.ref, refusal(one, options.annotations_prefix, defaults)) for one in some)
    return {ref: why for ref, why in found if why is not None}


def with_listeners(options: Options, config: ConfigValues) -> Options:
    """Return the options with what the ConfigMap says about listeners."""
    defaults = config.as_defaults()
    found = listening.listening(defaults, options.bind_addresses)
    # NGINX replaces an address once; with both of these that happens twice.
    handed_on = client_address.is_told_twice(defaults) and options.build.has("stream_realip_module")
    return structs.replace(
        options,
        bind_addresses=found.addresses,
        reuse_port=found.reuse_port,
        proxy_protocol=client_address.listens_for_proxy(defaults),
        http_socket=socket_of(options, "http") if handed_on else "",
        https_socket=socket_of(options, "https") if handed_on else "",
    )


def settings_for_all(snapshot: Snapshot, options: Options) -> tuple[ConfigValues, tuple[Diagnostic, ...]]:
    """Return what the global ConfigMap means, with the headers of the ConfigMaps that it names."""
    configmap = snapshot.configmaps.get(options.configmap) if options.configmap else None
    given, about_config = parse_config(configmap, options.build.has, allow_snippets=options.allow_snippets)
    config, about_headers = custom_headers.for_all(given, options.configmap, snapshot.configmaps)
    complete, about_secret = _with_dh_parameters(config, snapshot, options)
    return complete, (*about_config, *about_headers, *about_secret)


def _with_dh_parameters(
    config: ConfigValues, snapshot: Snapshot, options: Options
) -> tuple[ConfigValues, tuple[Diagnostic, ...]]:
    """Return the settings with the parameters of Diffie-Hellman, from the Secret that the ConfigMap names."""
    name = setting(config.as_defaults(), DH_PARAM)
    if name is None or options.configmap is None:
        return config, ()
    found = dh_parameters(snapshot.secrets.get(name))
    if not isinstance(found, BadAuthorities):
        return structs.replace(config, dh_parameters=found), ()
    says = f"found {found.found}, expected parameters in PEM in Secret {'/'.join(name)}"
    about, field = ObjectRef("ConfigMap", *options.configmap), f"data[{DH_PARAM.name}]"
    reason, hint = Reason.INVALID_CONFIG_VALUE, "OpenSSL's own are used"
    return config, (Diagnostic(about, field, reason, Severity.ERROR, says, hint),)


def _parsed(
    ingress: Ingress, snapshot: Snapshot, options: Options, config: ConfigValues, *, remember: bool
) -> Parsed:
    settings = parse(ingress, options.annotations_prefix, config, remember=remember)
    configmaps, prefix = snapshot.configmaps, options.annotations_prefix
    allowed = setting(config.as_defaults(), ALLOWED)
    settings = custom_headers.for_ingress(settings, ingress.ref, configmaps, allowed, remember=remember)
    for reader in (auth_headers.for_ingress, fastcgi_params.for_ingress):
        settings = reader(settings, ingress.ref, configmaps, prefix, remember=remember)
    return settings


def _nobody(options: Options) -> Ingress:
    """Return an Ingress that asks for nothing: what no rule serves is nobody's to guard."""
    return Ingress("", "", annotations=((f"{options.annotations_prefix}/{GLOBAL.name}", "false"),))


def _unfit(fitted: Fit, options: Options) -> Iterator[Diagnostic]:
    """Yield what the ConfigMap asks for that does not fit the machine."""
    for one in fitted.concerns:
        if options.configmap and one.key:
            about, field = ObjectRef("ConfigMap", *options.configmap), f"data[{one.key}]"
            yield Diagnostic(about, field, Reason.DOES_NOT_FIT, Severity.WARNING, one.says, one.hint)


def _missing_configmap(snapshot: Snapshot, options: Options) -> tuple[Diagnostic, ...]:
    if options.configmap is None or options.configmap in snapshot.configmaps:
        return ()
    says = "found no such ConfigMap, expected the one that --configmap names"
    about = ObjectRef("ConfigMap", *options.configmap)
    return (
        Diagnostic(about, "data", Reason.CONFIGMAP_NOT_FOUND, Severity.WARNING, says, "defaults are used"),
    )
