"""Which names Kubernetes allows: they become NGINX names and file paths, so nothing else may pass.

Objects from the API server obey these rules already; those from files have nobody else to check them.
Each rule comes with the words for what was expected.
"""

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"(?!\.\.)[-._a-zA-Z0-9]{1,253}")

SUBDOMAIN_LIMIT = 253  # what DNS can carry, and what Kubernetes allows
PORT_LIMIT = 65_535  # TCP has no more

LABEL = "at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit"
SUBDOMAIN = (
    "at most 253 lower-case letters, digits, dashes and dots, each part beginning and ending with no dash"
)
PORT_NAME = "at most 15 lower-case letters, digits and single dashes, with at least one letter"
QUALIFIED = "an optional DNS name and a slash, then at most 63 letters, digits, dashes, underscores and dots"
PORT = f"a number from 1 to {PORT_LIMIT}"
DATA_KEY = "at most 253 letters, digits, dashes, underscores and dots, not beginning with two dots"


def is_label(text: str) -> bool:
    """Tell whether ``text`` is a DNS-1123 label: a namespace, a Service, a port of a Service."""
    return _LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Tell whether ``text`` is a DNS-1123 subdomain: a host, and the name of most objects.

    Like Kubernetes, this does not limit one part of the name to 63 characters.
    """
    return len(text) <= SUBDOMAIN_LIMIT and _SUBDOMAIN.fullmatch(text) is not None


def is_port(number: int | None) -> bool:
    return number is not None and 0 < number <= PORT_LIMIT


def is_port_name(text: str) -> bool:
    return _PORT_NAME.fullmatch(text) is not None


def is_data_key(text: str) -> bool:
    """Tell whether ``text`` may be a key of a Secret or ConfigMap, and so a file name."""
    return text != "." and _DATA_KEY.fullmatch(text) is not None


def is_qualified(text: str) -> bool:
    """Tell whether ``text`` may be the key of an annotation; Kubernetes ignores case in its prefix."""
    prefix, slash, name = text.rpartition("/")
    return (not slash or is_subdomain(prefix.lower())) and _QUALIFIED.fullmatch(name) is not None


def is_ip(text: str) -> bool:
    return ip_of(text, 4) is not None or ip_of(text, 6) is not None


def ip_of(text: str, version: int) -> str | None:
    """Return an IP address of that version in its shortest form; ``None`` when it is none, or has a zone."""
    if "%" in text:
        return None
    try:
        return str(ipaddress.IPv4Address(text) if version == 4 else ipaddress.IPv6Address(text))
    except ValueError:
        return None


def host_fault(host: str) -> str | None:
    """Return what Kubernetes has against ``host`` in a rule, in words for a user; ``None`` when nothing."""
    if is_ip(host):
        return "expected a DNS name, not an IP address"
    if host != host.lower():
        return f"expected lower case: {printable(host.lower())}"
    if "*" in host and not host.startswith("*."):
        return "expected the wildcard to be the whole first part of the name, as in *.example.com"
    if len(host) > SUBDOMAIN_LIMIT or not is_subdomain(host.removeprefix("*.")):
        return f"expected a DNS name: {SUBDOMAIN}"
    return None


def printable(text: str, limit: int = 60) -> str:
    """Return ``text`` for a line of a log: nothing that moves a cursor, and not much of it.

    60 characters show what is meant; a whole certificate does not.
    """
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    if short.isprintable():
        return short
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in short)
