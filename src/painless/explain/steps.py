"""What a request meets on its way, in the order of NGINX's phases, each with who asked for it."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from painless.explain.about import about
from painless.explain.answer import Source, Step
from painless.explain.doors import Door
from painless.explain.places import HANDLERS, Levels
from painless.explain.sources import Sources
from painless.explain.walk import Ending, Met, Walk
from painless.nginx.printer import printed
from painless.nginx.tree import Directive


class _Condition(Struct, frozen=True):
    """A condition of ours: a part of its text, what it is for, and the keys that ask for it."""

    part: str
    says: str
    keys: tuple[str, ...] = ()


_BLOCKING = ("block-cidrs", "block-user-agents", "block-referers")
_CONDITIONS = (
    _Condition("$redirect_to_https", "Plain HTTP is sent to HTTPS.", ("ssl-redirect", "force-ssl-redirect")),
    _Condition("$cors_preflight", "Preflight requests of CORS are answered here.", ("enable-cors",)),
    _Condition("/down/", "Without a ready pod it ends here, or goes to the other Service."),
    _Condition("$blocked", "Blocked clients are refused.", _BLOCKING),
    _Condition(
        "$other_name_in_handshake", "A TLS connection for another host is refused.", ("auth-tls-secret",)
    ),
    _Condition("$subject_refused", "Certificates of other subjects are refused.", ("auth-tls-match-cn",)),
    _Condition('$scheme = "http"', "Plain HTTP has no certificates.", ("auth-tls-secret",)),
    _Condition(
        "$canary_choice",
        "The canary takes its part.",
        ("canary-weight", "canary-by-header", "canary-by-cookie", "canary-by-header-value"),
    ),
    _Condition('$uri = "/"', "The root of the host is sent elsewhere.", ("app-root",)),
    _Condition("$inflight_refused", "What was refused above its bulkhead is refused."),
    _Condition("$no_endpoints", "503 where no pod is ready, else 502."),
)
_BULKHEAD = ("painless.dev/max-inflight", "painless.dev/max-upgraded")
_HSTS = ("hsts", "hsts-max-age", "hsts-include-subdomains", "hsts-preload")
_REFINED = (
    _Condition("limit_conn inflight", "A Service has so many requests open; 503 answers more.", _BULKHEAD),
    _Condition("add_header Retry-After", "Whoever a bulkhead refuses is told to come again."),
    _Condition("add_header Strict-Transport-Security", "Browsers are told to stay with HTTPS.", _HSTS),
    _Condition("error_page 502 = @upstream_failed", "503 where no pod is ready, else 502."),
)
"""Directives that are ours in one place and a user's in another."""
_SILENT = ("/hot/canary/",)
"""Conditions of which another one says what they come to."""

_BEFORE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("client", ("client_max_body_size", "limit_rate", "limit_rate_after")),
    ("limits", ("limit_req", "limit_conn")),
    ("access", ("satisfy",)),
)
_CONTENT = frozenset({"try_files", *HANDLERS})
_COPIES = ("mirror", "mirror_request_body")
_OF_APPLICATION = (
    *("ssl_name", "ssl_verify", "ssl_certificate", "http_version", "method", "connect_timeout"),
    *("send_timeout", "read_timeout", "next_upstream", "next_upstream_tries", "next_upstream_timeout"),
    *("request_buffering", "buffering", "buffer_size", "cache", "intercept_errors"),
)
_OF_ANSWER = ("redirect", "cookie_domain", "cookie_path", "hide_header")
_LAST = ("add_header", "gzip", "brotli", "error_page")
_STATES = {True: "acts", False: "passes", None: "unknown"}


def steps(walk: Walk, let_in: Walk, ending: Ending, sources: Sources) -> tuple[Step, ...]:
    """Return what a request met, and what holds where it came to; no door keeps ``let_in`` out."""
    levels = let_in.reached
    way = [*_rewriting(walk.met, sources)]
    if levels is None:
        return tuple(way)
    kind = ending.scheme if ending.scheme in {"grpc", "fastcgi"} else "proxy"
    for phase, names in _BEFORE:
        way += (one for name in names for one in _holding(phase, levels, name, sources))
        way += (_door(one, sources) for one in walk.doors if phase == "access")
    way += (one for name in _COPIES for one in _holding("copies", levels, name, sources))
    way += (_answering(one.directive, sources) for one in let_in.met if one.directive.name in _CONTENT)
    if ending.upstream:
        application = (f"{kind.removesuffix('s')}_{name}" for name in _OF_APPLICATION)
        way += (one for name in application for one in _holding("application", levels, name, sources))
        way += _headers(levels, f"{kind.removesuffix('s')}_set_header", sources)
        way += (one for name in _OF_ANSWER for one in _holding("answer", levels, f"{kind}_{name}", sources))
    way += (one for name in _LAST for one in _holding("answer", levels, name, sources))
    return tuple(way)


def text_of(one: Directive) -> str:
    """Return a directive as it stands in the file, without its block."""
    return printed((structs.replace(one, block=None, comment=""),)).text.strip().removesuffix(";")


_REDIRECTS = ("permanent-redirect", "temporal-redirect")


def _rewriting(met: Iterable[Met], sources: Sources) -> Iterator[Step]:
    why: Source | None = None
    for one in met:
        text = text_of(one.directive)
        if one.directive.name in _CONTENT or any(part in text for part in _SILENT):
            continue
        if one.directive.name == "if":
            known = next((each for each in _CONDITIONS if each.part in text), None)
            says, source = (
                known.says if known else _says(one.directive),
                _asker(one.directive, known, sources),
            )
            # Whoever asks for the condition asks for what happens then.
            why = source if one.acts else None
        elif one.directive.name == "return":
            says, source = _says(one.directive), why or sources.of(one.directive, _REDIRECTS)
        else:
            says, source = _says(one.directive), sources.of(one.directive)
        yield Step("rewrite", says, text, source, _STATES[one.acts])


def _asker(one: Directive, known: _Condition | None, sources: Sources) -> Source:
    """Return who asked for a condition."""
    return sources.of(one, known.keys) if known and known.keys else sources.ours(one)


def _answering(one: Directive, sources: Sources) -> Step:
    return Step("application", _says(one), text_of(one), sources.of(one), "acts")


def _door(one: Door, sources: Sources) -> Step:
    # Who stands at a door that only the moment opens is asked; the others are known.
    state = "asks" if one.passes is None else _STATES[not one.passes]
    return Step("access", _says(one.directive), text_of(one.directive), sources.of(one.directive), state)


def _holding(phase: str, levels: Levels, name: str, sources: Sources) -> Iterator[Step]:
    for one in levels.every(name):
        text = text_of(one)
        known = next((each for each in _REFINED if text.startswith(each.part)), None)
        if known is None:
            yield Step(phase, _says(one), text, sources.of(one))
        elif known.keys:
            yield Step(phase, known.says, text, sources.of(one, known.keys))
        else:
            yield Step(phase, known.says, text, Source("painless"))


def _headers(levels: Levels, name: str, sources: Sources) -> Iterator[Step]:
    """Yield the headers that this application gets and not every one, and how many those are."""
    usual = {one.args for one in levels.blocks[0] if one.name == name}
    sent = levels.every(name)
    own = [one for one in sent if one.args not in usual]
    for one in own:
        yield Step("application", _says(one), text_of(one), sources.of(one))
    if len(sent) > len(own):
        says = f"{len(sent) - len(own)} headers that every application gets"
        yield Step("application", says, f"{name} …", Source("painless"))


def _says(one: Directive) -> str:
    found = about(one.name)
    return found.says if found else "A directive of a snippet."
