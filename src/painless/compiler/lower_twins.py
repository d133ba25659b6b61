"""Names that redirect to the same host with ``www.`` or without: one server for each direction."""

from collections.abc import Iterable, Iterator

from painless.compiler.block import listen
from painless.compiler.options import Options
from painless.compiler.redirecting import WWW
from painless.compiler.site import Twin
from painless.features import Everywhere
from painless.nginx.tokens import Expr, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

_BARE = "host_without_www"


def twin_maps(twins: Iterable[Twin]) -> tuple[Directive, ...]:
    """Return the map to the host without its first label, if a name needs it."""
    if not any(one.name.startswith(WWW) for one in twins):
        return ()
    return (
        block(
            "map",
            Var("best_http_host"),
            Var(_BARE),
            body=(
                directive("default", Var("best_http_host")),
                entry(Regex(r"^www\.(?<bare>.+)$", "~*"), Var("bare")),
            ),
            comment="The host as the client wrote it, without www.",
        ),
    )


def lower_twins(twins: Iterable[Twin], options: Options, common: Everywhere) -> tuple[Directive, ...]:
    """Return the servers; hosts are no part of them but for their names."""
    found = tuple(twins)
    away = tuple(one for one in found if one.name.startswith(WWW))
    towards = tuple(one for one in found if not one.name.startswith(WWW))
    return (
        *_server(
            away, expr(Var(_BARE)), "Names with www. that redirect to the host without", options, common
        ),
        *_server(
            towards,
            expr(WWW, Var("best_http_host")),
            "Names that redirect to the host with www.",
            options,
            common,
        ),
    )


def _server(
    twins: tuple[Twin, ...], host: Expr, comment: str, options: Options, common: Everywhere
) -> Iterator[Directive]:
    if not twins:
        return
    target = expr(common.scheme, "://", *host.parts, Var("request_uri_trimmed"))
    yield block(
        "server",
        body=(
            *listen(options, default=False),
            *(directive("server_name", one.name, origin=one.origin) for one in twins),
            *common.servers,
            # The ConfigMap's status is the same for all.
            directive("return", twins[0].code, target),
        ),
        comment=comment,
    )
