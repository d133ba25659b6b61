"""Where the API server is and how it is trusted: what a kubeconfig or a Pod's files come to."""

import os
import ssl
from contextlib import ExitStack

from msgspec import Struct

from painless.kube.credentials import Credential, Credentials, Fixed
from painless.kube.errors import BadAccess


class Trust(Struct, frozen=True):
    """Who the server must be: ``ca`` is PEM, empty for the machine's own; ``name`` replaces the host's."""

    ca: bytes = b""
    name: str = ""
    insecure: bool = False


class Access(Struct, frozen=True):
    """One API server and who we are to it; ``why`` says where that was found, ``namespace`` is our own."""

    server: str
    trust: Trust = Trust()
    credentials: Credentials = Fixed(Credential())
    proxy: str = ""
    namespace: str = "default"
    why: str = ""


def tls_context(trust: Trust, credential: Credential) -> ssl.SSLContext:
    """Return a context for connections; raises ``BadAccess`` when certificate or key are no good."""
    try:
        context = ssl.create_default_context(cadata=trust.ca.decode() or None)
    except (ssl.SSLError, ValueError) as problem:
        raise BadAccess(
            f"the API server's certificate authority is no PEM certificate: {problem}"
        ) from problem
    # Python 3.13 demands extensions that the authorities of many clusters do not have.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if trust.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credential.certificate:
        _load(context, credential)
    return context


def _load(context: ssl.SSLContext, credential: Credential) -> None:
    """Load a client certificate; OpenSSL takes files only, so they are files in memory."""
    with ExitStack() as stack:
        paths = []
        for content in (credential.certificate, credential.key.reveal()):
            number = os.memfd_create("credential", os.MFD_CLOEXEC)
            stack.callback(os.close, number)
            os.write(number, content)
            paths.append(f"/proc/self/fd/{number}")
        try:
            # Without a password of ours OpenSSL would ask the terminal for one.
            context.load_cert_chain(paths[0], paths[1], password="")
        except (ssl.SSLError, ValueError) as problem:
            raise BadAccess(f"the client certificate and its key do not fit together: {problem}") from problem
