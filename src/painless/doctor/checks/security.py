"""Checks of what a client can make NGINX do: pass for another, ask for it, end a header."""

import re
from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Severity, at
from painless.doctor.conf import Conf, Directive
from painless.doctor.facts import CONF, Fact

EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
GIVEN = re.compile(r"\$(?:arg_|http_|cookie_|args\b|query_string\b)")
"""Variables that a client chooses freely; so is ``$host``, but proxies are made with it on purpose."""
PATH = re.compile(r"/|\$(?:request_uri|document_uri|uri|is_args)\b")
"""Where the name of a host ends: these variables begin with a slash."""
DECODED = re.compile(r"\$(?:uri|document_uri)\b")


def trusts_everybody(conf: Fact[Conf]) -> Iterator[Finding]:
    """Whoever sends X-Forwarded-For chooses the address that limits, access lists and logs see.

    Verify: ``curl -H "X-Forwarded-For: 203.0.113.9"`` and look at the access log.

    Fix: only the networks of your load balancers.

    Sources: https://nginx.org/en/docs/http/ngx_http_realip_module.html
    """
    for one in conf.value.all("set_real_ip_from"):
        header = one.block.value("real_ip_header")
        if one.first in EVERYBODY and (header is None or header.first != "proxy_protocol"):
            yield _line(
                one,
                "every client may say which address it has",
                "load balancers alone",
                "set_real_ip_from 10.0.0.0/8;",
            )


def clients_host(conf: Fact[Conf]) -> Iterator[Finding]:
    """``$http_host`` is what the client wrote, also when it asked for another host in its request line.

    Verify: send a request with an absolute URL and another ``Host``.

    Fix: ``$host``.

    Sources: gixy, host_spoofing.
    """
    for one in conf.value.all("proxy_set_header"):
        if one.first.lower() == "host" and one.args[1:] == ("$http_host",):
            yield _line(
                one,
                "applications are told a host that NGINX has not checked",
                "$host",
                "proxy_set_header Host $host;",
            )


def asks_anybody(conf: Fact[Conf]) -> Iterator[Finding]:
    """A client that chooses whom NGINX asks reaches what only NGINX may: metadata, other pods, itself.

    Verify: send a request with another address in it.

    Fix: a ``map`` from what clients say to the few hosts there are.

    Sources: OWASP, Server Side Request Forgery; gixy, ssrf.
    """
    for one in conf.value.all("proxy_pass"):
        host = PATH.split(one.first.partition("://")[2], maxsplit=1)[0] if ":" in one.first else one.first
        if (not host or GIVEN.search(host)) and "internal" not in one.block.own:
            yield _line(
                one,
                "the client chooses whom NGINX asks",
                "a name of yours",
                "proxy_pass http://$backend;   # from a map",
            )


def splits_headers(conf: Fact[Conf]) -> Iterator[Finding]:
    """``$uri`` is decoded: a line break in it ends the header, and the client writes the next one.

    Verify: ``curl -i "http://HOST/%0d%0aX-Test:%201"``.

    Fix: ``$request_uri``, which is as the client sent it.

    Sources: gixy, http_splitting.
    """
    for one in conf.value.all("return", "add_header", "proxy_set_header", "rewrite"):
        text = " ".join(one.args[1:]) if len(one.args) > 1 else one.first
        if _tells_client(one, text) and DECODED.search(text):
            yield _line(
                one,
                "a client may write a header of its own",
                "$request_uri",
                one.text.replace("$uri", "$request_uri"),
            )


def _tells_client(one: Directive, text: str) -> bool:
    """Whether ``text`` becomes a header: of a redirect, or what is set."""
    if one.name == "return":
        return one.first.startswith("30") or "://" in one.first
    if one.name == "rewrite":
        return one.args[-1:] in {("redirect",), ("permanent",)} or "://" in text
    return True


def returns_first(conf: Fact[Conf]) -> Iterator[Finding]:
    """``return`` answers before ``allow`` and ``deny`` are looked at.

    Verify: ask from an address that is denied.

    Fix: the answer in a location of its own.

    Sources: https://nginx.org/en/docs/dev/development_guide.html#http_phases; gixy.
    """
    for one in conf.value.all("return"):
        guards = [each for name in ("allow", "deny") for each in one.block.own.get(name, ())]
        if guards and one.block.name == "location":
            yield Finding(
                one.block.label,
                "whoever is denied gets the answer as well",
                (Evidence(one.text, one.where), Evidence(guards[0].text, guards[0].where)),
                "return or allow and deny, not both",
                "try_files /nowhere @answer;   # and: location @answer { return 200; }",
            )


def allows_all(conf: Fact[Conf]) -> Iterator[Finding]:
    """``allow`` without ``deny all`` keeps nobody out.

    Verify: ask from another address.

    Fix: ``deny all`` behind it.

    Sources: https://nginx.org/en/docs/http/ngx_http_access_module.html
    """
    for one in conf.value.all("allow"):
        guards = one.block.own
        if one is guards["allow"][0] and "deny" not in guards and one.first != "all":
            yield _line(one, "nobody is denied", "deny all behind it", f"{one.text} deny all;")


def _line(one: Directive, says: str, expected: str, fix: str) -> Finding:
    return Finding(f"{one.block.label} {one.name}", says, at(one.where, one.text), expected, fix)


CHECKS = (
    Check("S006", Severity.HIGH, "Clients choose their address", trusts_everybody, (CONF,)),
    Check("S007", Severity.HIGH, "Clients choose whom NGINX asks", asks_anybody, (CONF,)),
    Check("S008", Severity.MEDIUM, "Clients may write headers", splits_headers, (CONF,)),
    Check("S009", Severity.MEDIUM, "An answer passes the access list", returns_first, (CONF,)),
    Check("S012", Severity.MEDIUM, "An access list denies nobody", allows_all, (CONF,)),
    Check("S013", Severity.LOW, "Applications get the client's Host", clients_host, (CONF,)),
)
