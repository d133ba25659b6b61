"""Who somebody is and what they may, as the API server says: TokenReview and SubjectAccessReview.

Nobody gets in because of a failure: who could not be asked about is a ``KubeError``.  What is remembered is
bounded in number and in time, and of a token it is a digest.
"""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from painless.kube.bodies import decoded
from painless.kube.client import Client
from painless.kube.errors import KubeError

ANSWER = 3.0
"""Seconds for one review: somebody waits for their page."""
YES = 60.0
"""Seconds for which a yes counts: so long somebody may go on whose right was taken away."""
NO = 10.0
"""Seconds for which a no counts: so long somebody waits whose right was just given."""
AWAY = 1.0
"""Seconds for which the API server is not asked again after it gave no answer."""
MOST = 1024
"""Answers of each kind that are remembered, the last ones."""

TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

Key = TypeVar("Key")
Value = TypeVar("Value")


class User(Struct, frozen=True):
    """Somebody as the API server knows them; ``about`` is all of it, in the words of an access review."""

    name: str
    about: bytes


class _Info(Struct, frozen=True):
    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class _Authentication(Struct, frozen=True):
    authenticated: bool = False
    user: _Info = _Info()


class _TokenReview(Struct, frozen=True):
    status: _Authentication = _Authentication()


class _Authorization(Struct, frozen=True):
    allowed: bool = False
    denied: bool = False


class _AccessReview(Struct, frozen=True):
    status: _Authorization = _Authorization()


class Remembered(Generic[Key, Value]):
    """The last answers, each until its time is over."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Key) -> tuple[Value] | None:
        """Return an answer that still counts, as one of one."""
        kept = self._kept.get(key)
        return (kept[1],) if kept and self._now() < kept[0] else None

    def keep(self, key: Key, value: Value, seconds: float) -> Value:
        self._kept[key] = (self._now() + seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return value


class Reviews:
    """The API server's word about others; ``told`` hears what is in the way of it, or that nothing is."""

    def __init__(self, client: Client, now: Callable[[], float], told: Callable[[str], None]) -> None:
        self._client = client
        self._now = now
        self._told = told
        self._users = Remembered[bytes, User | None](now)
        self._rights = Remembered[tuple[bytes, str, str], bool](now)
        self._problem: KubeError | None = None
        self._asked_at = 0.0

    async def user(self, token: str) -> User | None:
        """Return whose token it is, ``None`` when it is nobody's; raises ``KubeError``."""
        key = sha256(token.encode()).digest()
        if found := self._users.find(key):
            return found[0]
        body = await self._ask(TOKENS, "TokenReview", {"token": token})
        status = decoded(body, _TokenReview).status
        if not status.authenticated or not status.user.username:
            return self._users.keep(key, None, NO)
        info = status.user
        about = {"user": info.username, "uid": info.uid, "groups": info.groups, "extra": info.extra}
        return self._users.keep(key, User(info.username, msgspec.json.encode(about)), YES)

    async def may(self, user: User, verb: str, path: str) -> bool:
        """Whether somebody may do something with a path that is no resource's; raises ``KubeError``."""
        key = (user.about, verb, path)
        if found := self._rights.find(key):
            return found[0]
        about = {"nonResourceAttributes": {"verb": verb, "path": path}}
        body = await self._ask(ACCESS, "SubjectAccessReview", {**msgspec.json.decode(user.about), **about})
        status = decoded(body, _AccessReview).status
        allowed = status.allowed and not status.denied
        return self._rights.keep(key, allowed, YES if allowed else NO)

    async def _ask(self, path: str, kind: str, spec: dict[str, Any]) -> bytes:
        if self._problem and self._now() < self._asked_at + AWAY:
            raise self._problem
        group = path.split("/")[2]
        tree = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        try:
            answer = await self._client.call("POST", path, body=msgspec.json.encode(tree), within=ANSWER)
        except KubeError as problem:
            if not self._problem:
                self._told(str(problem))
            self._problem, self._asked_at = problem, self._now()
            raise
        if self._problem:
            self._problem = None
            self._told("")
        return answer
