"""Whatever a ConfigMap says of logs, NGINX takes it, and writes below the state directory only."""

from collections.abc import Iterator
from pathlib import Path

from tests.properties.hostile import strings
from tests.unit.nginx.real import says

from painless.annotations.base import decoded
from painless.annotations.decode import Rejected
from painless.features import log_files, log_format, logged
from painless.nginx.printer import printed
from painless.nginx.tokens import Literal, Var
from painless.nginx.tree import Directive, block, directive

COUNT = 600
PIECES = ("$host", "${status}", "$time_local", "$req_id", "escape=json", "buffer=", "flush=", "/var/log/")
TEXTS = (*strings(COUNT, seed=5), *(f"{one}{text}" for one in PIECES for text in strings(60, seed=6)))
OURS = ("proxy_upstream_name", "proxy_alternative_upstream_name", "req_id", "best_http_host", "pass_port")


def _values(name: str) -> Iterator[object]:
    """Yield what texts come to as values of a key."""
    key = next(
        one for module in (log_files, log_format, logged) for one in module.SETTINGS if one.name == name
    )
    for text in TEXTS:
        value = decoded(key.decode, text, key.longest)
        if not isinstance(value, Rejected):
            yield value
        elif key.salvage:
            yield key.salvage(text)


def _renamed(one: Directive, name: str) -> Directive:
    return directive(one.name, name, *one.args[1:])


def _formats() -> Iterator[Directive]:
    for at, line in enumerate(_values("log-format-upstream")):
        *maps, made = log_format.http({"log-format-upstream": line}, Var("scheme"), realip=True, every=False)
        assert maps == []
        yield _renamed(made, f"f{at}")


def test_nginx_takes_any_line(tmp_path: Path) -> None:
    """Text is text, whatever it looks like, and variables are ones that NGINX knows."""
    formats = tuple(_formats())
    assert len(formats) > COUNT
    body = (
        block("geo", Var("dollar"), body=(directive("default", "$"),)),
        *(block("map", Var("host"), Var(one), body=(directive("default", ""),)) for one in OURS),
        *formats,
        directive("access_log", "off"),
    )
    assert "" == says(printed((block("events", body=()), block("http", body=body))).text, tmp_path)


def test_nginx_takes_any_list_of_uris(tmp_path: Path) -> None:
    """Each list by itself; a text that comes twice, or is a word of maps, is still text."""
    maps = []
    longest = 0
    for at, value in enumerate(_values("skip-access-log-urls")):
        defaults = {"skip-access-log-urls": value}
        longest = max([longest, *(len(one.encode()) for one in logged.keys(defaults))])
        for made in logged.http(defaults):
            maps += [block("map", made.args[0], Var(f"v{at}"), body=made.block or ())]
    assert len(maps) > COUNT // 4
    size = directive("map_hash_bucket_size", 1 << (longest + 24).bit_length())
    body = (
        size,
        directive("variables_hash_max_size", 8192),
        block("geo", Var("dollar"), body=(directive("default", "$"),)),
        *maps,
        directive("access_log", "off"),
    )
    assert "" == says(printed((block("events", body=()), block("http", body=body))).text, tmp_path)


def test_every_file_is_one_of_the_folder() -> None:
    """No path leads elsewhere, and no access log is an error log."""
    found: dict[str, set[str]] = {"access": set(), "error": set()}
    for name in ("access-log-path", "http-access-log-path", "stream-access-log-path"):
        for value in _values(name):
            log = log_files.http({name: value}, "/state/log", "form", ())
            found["access"] |= {one.text for one in log.args[:1] if isinstance(one, Literal)}
    for value in _values("error-log-path"):
        for log in log_files.main({"error-log-path": value}, "/state/log"):
            found["error"] |= {one.text for one in log.args[:1] if isinstance(one, Literal)}
    assert all(one == "off" or _is_inside(one) for some in found.values() for one in some)
    assert all(Path(one).name.startswith("error") for one in found["error"])
    assert not any(Path(one).name.startswith("error") for one in found["access"])
    assert len(found["access"]) > 5


def _is_inside(path: str) -> bool:
    return path.startswith("/state/log/") and Path(path).parent == Path("/state/log")
