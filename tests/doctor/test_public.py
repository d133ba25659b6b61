"""Configurations that people begin with: what is found in each was looked at, and no high is a false one.

The files have the shape and the values of what is published, in our words; each names where that is from.
"""

from pathlib import Path

import pytest

from painless.doctor.check import Severity
from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.run import run

FOLDER = Path(__file__).parent / "public"

USUAL = "N020 V010"
"""Versions are told, and clients may be slow: NGINX's own defaults."""
PASSES = "U017 V011"
"""WebSockets to nodes that died, and no limits: whoever passes requests on and says nothing of it."""

FOUND: dict[str, str] = {
    "nginx-default": USUAL,
    # TLS 1.0 and 1.1 are named above a server without TLS: nobody speaks them.
    "debian": USUAL,
    "h5bp": "V010",
    "wordpress": USUAL,
    "nextcloud": f"{USUAL} T007",
    "mozilla": USUAL,
    "kubernetes": f"{USUAL} T007",
    # A socket of this machine: neither its connections nor the time to connect count.
    "gunicorn": f"{USUAL} N001 S013 V011",
    # Its bodies of any size are meant, and are still on its disk.
    "gitlab": f"{USUAL} {PASSES} N001 N015 S013 V008",
    # It reloads for each container that comes.
    "nginx-proxy": f"{USUAL} {PASSES} N001 N015 T007 U005",
    "nginxconfig": f"V010 {PASSES} N001 N009 U005",
    "ingress-nginx": f"V010 {PASSES} N009 N015 T007",
}
TRUE_HIGH = {"gitlab": {"N001"}, "nginx-proxy": {"N001"}, "nginxconfig": {"N001"}}
"""High, and right: nothing ends an old worker that has a WebSocket, and each reload leaves a set of them."""


def test_every_file_was_looked_at() -> None:
    assert sorted(FOUND) == sorted(one.stem for one in FOLDER.glob("*.conf"))


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(name: str) -> None:
    """All of it is understood; a new finding has to be looked at, and one that is missing, too."""
    gathered = gather(Asked(conf=str(FOLDER / f"{name}.conf"), machine=False), apart=0.0)
    report = run(CHECKS, gathered.facts)
    above = {one.id for one in report.findings if one.severity in {Severity.CRITICAL, Severity.HIGH}}
    assert ((), set(FOUND[name].split())) == (gathered.problems, {one.id for one in report.findings})
    assert TRUE_HIGH.get(name, set()) == above
