"""Configurations of hundreds of thousands of lines: no check looks at all of one for each of its parts."""

import os
import sys
import time
from pathlib import Path

import pytest

from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.run import run

HOST = """
    upstream app-{n} {{
        server 10.0.0.1;
        server 10.0.0.2;
        server 10.0.0.3;
        keepalive 32;
    }}
    server {{
        listen 80;
        listen 443 ssl;
        server_name host-{n}.example;
        ssl_certificate /etc/tls/$ssl_server_name.pem;
        add_header X-Host {n};
        location / {{
            proxy_pass http://app-{n};
            proxy_next_upstream error timeout http_502;
            proxy_set_header Upgrade $http_upgrade;
            proxy_read_timeout 60s;
        }}
        location /files {{
            alias /srv/files-{n}/;
            allow 10.0.0.0/8;
        }}
    }}
"""


def written(folder: Path, hosts: int) -> Path:
    conf = folder / f"{hosts}.conf"
    blocks = "".join(HOST.format(n=n) for n in range(hosts))
    conf.write_text(f"events {{}}\nhttp {{\n{blocks}}}\n")
    return conf


def calls(conf: Path) -> int:
    """Return how many functions are called for a configuration: the work, on any machine."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(called)
    try:
        run(CHECKS, gather(Asked(conf=str(conf), machine=False), apart=0.0).facts)
    finally:
        sys.setprofile(None)
    return count


def test_ten_times_the_hosts_are_ten_times_the_work(tmp_path: Path) -> None:
    """What grows with the square of the hosts would be a hundred times."""
    assert calls(written(tmp_path, 400)) < 12 * calls(written(tmp_path, 40))


@pytest.mark.skipif(os.environ.get("PAINLESS_SOAK") != "1", reason="takes a machine of its own")
def test_three_hundred_thousand_lines(tmp_path: Path) -> None:
    """They are read and examined within 10 seconds."""
    conf = written(tmp_path, 300_000 // HOST.count("\n") + 1)
    began = time.monotonic()
    report = run(CHECKS, gather(Asked(conf=str(conf), machine=False), apart=0.0).facts)
    assert (time.monotonic() - began < 10, bool(report.findings)) == (True, True)
