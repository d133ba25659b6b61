"""The variables that a log may name are ones that the real NGINX knows."""

from pathlib import Path

import pytest
from tests.unit.nginx.real import says

from painless.nginx.variables import HTTP, HTTP_OPEN, STREAM, WITHOUT_REALIP

HTTP_NAMES = [*sorted(HTTP), *(f"{one}x_y" for one in HTTP_OPEN), *WITHOUT_REALIP]
STREAM_NAMES = [*sorted(STREAM), *WITHOUT_REALIP]


def _said(kind: str, names: list[str], folder: Path) -> str:
    line = " ".join(f'"${one} "' for one in names)
    answer = "return x;" if kind == "stream" else ""
    return says(
        f"events {{}} {kind} {{ log_format line {line}; access_log {folder}/log line;"
        f" server {{ listen unix:{folder}/s; {answer} }} }}",
        folder,
    )


@pytest.mark.parametrize(("kind", "names"), [("http", HTTP_NAMES), ("stream", STREAM_NAMES)])
def test_nginx_knows_each_variable(kind: str, names: list[str], tmp_path: Path) -> None:
    """One that it does not know would stop every change of the configuration."""
    assert "" == _said(kind, names, tmp_path)
    assert 'unknown "geoip_city" variable' in _said(kind, [*names, "geoip_city"], tmp_path)
