"""Nothing but an answer of the service that is asked lets a request pass."""

import getpass
import grp
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from msgspec import structs
from tests.builders import CLASS, OPTIONS, ingress, path, rule, service
from tests.properties import clusters
from tests.properties.clusters import PATIENT, SEVERAL
from tests.unit.nginx.real import Client, running

from painless.compiler import compile_snapshot, settings_for_all
from painless.compiler.lower import lower
from painless.compiler.lower_auth import signin_server
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.model.objects import Object
from painless.model.snapshot import snapshot_of
from painless.nginx.printer import printed
from painless.nginx.tokens import Literal
from painless.nginx.tree import Directive, block, directive

pytestmark = PATIENT

APPLICATION, SERVICE = "shop.web.80", "shop.auth.80"
"""The upstreams of the one guarded host."""

ERROR_PAGES = (401, 403, 500, 502, 503, 504)
"""What custom error pages may be for, on a server that knows nothing of external authentication."""


def http(some: Iterable[Object], options: Options) -> tuple[Directive, ...]:
    snapshot = snapshot_of(some)
    config, _ = settings_for_all(snapshot, options)
    tree = lower(compile_snapshot(snapshot, options).site, options, config, Memory()).tree
    return next(one.block for one in tree if one.name == "http" and one.block)


def named(body: Iterable[Directive], name: str) -> tuple[Directive, ...]:
    return tuple(one for one in body if one.name == name)


def shields_itself(location: Directive) -> bool:
    """Whether no error page that a server has is inherited, and no client can come here."""
    body = location.block or ()
    pages = [one.args[:-1] for one in named(body, "error_page")]
    off = named(body, "proxy_intercept_errors")
    internal = named(body, "internal") != ()
    return internal and pages == [(Literal("599"),)] and [one.args for one in off] == [(Literal("off"),)]


def asking(server: Directive) -> Iterator[tuple[Directive, ...]]:
    """Yield for each question that a location of the server asks the locations that ask it."""
    locations = named(server.block or (), "location")
    for one in locations:
        for question in named(one.block or (), "auth_request"):
            yield tuple(each for each in locations if each.args == (Literal("="), *question.args))


@SEVERAL
@given(clusters.clusters())
def test_who_asks_inherits_no_error_page(some: tuple[Object, ...]) -> None:
    """Whatever users wrote: a question has one location, which shields itself and which only we can name."""
    found = [one for server in named(http(some, clusters.OPTIONS), "server") for one in asking(server)]
    unsound = [one for one in found if len(one) != 1 or not shields_itself(one[0])]
    below = [one for one in found if isinstance(one[0].args[1], Literal) and one[0].args[1].text[0] == "/"]
    assert ([], []) == (unsound, below)


def guarded(socket: Path) -> Directive:
    """Return the server of a host with external authentication, as it is compiled, on a socket."""
    annotations = {"auth-url": "http://auth.shop.svc/$http_x_ask", "auth-signin": "https://login.example/"}
    some = (
        CLASS,
        ingress("web", rule("web.example", path("/", "web")), annotations=annotations),
        service("web"),
        service("auth"),
    )
    here = structs.replace(OPTIONS, state=str(socket.parent))
    servers = named(http(some, here), "server")
    mine = next(one for one in servers if directive("server_name", "web.example") in _bare(one))
    body = (one for one in mine.block or () if one.name != "listen")
    return structs.replace(mine, block=(directive("listen", f"unix:{socket}"), *body))


def _bare(server: Directive) -> tuple[Directive, ...]:
    return tuple(structs.replace(one, origin=None) for one in server.block or ())


def configuration(socket: Path) -> Iterable[Directive]:
    """Return a main file with error pages on top of what is compiled, an application and a service."""
    folder = socket.parent
    server = guarded(socket)
    pages = directive("error_page", *ERROR_PAGES, "=", "@custom")
    custom = block("location", "@custom", body=(directive("return", 200, "an error page"),))
    answers = (
        *(
            block("location", "=", f"/{code}", body=(directive("return", code),))
            for code in (204, 401, 403, 500)
        ),
        block("location", "/", body=(directive("return", 444),)),
    )
    # Its workers have to reach sockets in a folder of ours.
    yield directive("user", getpass.getuser(), grp.getgrgid(os.getgid()).gr_name)
    yield directive("error_log", "stderr", "notice")
    yield block("events", body=())
    yield block(
        "http",
        body=(
            *(
                one
                for one in http((), structs.replace(OPTIONS, state=str(folder)))
                if one.name in {"map", "geo"}
            ),
            directive("access_log", "off"),
            directive("proxy_intercept_errors", "on"),
            block("upstream", APPLICATION, body=(directive("server", f"unix:{folder}/app"),)),
            block("upstream", SERVICE, body=(directive("server", f"unix:{folder}/auth"),)),
            structs.replace(server, block=(pages, *_with(server.block or (), pages), custom)),
            signin_server(str(folder)),
            _on(folder / "app", directive("return", 200, "the application")),
            _on(folder / "auth", *answers),
        ),
    )


def _with(body: Iterable[Directive], pages: Directive) -> Iterator[Directive]:
    """Yield what a server holds, with the pages also where its own list would hide them."""
    for one in body:
        at_root = one.name == "location" and one.args == (Literal("/"),)
        yield structs.replace(one, block=(*(one.block or ()), pages)) if at_root else one


def _on(socket: Path, *body: Directive) -> Directive:
    return block("server", body=(directive("listen", f"unix:{socket}"), *body))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of the guarded host on one running NGINX."""
    folder = tmp_path_factory.mktemp("auth")
    (folder / "run").mkdir()
    with running(printed(tuple(configuration(folder / "s"))).text, folder):
        yield folder / "s"


@pytest.fixture
def client(place: Path) -> Iterator[Client]:
    with Client(place) as one:
        yield one


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("204", "the application"), *((one, "an error page") for one in ("403", "500", "no-answer"))],
)
def test_error_pages_open_no_door(client: Client, answer: str, expected: str) -> None:
    """Error pages for 401, 403 and 5xx are what a refused client sees, and no way in (CVE-2026-24513)."""
    assert expected == client.get("/", f"X-Ask: {answer}".encode())[1].decode()


def test_a_sign_in_comes_before_an_error_page(client: Client) -> None:
    """Of two places for 401 the sign-in is the first, whatever pages there are."""
    headers, body = client.get("/", b"X-Ask: 401")
    assert (b"https://login.example/?rd=http://x/", False) == (
        headers["location"],
        b"the application" in body,
    )
