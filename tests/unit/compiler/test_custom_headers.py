"""Headers that ConfigMaps hold: what changes with them, and what is never shown of them."""

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import options, web

from painless.compiler import Compiled, compile_snapshot
from painless.compiler.memory import Memory
from painless.compiler.request_headers import REQUEST_HEADERS, request_headers
from painless.model.objects import ConfigMap
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import MAIN
from painless.nginx.tokens import Literal, Var

OPTIONS = options(configmap=("system", "config"))
WEB = web(annotations={"custom-headers": "shop/headers"})
CONFIG = ConfigMap(
    "system", "config", (("add-headers", "system/all"), ("global-allowed-response-headers", "X-Own"))
)


def compiled(*headers: ConfigMap, memory: Memory | None = None) -> Compiled:
    return compile_snapshot(snapshot_of((*WEB, CONFIG, *headers)), OPTIONS, memory)


def own(value: str) -> ConfigMap:
    return ConfigMap("shop", "headers", (("X-Own", value),))


def for_all(value: str) -> ConfigMap:
    return ConfigMap("system", "all", (("X-All", value),))


def test_what_a_compile_remembers_hides_no_changed_header() -> None:
    """With what the last compile kept, a changed ConfigMap comes to what it comes to without."""
    memory = Memory()
    steps = ((own("one"), for_all("one")), (own("two"), for_all("one")), (own("two"), for_all("two")))
    kept = [compiled(*some, memory=memory).generation.id for some in steps]
    assert kept == [compiled(*some).generation.id for some in steps]
    assert len(set(kept)) == len(steps)


def test_a_configmap_that_comes_opens_the_location() -> None:
    """The location is closed while its headers cannot be had, and no longer."""
    memory = Memory()
    closed = compiled(for_all("x"), memory=memory).generation.cold[MAIN]
    opened = compiled(for_all("x"), own("x"), memory=memory).generation.cold[MAIN]
    assert ("proxy_pass" in closed, "proxy_pass" in opened) == (False, True)


@given(st.text(st.characters(codec="utf-8"), min_size=8))
def test_an_ingress_is_never_shown_what_another_namespaces_configmap_holds(value: str) -> None:
    """Whoever names a ConfigMap need not be allowed to read it."""
    secret = f"{value}\n{value}-marked"
    found = compiled(ConfigMap("shop", "headers", (("X-Own", secret), ("X-Other", secret))))
    assert not [one for one in found.diagnostics if f"{value}-marked" in f"{one.says} {one.hint}"]


def test_headers_of_requests_are_replaced_by_name_in_whatever_case() -> None:
    """Two of a name would both be sent."""
    found = request_headers({"x-real-ip": Literal("")}, {"X-Own": Var("uri")})
    assert found == {
        **{name: value for name, value in REQUEST_HEADERS.items() if name != "X-Real-IP"},
        "x-real-ip": Literal(""),
        "X-Own": Var("uri"),
    }
