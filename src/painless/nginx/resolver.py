"""The names by which NGINX asks our responder for peers, and the answer that means nobody.

Both sides read them here: the configuration that asks and the process that answers.
"""

DOMAIN = "painless"
"""Our own top-level name; the responder answers below it and nothing else."""

SERVICE = "http"
"""The value of ``service=`` in SRV mode; without a dot NGINX asks for ``_http._tcp.NAME``."""

NO_ENDPOINTS = "255.255.255.255"
"""The answer when a Service has no ready endpoints.

Never an empty answer: NGINX then takes up to 10 s to see new endpoints.  Connecting to the broadcast
address fails at once without a packet (ENETUNREACH or EACCES), for every port and protocol.
"""


def dns_name(upstream: str) -> str:
    """Return the name that NGINX asks for, without a final dot."""
    return f"{upstream}.{DOMAIN}"


def server_parameters(upstream: str, number: int | None) -> tuple[str, ...]:
    """Return the arguments of ``server`` in the upstream block, for one port number or for SRV."""
    name = dns_name(upstream)
    return (name, f"service={SERVICE}", "resolve") if number is None else (f"{name}:{number}", "resolve")
