"""Path types said in NGINX's locations."""

from msgspec import structs

from painless.compiler.match import locations, path_key
from painless.compiler.site import NOBODY, NotFound, Route
from painless.features import ConfigValues, parse
from painless.features.rewrite import TARGET, Rewrite, Target
from painless.model.objects import Ingress, PathType

EXACT, PREFIX, OTHER = PathType.EXACT, PathType.PREFIX, PathType.IMPLEMENTATION_SPECIFIC
NEUTRAL = parse(Ingress("", ""), "x", ConfigValues())


def route(path: str, kind: PathType = PREFIX, *, regex: bool = False, target: str = "") -> Route:
    decoded = TARGET.decode(target) if target else None
    assert decoded is None or isinstance(decoded, Target)
    settings = structs.replace(NEUTRAL, rewrite=Rewrite(regex, decoded))
    return Route(path, kind, NotFound(), settings, NOBODY)


def said(*routes: Route) -> list[str]:
    return [f"{one.modifier} {one.pattern}".strip() for one in locations(routes)]


def test_a_prefix_is_a_folder_and_its_name() -> None:
    """So /aaa matches /aaa and /aaa/x, and not /aaaccc."""
    assert ["/aaa/", "= /aaa"] == said(route("/aaa"))
    assert ["/aaa/", "= /aaa"] == said(route("/aaa/"))
    assert ["/"] == said(route("/"))


def test_an_exact_path_keeps_its_name() -> None:
    """The prefix of the same name leaves it."""
    assert ["/foo/", "= /foo"] == said(route("/foo"), route("/foo", EXACT))
    assert ["= /foo/"] == said(route("/foo/", EXACT))


def test_one_expression_makes_all_paths_expressions() -> None:
    """Longest text first; a plain prefix twice, an exact path without its end."""
    found = said(route("/"), route("/x(/|$)(.*)", OTHER, regex=True), route("/foo"), route("/e", EXACT))
    assert ["~* ^/x(/|$)(.*)", "~* ^/foo/", "~* ^/foo", "~* ^/e", "~* ^/"] == found


def test_a_target_that_is_the_path_rewrites_nothing() -> None:
    """And does not count as an expression."""
    assert ["/foo/", "= /foo"] == said(route("/foo", target="/foo"))


def test_a_rewrite_names_the_path_without_its_anchor() -> None:
    """As ingress-nginx writes it: case-insensitive, the first match anywhere."""
    (found,) = locations([route("/a(.*)", OTHER, target="/$1")])
    assert found.rewrite is not None
    assert "(?i)/a(.*)" == found.rewrite[0]


def test_a_trailing_slash_means_nothing_to_a_prefix() -> None:
    """Two Ingresses with /x and /x/ claim the same path; an exact path is another one."""
    assert path_key("/x", PREFIX) == path_key("/x/", OTHER)
    assert path_key("/x", EXACT) != path_key("/x/", EXACT)
    assert path_key("/x", EXACT) != path_key("/x", PREFIX)
    assert path_key("", PREFIX) == path_key("/", PREFIX)
