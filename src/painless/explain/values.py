"""What NGINX's variables hold for one request: its own, those of maps, and those that directives set.

A variable that only the moment decides is ``None``: the time, what a client's certificate says, what the
application answered.  Nothing is guessed.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address, ip_network

from painless.compiler.lower_canary import DIGITS
from painless.explain.asked import Request
from painless.explain.expressions import Matched, Unclear, match
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var
from painless.nginx.tree import Directive

_LOOKUPS = frozenset({"map", "geo", "split_clients"})
_NO_KEYS = frozenset({"default", "hostnames", "volatile", "include", "ranges", "proxy", "proxy_recursive"})
_EMPTY = ("upstream_", "sent_http_", "sent_trailer_", "proxy_protocol_", "limit_")
"""Beginnings of variables that hold nothing before the application is asked."""


class Values:
    """The variables of one request while it is walked through.

    ``part`` is the one of 10,000 parts that it is dealt into, for canaries.  ``decided`` has for each map
    that was asked the line that it came to.
    """

    def __init__(
        self, http: Iterable[Directive], request: Request, ports: Mapping[str, int], part: int
    ) -> None:
        self.request = request
        self.uri = request.path
        self.args = request.query
        self.moved = False
        """Whether the path has been rewritten: the application gets another than the client sent."""
        self.decided: dict[str, Token] = {}
        self.port = str(ports.get(request.scheme, 0))
        self._lookups = {_defined(one): one for one in http if one.name in _LOOKUPS}
        self._set: dict[str, str | None] = dict(zip(DIGITS, f"{part:04}", strict=True))
        self._known: dict[str, str | None] = {}
        self._captures: tuple[str, ...] = ()
        self._own = _own(self)

    def set(self, name: str, value: str | None) -> None:
        """Set a variable; what was looked up by it before stays what it was, as in NGINX."""
        self._set[name] = value

    def move(self, uri: str, args: str) -> None:
        """Have another path and query from now on."""
        self.uri, self.args, self.moved = uri, args, True

    def ask_again(self) -> None:
        """Forget what was looked up: it is asked for in another phase."""
        self._known.clear()

    def keep(self, found: Matched) -> None:
        """Keep what an expression has captured."""
        self._captures = found.captures
        for name, value in found.named.items():
            self.set(name, value)

    def expand(self, token: Token) -> str | None:
        """Return the text of a token, or ``None`` where nobody can say it beforehand."""
        match token:
            case Literal(text):
                return text
            case Var(name):
                return self.value(name)
            case Regex(pattern):
                return pattern
            case Expr(parts):
                texts = [self.expand(one) for one in parts]
                return None if None in texts else "".join(filter(None, texts))

    def value(self, name: str) -> str | None:
        """Return what a variable holds."""
        if name.isdigit():
            at = int(name)
            return self._captures[at] if at < len(self._captures) else ""
        if name in self._set:
            return self._set[name]
        if name not in self._known:
            found = self._lookups.get(name)
            self._known[name] = self._looked_up(found) if found else self._of_request(name)
            if name in {"uri", "document_uri", "args", "query_string", "is_args"} or name.startswith("arg_"):
                return self._known.pop(name)
        return self._known[name]

    def _looked_up(self, one: Directive) -> str | None:
        lines = one.block or ()
        if one.name == "split_clients":
            return None
        if one.name == "geo":
            return _by_address(lines, self.request.client)
        source = self.expand(one.args[0])
        if source is None:
            return None
        line = self._line(source, lines)
        if isinstance(line, Unclear):
            return None
        if line is not None:
            self.decided[_defined(one)] = line.args[-1]
            return self.expand(line.args[-1])
        default = next((each for each in lines if each.name == "default"), None)
        return self.expand(default.args[0]) if default else ""

    def _line(self, source: str, lines: Iterable[Directive]) -> Directive | Unclear | None:
        """Return the line of a map that ``source`` is: texts first, then expressions in their order."""
        keyed = [(_key(one), one) for one in lines if one.name not in _NO_KEYS]
        texts = [(key.text, one) for key, one in keyed if isinstance(key, Literal)]
        exact = (one for text, one in texts if text.lower() == source.lower())
        below = [one for text, one in texts if text.startswith("*.") and _below(source, text[1:])]
        if found := next(exact, None):
            return found
        if below:
            return max(below, key=lambda one: len(_text(_key(one))))
        return self._by_expression(source, keyed)

    def _by_expression(
        self, source: str, keyed: Iterable[tuple[Token, Directive]]
    ) -> Directive | Unclear | None:
        for key, one in keyed:
            if not isinstance(key, Regex):
                continue
            found = match(key.pattern, source, case=key.prefix != "~*")
            if isinstance(found, Unclear):
                return found
            if found is not None:
                self.keep(found)
                return one
        return None

    def _of_request(self, name: str) -> str | None:
        if own := self._own.get(name):
            return own()
        kind, _, rest = name.partition("_")
        match kind:
            case "http":
                return self.header(rest)
            case "arg":
                pairs = (one.partition("=") for one in self.args.split("&"))
                return next((value for key, _, value in pairs if key.lower() == rest.lower()), "")
            case "cookie":
                pairs = (one.strip().partition("=") for one in self.request.header("cookie").split(";"))
                return next((value for key, _, value in pairs if key.lower() == rest.lower()), "")
            case "ssl":
                return self._of_tls(name)
            case _:
                return "" if name.startswith(_EMPTY) else None

    def _of_tls(self, name: str) -> str | None:
        if self.request.scheme != "https":
            return ""
        if self.request.certificate or not name.startswith("ssl_client_"):
            return None
        return "NONE" if name == "ssl_client_verify" else ""

    def header(self, variable: str) -> str:
        """Return the header that a variable ``http_…`` is about."""
        if variable == "host":
            return self.request.host_header
        names = {name for name, _ in self.request.headers if name.replace("-", "_") == variable}
        return self.request.header(min(names)) if names else ""


def _own(values: Values) -> Mapping[str, Callable[[], str | None]]:
    """Return NGINX's own variables about requests."""
    request = values.request
    client = request.client or None
    return {
        "uri": lambda: values.uri,
        "document_uri": lambda: values.uri,
        "args": lambda: values.args,
        "query_string": lambda: values.args,
        "is_args": lambda: "?" if values.args else "",
        "request_uri": lambda: request.raw,
        "request_method": lambda: request.method,
        "host": lambda: request.host,
        "scheme": lambda: request.scheme,
        "https": lambda: "on" if request.scheme == "https" else "",
        "server_port": lambda: values.port,
        "request_port": lambda: request.port,
        "is_request_port": lambda: ":" if request.port else "",
        "server_protocol": lambda: "HTTP/1.1",
        "remote_addr": lambda: client,
        "binary_remote_addr": lambda: client,
        "realip_remote_addr": lambda: client,
        "content_length": lambda: request.header("content-length"),
        "content_type": lambda: request.header("content-type"),
        "ssl_server_name": lambda: request.host if request.scheme == "https" else "",
        "remote_user": lambda: None if request.header("authorization") else "",
    }


def _defined(one: Directive) -> str:
    """Return the name of the variable that a lookup defines."""
    last = one.args[-1]
    return last.name if isinstance(last, Var) else ""


def _key(line: Directive) -> Token:
    return Literal(line.name) if line.name else line.args[0]


def _below(name: str, domain: str) -> bool:
    return name.lower().endswith(domain.lower()) and len(name) > len(domain)


def _by_address(lines: Iterable[Directive], client: str) -> str | None:
    """Return what ``geo`` has for an address: the value of the smallest network that it is in."""
    default = next((_text(one.args[0]) for one in lines if one.name == "default"), "")
    networks = [(_text(_key(one)), _text(one.args[-1])) for one in lines if one.name not in _NO_KEYS]
    if not networks:
        return default
    try:
        address = ip_address(client)
        within = [(net.prefixlen, value) for text, value in networks if address in (net := ip_network(text))]
    except ValueError:
        return None
    return max(within, key=lambda one: one[0])[1] if within else default


def _text(token: Token) -> str:
    return token.text if isinstance(token, Literal) else ""
