"""Snapshot to generation: one pure function, total, deterministic to the byte.

The stages are on this screen: claim, parse, merge (which resolves), lower and emit.  A broken object loses
the smallest part that cannot be honoured and is told; nothing is raised for what users wrote.
"""

from msgspec import Struct

from painless.compiler.claim import claim
from painless.compiler.emit import emit
from painless.compiler.merge import merge
from painless.compiler.options import Options
from painless.compiler.site import Site
from painless.features import parse, parse_config
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.model.snapshot import Snapshot
from painless.nginx.generation import Generation


class Compiled(Struct, frozen=True):
    """What should be served, as a site and as files, and what is wrong with the objects behind it."""

    site: Site
    generation: Generation
    diagnostics: tuple[Diagnostic, ...]


def compile_snapshot(snapshot: Snapshot, options: Options) -> Compiled:
    """Return what NGINX should be given for ``snapshot``."""
    configmap = snapshot.configmaps.get(options.configmap) if options.configmap else None
    config, about_config = parse_config(configmap)
    ours, about_classes = claim(snapshot, options)
    parsed = tuple((one, parse(one, options.annotations_prefix, config)) for one in ours)
    neutral = parse(Ingress("", ""), options.annotations_prefix, config)
    site, users, certificates, about_site = merge(snapshot, options, parsed, neutral)
    generation = emit(site, options, config, {**certificates.hot, **users.hot})
    found = {
        *_missing_configmap(snapshot, options),
        *about_config,
        *about_classes,
        *(one for _, settings in parsed for one in settings.diagnostics),
        *about_site,
    }
    return Compiled(site, generation, tuple(sorted(found)))


def _missing_configmap(snapshot: Snapshot, options: Options) -> tuple[Diagnostic, ...]:
    if options.configmap is None or options.configmap in snapshot.configmaps:
        return ()
    says = "found no such ConfigMap, expected the one that --configmap names"
    about = ObjectRef("ConfigMap", *options.configmap)
    return (
        Diagnostic(about, "data", Reason.CONFIGMAP_NOT_FOUND, Severity.WARNING, says, "defaults are used"),
    )
