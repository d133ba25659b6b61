"""What a request's headers say of where it comes from: pure, for a page that browsers open.

A browser sends requests that its user knows nothing of: pages of strangers cause them, and names of
strangers can lead to our address (DNS rebinding).  Neither gets an answer.  Who the user is, ``gate`` asks.
"""

import ipaddress
import re
from collections.abc import Mapping

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What each answer has, unless it says otherwise itself: nobody embeds it, and nobody keeps it."""

_OWN = frozenset({"same-origin", "none"})
"""Our own page, and an address that the user typed."""
_HOST = re.compile(
    r"(?:(?P<name>localhost)|(?P<address>[0-9.]+|\[[0-9a-f:.]+\]))(?::[0-9]*)?", re.ASCII | re.IGNORECASE
)
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


def stranger(method: str, headers: Mapping[str, str]) -> str:
    """Return why a request is some other page's, empty when it is not; a link to us is fine."""
    site = headers.get("Sec-Fetch-Site", "none")  # Without one it is no browser.
    if site in _OWN:
        return ""
    link = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    return "" if link and method == "GET" else "found a request of another page, expected one of this page"


def astray(headers: Mapping[str, str]) -> str:
    """Return why a request on loopback is none of who sits there, empty when nothing says so.

    kubectl port-forward leaves a request as it is; a proxy, our NGINX too, says that it was there.
    """
    for name in _PROXIED:
        if name in headers:
            return f"found the header {name}, expected no proxy in between"
    host = headers.get("Host", "")
    if not _is_loopback(host):
        said = host[:100].encode(errors="backslashreplace").decode()
        return f'found the host "{said}", expected localhost, as with kubectl port-forward'
    return ""


def _is_loopback(host: str) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    if found["name"]:
        return True
    try:
        return ipaddress.ip_address(found["address"].strip("[]")).is_loopback
    except ValueError:
        return False


def local_path(text: str) -> str:
    """Return a path of ours that may stand in a redirect; the root for whatever else it is."""
    plain = text.startswith("/") and text.isascii() and text.isprintable() and " " not in text
    return text if plain and not text.startswith("//") and "\\" not in text else "/"
