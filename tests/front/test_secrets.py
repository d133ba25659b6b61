"""Certificates and passwords are renewed while clients use them: no reload, no failed handshake."""

import base64
from collections.abc import Callable

from cryptography import x509
from tests.front.clients import Load, Seen, Target, until_seen
from tests.front.given import PATIENT, SOAK, Make, certificate
from tests.front.manifests import Folder
from tests.front.pods import Pods

pytestmark = PATIENT
HOSTS = 5
ROUNDS = 40 if SOAK else 4
SERVED = 3.0 if SOAK else 15.0
"""Seconds until a renewed Secret is in use: NGINX may keep a certificate for a second."""


async def test_renewed_certificates_and_passwords(folder: Folder, pods: Pods, make: Make) -> None:
    """Each of 20 renewed certificates and password files is in use soon, and no handshake fails."""
    await pods.service("web")
    _renew(folder, "old")
    for at in range(HOSTS):
        auth = {"auth-type": "basic", "auth-secret": f"users{at}"}
        folder.ingress(f"secure{at}", f"secure{at}.test", "web", tls=f"pair{at}")
        folder.ingress(f"closed{at}", f"closed{at}.test", "web", annotations=auth)
    program = make()
    program.start()
    await program.ready()
    before = await program.reloads()
    secure = [Target(program.doors.https, f"secure{at}.test", secure=True) for at in range(HOSTS)]
    async with Load(*secure) as load:
        for turn in range(ROUNDS):
            serials = _renew(folder, f"new{turn}")
            for at, (target, serial) in enumerate(zip(secure, serials, strict=True)):
                await until_seen(target, _shows(serial), SERVED)
                await until_seen(_closed(program.doors.http, at, f"new{turn}"), _is(200), SERVED)
                assert 401 == (await _closed(program.doors.http, at, "old").ask()).status
    assert (before, []) == (await program.reloads(), load.failures())
    assert load.count > ROUNDS * HOSTS


def _renew(folder: Folder, password: str) -> list[int]:
    """Renew every certificate and password; return the certificates' serial numbers."""
    serials = []
    for at in range(HOSTS):
        pair = certificate(f"secure{at}.test")
        folder.certificate(f"pair{at}", pair)
        folder.passwords(f"users{at}", f"ann:{{PLAIN}}{password}\n")
        serials.append(x509.load_pem_x509_certificate(pair.certificate).serial_number)
    return serials


def _closed(port: int, at: int, password: str) -> Target:
    credentials = base64.b64encode(f"ann:{password}".encode()).decode()
    return Target(port, f"closed{at}.test", headers=(f"Authorization: Basic {credentials}",))


def _shows(serial: int) -> Callable[[Seen], bool]:
    return lambda seen: seen.serial == serial


def _is(status: int) -> Callable[[Seen], bool]:
    return lambda seen: seen.status == status
