"""How a request to the API server can fail: each a sentence, told apart by what a caller does about it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from painless.controller.ports import WorldError
from painless.kube.requests import Request

_SHOWN = 300  # Characters of the server's own words: a sentence, not the page of a proxy in between.


class KubeError(WorldError):
    """The API server cannot be used at the moment, or not for this.

    ``retry_after`` is how many seconds it asks to be left alone for.
    """

    retry_after = 0.0

    @property
    def passing(self) -> bool:
        """Whether it is the server that is in trouble, and not this request: others would fail as well."""
        return False


class BadAccess(KubeError):
    """The kubeconfig, a flag or the credentials are wrong: no server was asked."""


class Unreachable(KubeError):
    """No answer: no connection, a time-out, a connection that broke, a certificate that is not trusted."""

    @property
    def passing(self) -> bool:
        return True


class ApiError(KubeError):
    """The server answered with a status that says no; ``status`` is it."""

    def __init__(self, says: str, status: int) -> None:
        super().__init__(says)
        self.status = status

    @property
    def passing(self) -> bool:
        return self.status == 429 or self.status >= 500


class Unauthorized(ApiError):
    """401: the server does not know who we are, new credentials included."""


class Forbidden(ApiError):
    """403: RBAC has no rule for it; ``request`` says for what."""

    def __init__(self, says: str, status: int, request: Request) -> None:
        super().__init__(says, status)
        self.request = request


class NotFound(ApiError):
    """404: no such object, or no such kind."""


class Conflict(ApiError):
    """409: the object is another one than the one we had read, or exists already."""


class Gone(ApiError):
    """The version we asked from is forgotten (410), or from before a restored backup (504); list again."""


class Throttled(ApiError):
    """429, or 503 with a time: ask again after ``retry_after`` seconds."""

    def __init__(self, says: str, status: int, retry_after: float) -> None:
        super().__init__(says, status)
        self.retry_after = retry_after


_FROM_THE_FUTURE = b"Too large resource version"
"""What a server says to a version that it has not come to; it has no status of its own."""

_PLAIN = {404: NotFound, 409: Conflict, 410: Gone}


class _Status(msgspec.Struct, frozen=True):
    """The object ``Status`` of the API, in the body of a refusal or of an ``ERROR`` event."""

    message: Any = None
    code: Any = None


def failure(status: int, headers: Mapping[str, str], body: bytes, request: Request) -> ApiError:
    """Return the exception for an answer that is no success."""
    says = f"the API server refused to {request} with {status}: {_said(body)}"
    seconds = _seconds(headers.get("Retry-After", ""))
    if status == 401:
        return Unauthorized(f"the API server does not accept our credentials: {_said(body)}", status)
    if status == 403:
        return Forbidden(f"{says}; it needs {request.rule}", status, request)
    if status == 429 or (status == 503 and seconds is not None):
        return Throttled(says, status, seconds or 0.0)
    if status == 504 and _FROM_THE_FUTURE in body:
        return Gone(says, status)
    return _PLAIN.get(status, ApiError)(says, status)


def failure_of_event(raw: bytes, request: Request) -> ApiError:
    """Return the exception for the object of a watch's ``ERROR`` event."""
    try:
        code = msgspec.json.decode(raw, type=_Status).code
    except msgspec.DecodeError:
        code = None
    return failure(code if isinstance(code, int) else 500, {}, raw, request)


def _said(body: bytes) -> str:
    """Return the server's own words, fit for one line of a log."""
    try:
        text = msgspec.json.decode(body, type=_Status).message
    except msgspec.DecodeError:
        text = body.decode(errors="replace")
    line = " ".join(str(text or "without a word").split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _seconds(text: str) -> float | None:
    # The other form is a date, which the API server does not use.
    return float(text) if text.isdecimal() and len(text) <= 6 else None
