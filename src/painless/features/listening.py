"""Where NGINX listens.

ConfigMap only.  ``bind-address`` lists the addresses; ``bind-address-ipv4`` and ``bind-address-ipv6``, which
ingress-nginx makes of it, add more.  The flag ``--bind-address`` is what holds without them.
``disable-ipv6`` leaves those of IPv6 out, and ``disable-ipv6-dns`` has names outside resolved to IPv4 only.
``reuse-port: "true"`` gives each worker an accept queue of its own; ingress-nginx does that by default, and
here it is off: with one queue for all, a worker that is busy keeps nobody waiting.
"""

from msgspec import Struct

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean, comma_list, network


def _address(text: str) -> str | Rejected:
    found = network(text.strip("[]"))
    if isinstance(found, Rejected) or "/" in found:
        return Rejected("an IP address")
    return f"[{found}]" if ":" in found else found


def _addresses(name: str, doc: str, example: str) -> Setting[tuple[str, ...]]:
    read = comma_list(_address, expected="a comma separated list of IP addresses")
    return Setting(name, read, (), doc, example)


ADDRESSES = _addresses("bind-address", "Addresses to listen on.", "192.0.2.7,2001:db8::7")
IPV4 = _addresses("bind-address-ipv4", "More addresses to listen on.", "192.0.2.7")
IPV6 = _addresses("bind-address-ipv6", "More addresses to listen on.", "2001:db8::7")
NO_IPV6 = Setting("disable-ipv6", boolean, default=False, doc="Do not listen on IPv6.", example="true")
NO_IPV6_NAMES = Setting(
    "disable-ipv6-dns", boolean, default=False, doc="Resolve names to IPv4 only.", example="true"
)
REUSE_PORT = Setting(
    "reuse-port", boolean, default=False, doc="Give each worker an accept queue of its own.", example="true"
)

KEYS = ()
SETTINGS = (ADDRESSES, IPV4, IPV6, NO_IPV6, NO_IPV6_NAMES, REUSE_PORT)


class Listening(Struct, frozen=True):
    """The addresses, as NGINX writes them, and whether each worker has a queue of its own."""

    addresses: tuple[str, ...]
    reuse_port: bool


def listening(defaults: Defaults, addresses: tuple[str, ...]) -> Listening:
    """Return where to listen; ``addresses`` are those of the flag.  There is always one."""
    given = (one for key in (ADDRESSES, IPV4, IPV6) for one in setting(defaults, key))
    wanted = tuple(dict.fromkeys(given)) or addresses
    ipv4 = tuple(one for one in wanted if not one.startswith("["))
    kept = ipv4 if setting(defaults, NO_IPV6) and ipv4 else wanted
    return Listening(kept, setting(defaults, REUSE_PORT))


def only_ipv4_names(defaults: Defaults) -> bool:
    """Whether names are resolved to IPv4 only."""
    return setting(defaults, NO_IPV6_NAMES)
