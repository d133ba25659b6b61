"""A client that sends what a case says, byte for byte, and shows the whole answer.

No library of requests: they mend paths and follow redirects, which is what cases are about.
"""

import asyncio
import http.client
import io
import re
import socket
import ssl
from contextlib import closing

from cryptography import x509
from msgspec import Struct, structs
from tests.corpus.authority import Shown, show
from tests.corpus.client_http2 import exchange

DEADLINE = 10.0
"""Seconds for one request, which takes milliseconds; a pod that a case delays takes less."""

_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<target>[/?].*)?")


class Url(Struct, frozen=True):
    """A URL in the parts that are sent; ``target`` is not touched."""

    scheme: str
    authority: str
    target: str

    @property
    def host(self) -> str:
        return self.authority.partition(":")[0]

    @property
    def port(self) -> int:
        """The port that the URL names; 0 when it names none."""
        return int(self.authority.partition(":")[2] or 0)


class Request(Struct, frozen=True):
    """One request; ``source`` is the address it comes from and ``length`` that of its body.

    ``http2`` asks for that version; else it is HTTP/1.1.  ``server_name`` is what the handshake asks for, if
    not the URL's host: empty for nothing.  ``shown`` is the client's certificate.
    ``whole`` puts the whole URL into the request line.
    ``proxied`` is what a PROXY header says of the client: its address, and the port that it asked.
    """

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...] = ()
    source: str = ""
    length: int = 0
    http2: bool = False
    whole: bool = False
    server_name: str | None = None
    shown: Shown | None = None
    proxied: tuple[str, str] | None = None


class Answer(Struct, frozen=True):
    """What came back; ``names`` are those in the certificate that was shown.

    ``cipher`` is TLS's.  The status is 0 where TLS ended before an answer.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    names: tuple[str, ...] = ()
    cipher: str = ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key.lower() == name.lower())


def parse_url(text: str) -> Url | None:
    found = _URL.fullmatch(text)
    return Url(found["scheme"], found["authority"], found["target"] or "/") if found else None


async def send(request: Request, address: str, port: int) -> Answer:
    """Send one request on a connection of its own."""
    try:
        return await _sent(request, address, port)
    except (ssl.SSLError, ConnectionError):
        return Answer(0, (), "")


async def _sent(request: Request, address: str, port: int) -> Answer:
    async with asyncio.timeout(DEADLINE):
        if request.method == "UDP":
            return await _datagram(request, address, port)
        secure = request.url.scheme == "https"
        reader, writer = await asyncio.open_connection(
            address, port, local_addr=(request.source, 0) if request.source else None
        )
        with closing(writer):
            if request.proxied:
                writer.write(_proxy_header(*request.proxied))
            if secure:
                await writer.start_tls(_trusting(request), server_hostname=_server_name(request))
            names = _names(writer) if secure else ()
            cipher = writer.get_extra_info("cipher")[0] if secure else ""
            if request.http2:
                found = await _second(request, reader, writer)
            else:
                writer.write(_wire(request))
                found = _read(await _rest(reader), request.method)
    return structs.replace(found, names=names, cipher=cipher)


def _proxy_header(address: str, port: str) -> bytes:
    family = "TCP6" if ":" in address else "TCP4"
    asked = "2001:db8::1" if ":" in address else "192.0.2.1"
    return f"PROXY {family} {address} {asked} 40000 {port}\r\n".encode()


async def _second(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
    url = request.url
    pseudo = ((":method", request.method), (":scheme", url.scheme), (":authority", url.authority))
    fields = (*pseudo, (":path", url.target), *request.headers)
    (status, *headers), body = await exchange(reader, writer, fields, b"x" * request.length)
    return Answer(int(status[1]), tuple(headers), body)


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes; a server that refuses a body closes while we still write."""
    raw = b""
    try:
        while more := await reader.read(65_536):
            raw += more
            if raw.startswith(b"HTTP/1.1 101 ") and b"\r\n\r\n" in raw:
                # A tunnel stays open.
                break
    except ConnectionResetError:
        if not raw:
            raise
    return raw


async def _datagram(request: Request, address: str, port: int) -> Answer:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0)
        client.connect((address, port))
        await loop.sock_sendall(client, request.url.target.encode())
        return _read(await loop.sock_recv(client, 65_536), request.method)


def _server_name(request: Request) -> str:
    return request.url.host if request.server_name is None else request.server_name


def _trusting(request: Request) -> ssl.SSLContext:
    # Which certificate is shown is looked at, not judged.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"] if request.http2 else ["http/1.1"])
    if request.shown is not None:
        show(context, request.shown)
    return context


def _wire(request: Request) -> bytes:
    headers = [("Connection", "close"), *request.headers]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", request.url.authority))
    if request.length or request.method in {"POST", "PUT", "PATCH"}:
        headers.append(("Content-Length", str(request.length)))
    url = request.url
    start = f"{url.scheme}://{url.authority}" if request.whole else ""
    lines = [
        f"{request.method} {start}{url.target} HTTP/1.1",
        *(f"{name}: {text}" for name, text in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + b"x" * request.length


def _names(writer: asyncio.StreamWriter) -> tuple[str, ...]:
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    certificate = x509.load_der_x509_certificate(shown)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(str(one.value) for one in certificate.subject)
    return tuple(found.get_values_for_type(x509.DNSName))


class _Bytes(Struct):
    """What ``http.client`` reads an answer from."""

    raw: bytes

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.raw)


def _read(raw: bytes, method: str) -> Answer:
    # A socket is asked for by type, and used for its makefile only.
    answer = http.client.HTTPResponse(_Bytes(raw), method=method)  # type: ignore[arg-type]
    answer.begin()
    body = answer.read().decode(errors="replace")
    return Answer(answer.status, tuple(answer.getheaders()), body)
