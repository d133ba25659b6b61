"""Who may ask the admin port what: on loopback whoever sits there, elsewhere whoever shows a token.

A token is one of a file's, or one that the API server knows; of the latter it also says what its owner may.
What cannot be decided is refused, and wrong tries are bounded.  What headers say of other pages is
``browsing``'s, the form is ``login``'s.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar
from urllib.parse import parse_qs

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler
from msgspec import Struct

from painless.controller.ports import WorldError
from painless.observe import logs
from painless.web.browsing import HEADERS, astray, local_path, stranger
from painless.web.login import COOKIE, PATH, form, signed_in
from painless.web.tokens import LONGEST, TokenFile
from painless.web.tries import Tries

RIGHT = 256
"""Tokens that are known to be right: their owners are let in however many others are wrong."""
TELL = 60.0
"""Seconds between two lines of the log about those who guess."""
READ = 3.0
"""Seconds for the form's body: it is one packet."""
_BODY = 3 * LONGEST + 100  # Bytes of the form: each character of a token may be three.
_FIELDS = 10
_API = "/v1/"


class Known(Protocol):
    """Somebody whom the API server knows."""

    @property
    def name(self) -> str: ...


User = TypeVar("User", bound=Known)


class Authority(Protocol[User]):
    """Who knows users and what they may; both raise ``WorldError``."""

    async def user(self, token: str) -> User | None: ...
    async def may(self, user: User, verb: str, path: str) -> bool: ...


class Keys(Struct, Generic[User]):
    """What opens the port: with neither it is open to whoever reaches it."""

    file: TokenFile | None = None
    authority: Authority[User] | None = None


class Refused(Exception):
    """A request gets no answer; ``wait`` are the seconds until another try makes sense."""

    def __init__(self, status: int, says: str, wait: float = 0.0) -> None:
        super().__init__(says)
        self.status = status
        self.says = says
        self.wait = wait


class Gate(Generic[User]):
    """Lets requests in; ``busy`` are the connections whose requests are being answered."""

    def __init__(self, keys: Keys[User], now: Callable[[], float], *, loopback: bool, secure: bool) -> None:
        self.busy: set[RequestHandler] = set()
        self._keys = keys
        self._now = now
        self._told_at = -TELL
        self._tries = Tries(now)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._open = loopback and keys.file is None
        self._secure = secure
        assert self._open or keys.file or keys.authority, "what is not on loopback needs a key"

    @web.middleware
    async def let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request if it may be answered; whatever it is, it gets a sentence."""
        self.busy.add(request.protocol)
        try:
            return await self._passed(request, handler)
        except Refused as refused:
            return _refusal(request, refused)
        finally:
            self.busy.discard(request.protocol)

    async def _passed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if says := stranger(request.method, request.headers):
            raise Refused(403, says)
        if self._open:
            if says := astray(request.headers):
                raise Refused(403, says)
        elif request.path == PATH:
            return await self._sign_in(request)
        else:
            user = await self._who(_shown(request), request.remote or "")
            await self._check(user, request.method.lower(), _asked(request.path))
        return await handler(request)

    async def _who(self, token: str, address: str) -> User | None:
        """Return who shows a token, ``None`` for who has one of the file's; raise ``Refused``."""
        # A token is ASCII; other bytes in a header are no text at all.
        if not token or len(token) > LONGEST or not token.isascii():
            raise Refused(401, f"found no token, expected Authorization: Bearer, or one signed in at {PATH}")
        digest = sha256(token.encode()).digest()
        if digest not in self._right and (wait := self._tries.take(address)):
            self._tell(address)
            raise Refused(429, f"too many wrong tokens; ask again in {wait:.0f} seconds", wait)
        found = await self._found(token, digest, address)
        if digest not in self._right:
            self._tries.right(address)
            self._right[digest] = None
            if len(self._right) > RIGHT:
                self._right.popitem(last=False)
        return found

    def _tell(self, address: str) -> None:
        """Say that somebody guesses, now and then only."""
        if self._now() >= self._told_at + TELL:
            self._told_at = self._now()
            logs.event("admin_tokens_guessed", level=logging.WARNING, address=address)

    async def _found(self, token: str, digest: bytes, address: str) -> User | None:
        if self._keys.file and self._keys.file.has(token):
            return None
        if self._keys.authority:
            try:
                user = await self._keys.authority.user(token)
            except WorldError as problem:
                if digest not in self._right:
                    self._tries.right(address)
                raise _away("who you are") from problem
            if user is not None:
                return user
        # It was right once, and is not any more.
        self._right.pop(digest, None)
        raise Refused(401, "found a token that nobody has, expected one that is known")

    async def _check(self, user: User | None, verb: str, path: str) -> None:
        if user is None or self._keys.authority is None:
            return
        try:
            allowed = await self._keys.authority.may(user, verb, path)
        except WorldError as problem:
            raise _away("what you may") from problem
        if not allowed:
            rule = f"nonResourceURLs: {msgspec.json.encode([path]).decode()}, verbs: [{verb}]"
            raise Refused(403, f"{user.name} may not; it needs a ClusterRole with {rule}")

    async def _sign_in(self, request: web.Request) -> web.Response:
        after = local_path(request.query.get("after", "/"))
        if request.method == "GET":
            return form(after)
        if request.method != "POST":
            raise Refused(405, f"found another method, expected GET or POST for {PATH}")
        try:
            token = await _posted(request)
            await self._who(token, request.remote or "")
        except Refused as refused:
            return form(after, refused.status, refused.says)
        return signed_in(after, token, secure=self._secure)


def _asked(path: str) -> str:
    """Return the path that somebody needs a right for: all views of the page are one."""
    return path if path.startswith(_API) else "/"


async def _posted(request: web.Request) -> str:
    """Return the token that the form sends."""
    found = bytearray()
    try:
        async with asyncio.timeout(READ):
            async for part in request.content.iter_any():
                found += part
                if len(found) > _BODY:
                    raise Refused(413, f"found a body of more than {_BODY} bytes, expected a token")
    except TimeoutError as late:
        raise Refused(408, f"the body did not come within {READ:g} seconds") from late
    fields = parse_qs(found.decode(errors="replace"), max_num_fields=_FIELDS)
    return fields.get("token", [""])[0].strip()


def _shown(request: web.Request) -> str:
    """Return the token that a request has, in the way of programs or of browsers."""
    word, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if word.lower() == "bearer" else request.cookies.get(COOKIE, "")


def _away(what: str) -> Refused:
    # What exactly is wrong is for the log: whoever asks may be anybody.
    return Refused(503, f"the API server cannot be asked {what}; the controller's log says why", 1.0)


def _refusal(request: web.Request, refused: Refused) -> web.Response:
    wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if wants_page and refused.status == HTTPStatus.UNAUTHORIZED:
        response = form(local_path(request.path_qs), refused.status)
    else:
        body = msgspec.json.encode({"says": refused.says})
        response = web.Response(body=body, status=refused.status, content_type="application/json")
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="painless"'
    if refused.wait:
        response.headers["Retry-After"] = str(int(refused.wait) + 1)
    # Whatever of the request has not been read is not read any more.
    response.force_close()
    return response


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Give an answer the headers that each has."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Strangers need not know which library answers, and of which version.
    response.headers["Server"] = "painless"
