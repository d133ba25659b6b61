"""Ask clients for a certificate.

``auth-tls-secret: namespace/name`` (a Secret of the Ingress's namespace, with the authorities under the key
``ca.crt`` and perhaps revoked certificates under ``ca.crl``) lets only clients in whose certificate one of
them has signed.  ``auth-tls-verify-client`` is ``on`` (default), ``optional`` (the application decides),
``optional_no_ca`` or ``off``; ``auth-tls-verify-depth`` says how long the chain may be.
``auth-tls-match-cn: "CN=team-.*"`` also wants the subject to match, and answers 403 to others.
``auth-tls-error-page`` is where a client without a good certificate is sent, in place of 400.  The
application is told in the headers ``ssl-client-verify``, ``ssl-client-subject-dn`` and
``ssl-client-issuer-dn``, and with ``auth-tls-pass-certificate-to-upstream`` in ``ssl-client-cert``.

A certificate is a matter of the whole host: of several Ingresses that ask, the oldest decides.  A Secret or a
value that cannot be used closes the host with 403, and an Ingress without a host its paths with 503.  With
``on`` or ``auth-tls-match-cn``, plain HTTP is redirected to HTTPS whatever ``ssl-redirect`` says.  Who names
one host in the handshake and another one in the request is refused with 421.
Writes ``ssl_client_certificate``, ``ssl_crl``, ``ssl_verify_client`` and ``ssl_verify_depth``.
"""

import re

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values, decoded
from painless.annotations.decode import Rejected, boolean, matching, one_of, shown, whole_number
from painless.annotations.regex import regex
from painless.model.diagnostics import Reason, Severity

_CLOSED = "the host answers 403 until this is mended"

SECRET = Key(
    "auth-tls-secret",
    matching(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "namespace/name of a Secret"),
    default="",
    doc="The Secret with the authorities that sign clients' certificates.",
    example="default/clients",
    scope=Scope.SERVER,
    instead=_CLOSED,
)
VERIFY = Key(
    "auth-tls-verify-client",
    one_of("on", "off", "optional", "optional_no_ca"),
    default="on",
    doc="Whether a client must have a certificate.",
    example="optional",
    scope=Scope.SERVER,
    instead="every client must have a good certificate",
)
DEPTH = Key(
    "auth-tls-verify-depth",
    whole_number(0, 100),  # OpenSSL stops there, too.
    default=1,
    doc="How many authorities may stand between the client's certificate and one of the Secret.",
    example="2",
    scope=Scope.SERVER,
)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9_.-]*)*")


def _page(text: str) -> str | Rejected:
    return text if _URL.fullmatch(text) else Rejected("a URL such as https://example.com/no-certificate")


PAGE = Key(
    "auth-tls-error-page",
    _page,
    default="",
    doc="Where clients without a good certificate are sent.",
    example="https://example.com/no-certificate",
    scope=Scope.SERVER,
    instead="such clients get 400",
)
PASS = Key(
    "auth-tls-pass-certificate-to-upstream",
    boolean,
    default=False,
    doc="Send the client's certificate to the application, in ssl-client-cert.",
    example="true",
    scope=Scope.SERVER,
)


def _subject(text: str) -> str | Rejected:
    if not text.startswith("CN=") or re.search(r"[\x00-\x1f\x7f]", text):
        return Rejected('"CN=" and a regular expression')
    found = regex(text)
    return found if isinstance(found, Rejected) else found.pattern


MATCH = Key(
    "auth-tls-match-cn",
    _subject,
    default="",
    doc="What the subject of a client's certificate must match, as a regular expression.",
    example="CN=team-.*",
    scope=Scope.SERVER,
    instead=_CLOSED,
)

KEYS = (SECRET, VERIFY, DEPTH, PAGE, PASS, MATCH)
SETTINGS = ()


class ClientCertificates(Struct, frozen=True):
    """What an Ingress asks of the clients of its hosts; ``wrong`` says why that cannot be had."""

    secret: tuple[str, str]
    verify: str
    depth: int
    page: str
    subject: str
    passed_on: bool
    wrong: str = ""


def parse(values: Values) -> ClientCertificates | None:
    if not values.given(SECRET):
        _say_useless(values)
        return None
    wrong = _wrong_secret(values) or _wrong_subject(values)
    namespace, _, name = values.text(SECRET).strip().partition("/")
    return ClientCertificates(
        secret=(namespace, name),
        verify=values.get(VERIFY),
        depth=values.get(DEPTH) or 1,
        page=values.get(PAGE),
        subject=values.get(MATCH) if not wrong else "",
        passed_on=values.get(PASS),
        wrong=wrong,
    )


def _say_useless(values: Values) -> None:
    found = next((one for one in KEYS if values.given(one)), None)
    if found is not None:
        says = f"found {found.name} without auth-tls-secret, expected both"
        values.say(found.name, Reason.INCOMPLETE_ANNOTATION, says, "no client is asked for a certificate")


def _wrong_secret(values: Values) -> str:
    found = decoded(SECRET.decode, values.text(SECRET))
    if isinstance(found, Rejected):
        return _closed(values, SECRET.name, f"found {shown(values.text(SECRET))}, expected {found.expected}")
    namespace = found.partition("/")[0]
    if values.may_name(namespace):
        return ""
    says = f"found a Secret of namespace {namespace}, expected one of {values.ingress.namespace}"
    return _closed(values, SECRET.name, says)


def _wrong_subject(values: Values) -> str:
    found = decoded(MATCH.decode, values.text(MATCH)) if values.given(MATCH) else ""
    if not isinstance(found, Rejected):
        return ""
    return _closed(values, MATCH.name, f"found {shown(values.text(MATCH))}, expected {found.expected}")


def _closed(values: Values, name: str, says: str) -> str:
    values.say(name, Reason.HOST_CLOSED, says, _CLOSED, Severity.REJECTED)
    return says
