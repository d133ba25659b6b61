"""A request goes through the directives of its server as NGINX would take it, up to what answers it.

Knows NGINX's phases and nothing of Ingresses: what is walked through is the tree that the compiler made, so
an answer cannot be another than the compiler's.  What nobody can say beforehand is noted and taken for no.
"""

from collections.abc import Iterable

from msgspec import Struct, structs

from painless.explain.conditions import Files, holds_of
from painless.explain.doors import Door, by_certificate, doors
from painless.explain.expressions import Unclear, match
from painless.explain.places import HANDLERS, Levels, locate, place_of
from painless.explain.sent import Rewritten, escaped, rewritten
from painless.explain.values import Values
from painless.nginx.tokens import Literal, Regex, Token
from painless.nginx.tree import Directive

_MOST_ROUNDS = 10  # Times that NGINX looks for a location anew before it gives up with 500.
CLOSED = 444
"""NGINX's own word for a connection that is closed without an answer."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Met(Struct, frozen=True):
    """A directive that the request came by, and whether it did something; ``None`` where nobody can say."""

    directive: Directive
    acts: bool | None = True


class Ending(Struct, frozen=True):
    """What answers.

    ``status`` is NGINX's own answer, 0 where an application answers: ``upstream`` by ``scheme`` with the path
    ``sent``.  ``target`` is where a redirect sends the client.  ``page_of`` is the status in whose place
    this answers.  ``levels`` are the blocks around it, ``location`` the innermost location.
    """

    status: int = 0
    target: str = ""
    upstream: str = ""
    scheme: str = ""
    sent: str = ""
    page_of: int = 0
    by: Directive | None = None
    location: Directive | None = None
    levels: Levels = Levels(())


class Walk:
    """One request's way; ``met`` is what it came by, ``doors`` who decides about it."""

    def __init__(self, http: Iterable[Directive], server: Directive, values: Values, files: Files) -> None:
        self.values = values
        self.met: list[Met] = []
        self.doors: tuple[Door, ...] = ()
        self.unclear: list[str] = []
        self.first: Directive | None = None
        """The location that the path was found in, before any error page."""
        self.reached: Levels | None = None
        """The blocks around the first place where nothing rewrites any more, if the request came so far."""
        self._files = files
        self._server = server
        self._outer = Levels((tuple(http), server.block or ()))
        self._levels = self._outer
        self._location: Directive | None = None
        self._moved = False
        self._failed = False
        self._rounds = 0

    def end(self) -> Ending:
        """Walk to the end."""
        if not self.values.uri:
            return Ending(400, levels=self._outer)
        if self.values.request.method == "TRACE":
            return Ending(405, levels=self._outer)
        if self._is_rejected():
            return Ending(CLOSED, by=self._outer.first("ssl_reject_handshake"), levels=self._outer)
        certificate = by_certificate(self._outer, self.values)
        if certificate and certificate.passes is False:
            self.doors, self.reached = (certificate,), self._outer
            found = self._or_page(self._end(certificate.status, by=certificate.directive))
            return structs.replace(found, status=400) if found.status == certificate.status else found
        before = self._rewrites(self._server.block or (), self._outer)
        return self._or_page(before or self._in_location())

    def _is_rejected(self) -> bool:
        """Whether no TLS comes about: the server has no name for the client to ask for."""
        rejects = self._outer.first("ssl_reject_handshake")
        return (
            self.values.request.scheme == "https" and rejects is not None and rejects.args[0] == Literal("on")
        )

    def _in_location(self) -> Ending:
        while self._rounds <= _MOST_ROUNDS:
            # Counted over all of the way: what is looked for anew may come back by any of them.
            self._rounds += 1
            found = locate(self._server.block or (), self.values.uri)
            self.unclear += (f"whether the expression {one} matches the path" for one in found.unclear)
            if found.block is None:
                return Ending(404, levels=self._outer)
            self._enter(found.block)
            self.first = found.block
            if found.slash:
                return self._end(301, target=f"{self.values.uri}/", by=found.block)
            if self._too_large():
                return self._end(413, by=self._levels.first("client_max_body_size"))
            self._captures(found.block)
            self._moved = False
            if ended := self._rewrites(found.block.block or (), self._levels):
                return ended
            if not self._moved:
                return self._content()
        return self._end(500)

    def _enter(self, location: Directive) -> None:
        self._location = location
        self._levels = self._outer.within(location)

    def _captures(self, location: Directive) -> None:
        place = place_of(location)
        if place.sign in {"~", "~*"}:
            found = match(place.pattern, self.values.uri, case=place.sign == "~")
            if found and not isinstance(found, Unclear):
                self.values.keep(found)

    def _too_large(self) -> bool:
        limit, length = (
            self._levels.first("client_max_body_size"),
            self.values.request.header("content-length"),
        )
        most = _bytes(self.values.expand(limit.args[0]) or "") if limit else 0
        return length.isascii() and length.isdigit() and 0 < most < int(length)

    def _rewrites(self, tree: Iterable[Directive], levels: Levels) -> Ending | None:
        """Run what rewrites; return what ends it, if anything does."""
        self._levels = levels
        stopped = self._run(tree)
        return stopped if isinstance(stopped, Ending) else None

    def _run(self, tree: Iterable[Directive]) -> Ending | bool:
        """Return what ends the request, or whether nothing further of this phase runs."""
        for one in tree:
            done: Ending | bool = False
            match one.name:
                case "set":
                    self.values.set(_variable(one.args[0]), self.values.expand(one.args[1]))
                case "if":
                    done = self._if(one)
                case "break":
                    done = True
                case "return":
                    self.met.append(Met(one))
                    done = self._return(one)
                case "rewrite":
                    done = self._rewrite(one)
                case _:
                    pass
            if done:
                return done
        return False

    def _if(self, one: Directive) -> Ending | bool:
        holds = holds_of(one.args, self.values, self._files)
        self.met.append(Met(one, holds))
        if not holds:
            return False
        self._levels = self._levels.within(one)
        return self._run(one.block or ())

    def _return(self, one: Directive) -> Ending:
        first = self.values.expand(one.args[0]) or ""
        if not first.isdigit():
            return self._end(302, target=first, by=one)
        status = int(first)
        target = self.values.expand(one.args[1]) if status in _REDIRECTS and len(one.args) > 1 else ""
        if target is None:
            self.unclear.append("the target of the redirect")
        return self._end(status, target=target or "", by=one)

    def _rewrite(self, one: Directive) -> Ending | bool:
        pattern, flag = one.args[0], one.args[2] if len(one.args) > 2 else Literal("")
        assert isinstance(pattern, Regex), "a rewrite begins with an expression"
        found = match(pattern.pattern, self.values.uri)
        if found is None or isinstance(found, Unclear):
            self.met.append(Met(one, None if found else False))
            return False
        self.met.append(Met(one))
        self.values.keep(found)
        new = rewritten(self.values, one.args[1])
        if isinstance(new, Rewritten) and not new.uri:
            return self._end(500, by=one)
        if isinstance(new, Rewritten):
            self.values.move(new.uri, new.args)
            self._moved = flag != Literal("break")
            return flag in {Literal("break"), Literal("last")}
        if new is None:
            self.unclear.append("what the path is rewritten to")
            return flag == Literal("break")
        return self._end(301 if flag == Literal("permanent") else 302, target=new, by=one)

    def _content(self) -> Ending:
        """Return what answers once nothing rewrites any more: who may enter, then who is asked."""
        found, refused = doors(self._levels, self.values)
        if self.reached is None:
            self.reached, self.doors = self._levels, found
        if refused:
            by = next(one.directive for one in found if one.status == refused)
            return self._end(refused, by=by)
        inner = len(self._levels.blocks) - len(self._outer.blocks)
        for name in ("try_files", *HANDLERS):
            if one := self._levels.own(name, inner):
                self.met.append(Met(one))
                return self._try_files(one) if name == "try_files" else self._asked(one)
        if self._levels.first("root") or self._levels.first("alias"):
            self.unclear.append("which files there are")
        return self._end(404)

    def _try_files(self, one: Directive) -> Ending:
        # There are no files: the last argument is what happens.
        last = self.values.expand(one.args[-1]) or ""
        if last.startswith("="):
            return self._end(int(last[1:]), by=one)
        if last.startswith("@"):
            return self._named(last) or self._end(404, by=one)
        self.values.move(last, self.values.args)
        return self._in_location()

    def _asked(self, one: Directive) -> Ending:
        if one.name == "stub_status":
            return self._end(200, by=one)
        where = self.values.expand(one.args[0])
        if where is None:
            self.unclear.append("who is asked")
            return self._end(0, by=one)
        scheme, sign, rest = where.partition("://")
        if not sign:
            scheme, rest = "fastcgi", where
        upstream, slash, _ = rest.partition("/")
        sent = escaped(self.values) if not slash else f"{slash}{_}"
        return structs.replace(self._end(0, by=one), upstream=upstream, scheme=scheme, sent=sent)

    def _end(self, status: int, *, target: str = "", by: Directive | None = None) -> Ending:
        return Ending(status, target, by=by, location=self._location, levels=self._levels)

    def failed(self, ending: Ending) -> Ending:
        """Return what answers where nobody is ready behind the upstream: 502, and what is made of it."""
        self.values.set("upstream_addr", "255.255.255.255:1")
        self.values.ask_again()
        self._levels = ending.levels
        return self._or_page(self._end(502, by=ending.by))

    def _or_page(self, ending: Ending) -> Ending:
        """Return what answers in place of a status, if something does; it is asked once."""
        if ending.status < 300 or self._failed:
            return ending
        for one in ending.levels.every("error_page"):
            words = [self.values.expand(arg) or "" for arg in one.args]
            if str(ending.status) not in words[:-1]:
                continue
            if words[-1].startswith(("http://", "https://")):
                return structs.replace(ending, status=302, target=words[-1], page_of=ending.status)
            if words[-1].startswith("@"):
                self._failed = True
                self._levels = ending.levels
                found = self._named(words[-1])
                return structs.replace(found, page_of=ending.status) if found else ending
        return ending

    def _named(self, name: str) -> Ending | None:
        """Return what a place with a name answers."""
        block = next(
            (
                one
                for one in self._server.block or ()
                if one.name == "location" and one.args[0] == Literal(name)
            ),
            None,
        )
        if block is None:
            return None
        self._enter(block)
        self._moved = False
        return self._rewrites(block.block or (), self._levels) or self._content()


def _variable(token: Token) -> str:
    return getattr(token, "name", "")


_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _bytes(size: str) -> int:
    number, unit = size[:-1], size[-1:].lower()
    if unit in _UNITS and number.isdigit():
        return int(number) * _UNITS[unit]
    return int(size) if size.isdigit() else 0
