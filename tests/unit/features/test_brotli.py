"""Brotli: what is written where NGINX has the module, which the packaged one has not."""

import pytest

from painless.compiler.lower_http import main_preamble
from painless.compiler.options import Options
from painless.features import brotli
from painless.nginx import catalog
from painless.nginx.build import FLOOR, Build
from painless.nginx.printer import printed
from painless.sensitive import Sensitive

ON = {"enable-brotli": True, "brotli-level": 6, "brotli-types": ("text/css",)}
LOADABLE = "ngx_http_brotli_filter_module"


def loaded(defaults: dict[str, object], *flags: str) -> list[str]:
    build = Build(FLOOR, frozenset(flags), "/usr/sbin/nginx", "", "/usr/lib/nginx/modules")
    options = Options(build=build, state="/state", fallback_certificate=Sensitive(b""))
    tree = main_preamble(options, defaults)
    assert () == catalog.check(tree, "main")
    return [printed((one,)).text for one in tree if one.name == "load_module"]


@pytest.mark.parametrize(
    ("defaults", "flag", "expected"),
    [
        (ON, LOADABLE, [f"load_module /usr/lib/nginx/modules/{LOADABLE}.so;\n"]),
        (ON, "ngx_brotli", []),
        ({}, LOADABLE, []),
    ],
)
def test_the_module_is_loaded_where_it_is_used_and_not_built_in(defaults, flag: str, expected: list[str]):
    """A module that is there already, or nobody uses, is not loaded."""
    assert expected == loaded(defaults, flag)


@pytest.mark.parametrize("flag", [LOADABLE, "ngx_brotli"])
def test_a_build_has_the_module_either_way(flag: str):
    """As a file that can be loaded, or built in."""
    found = [Build(FLOOR, frozenset({one}), "", "").has(brotli.MODULE) for one in (flag, "stream")]
    assert [True, False] == found


def test_what_is_compressed_is_written():
    """The level, the least length and the types."""
    expected = "brotli on;\nbrotli_comp_level 6;\nbrotli_min_length 20;\nbrotli_types text/css;\n"
    assert expected == printed(brotli.http(ON)).text
