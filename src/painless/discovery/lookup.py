"""One question about a name outside, by dnspython; apart, so that it is loaded only when one is asked."""

import contextlib

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from painless.discovery.outside import host_and_port

_LIFETIME = 5.0  # seconds for one question through all name servers and search domains
_RESOLV_CONF = "/etc/resolv.conf"


class LookupFailed(Exception):
    """There was no answer, or it holds no record of that type."""


async def looked_up(hostname: str, kind: str, nameservers: tuple[str, ...]) -> tuple[list[str], float]:
    """Return the addresses of a name and for how many seconds they hold."""
    try:
        answer = await _resolver(nameservers).resolve(hostname, kind, search=True, lifetime=_LIFETIME)
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed(f"{type(error).__name__}: {error}") from error
    return [str(one) for one in answer], float(answer.chaining_result.minimum_ttl)


def _resolver(nameservers: tuple[str, ...]) -> dns.asyncresolver.Resolver:
    """Return a resolver as /etc/resolv.conf has it at this moment, unless name servers were given."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    with contextlib.suppress(OSError, dns.resolver.NoResolverConfiguration):
        resolver.read_resolv_conf(_RESOLV_CONF)
    if nameservers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*host_and_port(one)) for one in nameservers]
    return resolver
