"""What the annotations of one Ingress mean together."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from msgspec import Struct, structs

from painless.annotations.base import OURS, Contribution, Place, Values
from painless.annotations.decode import shown
from painless.annotations.names import ANNOTATIONS
from painless.annotations.nearest import nearest
from painless.annotations.snippet import Snippet
from painless.annotations.without_effect import (
    ANNOTATIONS_WITHOUT_EFFECT,
    FIREWALL,
    INSTEAD_OF_FIREWALL,
    wants_firewall,
)
from painless.features import (
    affinity,
    app_root,
    backend_protocol,
    backend_service,
    backend_tls,
    balancing,
    basic_auth,
    buffering,
    bulkheads,
    canary,
    client_certificates,
    custom_errors,
    custom_headers,
    doctor_silence,
    external_auth,
    fastcgi,
    lifetimes,
    mirror,
    own_server,
    redirects,
    rewrite,
    server_alias,
    server_tls,
    snippets,
    ssl_passthrough,
    tls_redirect,
    www,
)
from painless.features.for_all import ConfigValues
from painless.features.registry import ADDITIVE, KEYS
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress
from painless.nginx.tokens import Expr
from painless.nginx.tree import Directive

Tree = tuple[Directive, ...]


class Parsed(Struct, frozen=True):
    """What the annotations of one Ingress mean.

    ``denied`` says why its locations are closed, if they are.  ``open_paths`` are the beginnings of paths
    that ask neither for a password nor a service.  ``snippet`` is what is added to each location,
    ``server_snippet`` to each host, ``auth_snippet`` to each question, ``stream_snippet`` to what is no HTTP.
    ``max_age`` is how old an upgraded connection may become, in seconds; 0 is no limit.
    ``look`` is made of everything that
    shows in a location's block: locations of equal looks differ in nothing but names.
    """

    tls_redirect: tls_redirect.TlsRedirect
    app_root: Expr | None
    redirect: redirects.Redirect | None
    www: bool
    aliases: tuple[str, ...]
    own_server: bool
    rewrite: rewrite.Rewrite
    canary: canary.Canary | None
    affinity: affinity.Affinity | None
    balancing: balancing.Balancing | None
    protocol: str
    fastcgi: fastcgi.Fastcgi | None
    backend_tls: backend_tls.BackendTls | None
    service_upstream: bool
    basic_auth: basic_auth.BasicAuth | None
    clients: client_certificates.ClientCertificates | None
    ciphers: server_tls.Ciphers | None
    external_auth: external_auth.ExternalAuth | None
    custom_errors: custom_errors.CustomErrors | None
    mirror: mirror.Mirror | None
    passthrough: bool
    ceilings: bulkheads.Ceilings | None
    additive: tuple[tuple[int, Any, str], ...]
    denied: str
    diagnostics: tuple[Diagnostic, ...]
    open_paths: tuple[str, ...] = ()
    snippet: Snippet | None = None
    server_snippet: Snippet | None = None
    auth_snippet: Snippet | None = None
    stream_snippet: Snippet | None = None
    max_age: int = 0
    look: str = ""

    def contributions(self, place: Place) -> tuple[Contribution, ...]:
        """Return what the additive features add to a location, in order."""
        return tuple(
            structs.replace(ADDITIVE[index].contribute(value, place), field=field)
            for index, value, field in self.additive
        )


def parse(ingress: Ingress, prefix: str, config: ConfigValues, *, remember: bool = True) -> Parsed:
    """Read all annotations of one Ingress; never raises, whatever they hold.

    What strangers send to be looked at is not remembered: it would take the room of what is served.
    """
    ours = tuple(one for one in ingress.annotations if one[0].startswith((prefix, OURS)))
    read = _parsed if remember else _parsed.__wrapped__
    found = read(ours, ingress.namespace, prefix, config)
    if not found.diagnostics:
        return found
    about = ingress.ref
    said = tuple(structs.replace(one, about=about) for one in found.diagnostics)
    return structs.replace(found, diagnostics=said)


# Most Ingresses of a cluster have the annotations of another one.  Sized for twice the largest cluster we
# measure, so that one changed Ingress never evicts the others.
@lru_cache(maxsize=16_384)
def _parsed(
    annotations: tuple[tuple[str, str], ...], namespace: str, prefix: str, config: ConfigValues
) -> Parsed:
    """Return what these annotations mean on any Ingress of the namespace; its name is not in the findings."""
    values = Values(Ingress(namespace, "", annotations=annotations), prefix, config.as_defaults())
    found = _read(values, config.snippets)
    return structs.replace(found, look=_look(found))


def _read(values: Values, common: snippets.ForAll) -> Parsed:
    for name in values.names():
        _say_if_unknown(values, name)
    additive = ((index, feature.parse(values), feature.KEYS) for index, feature in enumerate(ADDITIVE))
    kept = tuple((at, value, values.first_given(keys)) for at, value, keys in additive if value is not None)
    redirect = tls_redirect.parse(values)
    root = app_root.parse(values)
    elsewhere = redirects.parse(values)
    both_names = www.parse(values)
    aliases = server_alias.parse(values)
    alone = own_server.parse(values)
    rewriting = rewrite.parse(values)
    arm = canary.parse(values)
    stuck = affinity.parse(values)
    dealt = balancing.parse(values)
    protocol = backend_protocol.parse(values)
    params = fastcgi.parse(values, protocol)
    over_tls = backend_tls.parse(values, protocol)
    one_peer = backend_service.parse(values)
    users = basic_auth.parse(values)
    clients = client_certificates.parse(values)
    ciphers = server_tls.parse(values)
    asked = external_auth.parse(values)
    errors = custom_errors.parse(values)
    copied = mirror.parse(values)
    passed_on = ssl_passthrough.parse(values)
    ceilings = bulkheads.parse(values)
    doctor_silence.check(values)
    written = snippets.parse(values, common, with_password=users is not None, with_service=asked is not None)
    max_age = lifetimes.of_upgraded(values, _unclear(values, kept, protocol, _trees(written, common)))
    return Parsed(
        tls_redirect=redirect,
        app_root=root,
        redirect=elsewhere,
        www=both_names,
        aliases=aliases,
        own_server=alone,
        rewrite=rewriting,
        canary=arm,
        affinity=stuck,
        balancing=dealt,
        protocol=protocol,
        fastcgi=params,
        backend_tls=over_tls,
        service_upstream=one_peer,
        basic_auth=users,
        clients=clients,
        ciphers=ciphers,
        external_auth=asked,
        custom_errors=errors,
        mirror=copied,
        passthrough=passed_on,
        ceilings=ceilings,
        additive=kept,
        denied=values.denied,
        diagnostics=tuple(values.diagnostics),
        open_paths=external_auth.open_paths(values),
        snippet=written.location,
        server_snippet=written.server,
        auth_snippet=written.auth,
        stream_snippet=written.stream,
        max_age=max_age,
    )


def _unclear(
    values: Values, kept: Iterable[tuple[int, Any, str]], protocol: str, snippet_trees: Iterable[Tree]
) -> str:
    """Return why upgraded connections to the application look as others do; empty when they do not.

    NGINX has them, and them alone, send small packets at once (TCP_NODELAY), but for these.
    """
    if protocol != "HTTP":
        return f"backend-protocol is {protocol}"
    own = next((value for at, value, _ in kept if ADDITIVE[at] is buffering), None)
    name = buffering.REQUEST_BUFFERING.name
    if buffering.unbuffered(own, values.defaults):
        return f"{name} is off"
    written = {one.name for tree in snippet_trees for one in tree}
    return f"a snippet sets {name}" if name.replace("-", "_") in written else ""


def _trees(written: snippets.Snippets, common: snippets.ForAll) -> tuple[Tree, ...]:
    some = (common.http, common.server, common.location, written.server, written.location)
    return tuple(one.tree for one in some if one)


def with_headers(
    parsed: Parsed, headers: custom_headers.Headers, denied: str, said: tuple[Diagnostic, ...]
) -> Parsed:
    """Return what the annotations mean once the ConfigMap that ``custom-headers`` names has been read."""
    found = structs.replace(
        parsed,
        additive=tuple(
            (at, headers if isinstance(value, custom_headers.Asked) else value, field)
            for at, value, field in parsed.additive
        ),
        denied=parsed.denied or denied,
        diagnostics=(*parsed.diagnostics, *said),
    )
    return structs.replace(found, look=_look(found))


def with_auth_headers(
    parsed: Parsed, headers: tuple[tuple[str, Expr], ...], denied: str, said: tuple[Diagnostic, ...]
) -> Parsed:
    """Return what the annotations mean once the ConfigMap of ``auth-proxy-set-headers`` has been read."""
    assert parsed.external_auth, "only who asks a service has headers for it"
    found = structs.replace(
        parsed,
        external_auth=structs.replace(parsed.external_auth, headers=headers),
        denied=parsed.denied or denied,
        diagnostics=(*parsed.diagnostics, *said),
    )
    return structs.replace(found, look=_look(found))


def with_fastcgi_params(
    parsed: Parsed, params: fastcgi.Params, denied: str, said: tuple[Diagnostic, ...]
) -> Parsed:
    """Return what the annotations mean once the ConfigMap of ``fastcgi-params-configmap`` has been read."""
    assert parsed.fastcgi, "only who speaks FastCGI has parameters"
    # Hosts whose parameters are the same look alike, wherever these come from.
    known = structs.replace(parsed.fastcgi, params=params, configmap=None)
    found = structs.replace(
        parsed,
        fastcgi=known,
        denied=parsed.denied or denied,
        diagnostics=(*parsed.diagnostics, *said),
    )
    return structs.replace(found, look=_look(found))


_ELSEWHERE = frozenset(
    {
        *("aliases", "app_root", "balancing", "ciphers", "diagnostics", "look", "max_age", "open_paths"),
        *("own_server", "passthrough", "server_snippet", "stream_snippet", "www"),
    }
)
"""What does not show in a location's block."""


@lru_cache(maxsize=1)
def _plain() -> Parsed:
    """Return what no annotation means without a ConfigMap."""
    return _read(Values(Ingress("", ""), "", {}), snippets.ForAll())


def _look(parsed: Parsed) -> str:
    """Return a name for all that is set and shows in a location; empty when nothing is.

    What is not set leaves no trace, so that a feature that is new changes no other Ingress's look.
    """
    auth = structs.replace(parsed.basic_auth, secret="") if parsed.basic_auth else None
    errors = structs.replace(parsed.custom_errors, backend="") if parsed.custom_errors else None
    named = structs.replace(parsed, basic_auth=auth, custom_errors=errors)
    seen, plain = structs.asdict(named), structs.asdict(_plain())
    # What is asked of clients is the host's; a location shows only that its Ingress asks.
    seen["clients"] = parsed.clients is not None or None
    shown_there = [(name, one) for name, one in seen.items() if name not in _ELSEWHERE and one != plain[name]]
    if not shown_there:
        return ""
    return hashlib.blake2b(repr(shown_there).encode(errors="replace"), digest_size=8).hexdigest()


def _say_if_unknown(values: Values, name: str) -> None:
    if name in KEYS:
        return
    if name in FIREWALL:
        if wants_firewall(name, values.written(name)):
            says = f"{name} needs ModSecurity, which NGINX has not"
            values.say(name, Reason.UNSUPPORTED_ANNOTATION, says, INSTEAD_OF_FIREWALL)
    elif why := ANNOTATIONS_WITHOUT_EFFECT.get(name):
        says = f"{name} changes nothing here: {why}"
        values.say(name, Reason.NO_EFFECT, says, "it can be removed", Severity.WARNING)
    elif name in ANNOTATIONS:
        says = f"{name} is not honoured by this version"
        values.say(name, Reason.UNSUPPORTED_ANNOTATION, says, "the location is served without it")
    else:
        says, hint = f"{shown(name)} is not an annotation of ours", nearest(name, {*ANNOTATIONS, *KEYS})
        values.say(name, Reason.UNKNOWN_ANNOTATION, says, hint, Severity.WARNING)
