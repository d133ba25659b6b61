"""What a key is, what a feature reads its values from, and what it contributes.

A feature declares its keys as data, so that parsing, the reference pages and the tables of what is
supported come from one place.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from painless.annotations.decode import Decoder, Rejected, boolean, shown
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress
from painless.nginx.tokens import Literal, Token, Var
from painless.nginx.tree import Directive

T = TypeVar("T")

OURS = "painless.dev/"
"""The prefix of annotations that ingress-nginx does not have; it is a part of their names."""

LONGEST_WORD = 3000  # Bytes.  NGINX's words end at 4094, and features add to them.
LONGEST_LIST = 262_144  # Bytes, all that Kubernetes allows the annotations of an object: each item is a word.


class Scope(StrEnum):
    """What one value of a key decides about."""

    LOCATION = "location"
    SERVER = "server"
    UPSTREAM = "upstream"


class Key(Struct, Generic[T], frozen=True):
    """An annotation: its name without ingress-nginx's prefix, its values, its default, and what it means.

    ``config`` names the ConfigMap key that sets the default for all Ingresses.  ``denies``: an invalid value
    closes the location with 503, since serving without it would open what the author meant to close.
    ``salvage`` is what an invalid value of the ConfigMap comes to where the default would open as much.
    ``instead`` says what an invalid value comes to, if not 503.  ``longest`` is how many bytes a value has.
    """

    name: str
    decode: Decoder[T]
    default: T
    doc: str
    example: str
    scope: Scope = Scope.LOCATION
    aliases: tuple[str, ...] = ()
    config: str = ""
    denies: bool = False
    salvage: Callable[[str], T] | None = None
    instead: str = "the default is used"
    longest: int = LONGEST_WORD


class Setting(Struct, Generic[T], frozen=True):
    """A ConfigMap key that has no annotation; its fields mean what they mean in ``Key``.

    ``needs`` is what NGINX has to be built with (``nginx.build.Build.flags``); empty when any will do.
    ``secret``: nobody is shown its value.
    """

    name: str
    decode: Decoder[T]
    default: T
    doc: str
    example: str
    salvage: Callable[[str], T] | None = None
    instead: str = "the default is used"
    longest: int = LONGEST_WORD
    needs: str = ""
    secret: bool = False


Defaults = Mapping[str, object]
"""Decoded values of ConfigMap keys that were given."""


def setting(defaults: Defaults, key: Key[T] | Setting[T]) -> T:
    """Return the ConfigMap's value of ``key``, or its default."""
    name = key.config if isinstance(key, Key) else key.name
    # Decoded by the key's own decoder when the ConfigMap was read.
    return defaults.get(name, key.default)  # type: ignore[return-value]


CROSSING = Setting(
    "allow-cross-namespace-resources",
    boolean,
    default=False,
    doc="Whether annotations may name Secrets and ConfigMaps of other namespaces.",
    example="true",
)


def decoded(decode: Decoder[T], text: str, longest: int = LONGEST_WORD) -> T | Rejected:
    """Decode a user's text; one that NGINX could not hold as a word is none."""
    if len(text.encode(errors="replace")) > longest:
        return Rejected(f"at most {longest} bytes")
    return decode(text.strip())


class Values:
    """The annotations of one Ingress while its features read them; collects what is wrong with them."""

    def __init__(self, ingress: Ingress, prefix: str, defaults: Defaults) -> None:
        self.ingress = ingress
        self.defaults = defaults
        self.diagnostics: list[Diagnostic] = []
        self.denied = ""
        self._prefix = prefix + "/"
        self._given = {
            name.removeprefix(self._prefix): value
            for name, value in ingress.annotations
            if name.startswith((self._prefix, OURS))
        }

    def names(self) -> tuple[str, ...]:
        """Return the names given, without prefix, but those of our own with it."""
        return tuple(self._given)

    def written(self, name: str) -> str:
        """Return what the author wrote under a name that they gave."""
        return self._given[name]

    def given(self, key: Key[Any]) -> bool:
        """Whether the author wrote this key, valid or not."""
        return any(name in self._given for name in (key.name, *key.aliases))

    def text(self, key: Key[Any]) -> str:
        """Return what the author wrote, valid or not; empty when the key is missing."""
        return next((self._given[name] for name in (key.name, *key.aliases) if name in self._given), "")

    def get(self, key: Key[T]) -> T:
        """Return the annotation's value; where it is missing or invalid, the ConfigMap's or the default."""
        for name in (key.name, *key.aliases):
            if name in self._given:
                value = decoded(key.decode, self._given[name], key.longest)
                if not isinstance(value, Rejected):
                    return value
                self._reject(name, value, key)
                break
        return setting(self.defaults, key)

    def may_name(self, namespace: str) -> bool:
        """Whether an annotation may name something of that namespace."""
        return namespace == self.ingress.namespace or setting(self.defaults, CROSSING)

    def field(self, name: str) -> str:
        """Return the field path of an annotation, for diagnostics and origins."""
        return f"metadata.annotations[{'' if name.startswith(OURS) else self._prefix}{name}]"

    def deny(self, name: str, reason: Reason, says: str, hint: str = "") -> None:
        """Close the location (503) since what ``name`` asks for cannot be had."""
        self.denied = self.denied or says
        self.say(name, reason, says, hint, Severity.REJECTED)

    def first_given(self, keys: Iterable[Key[Any]]) -> str:
        """Return the field of the first of these annotations that the author wrote; empty when none is."""
        return next(
            (self.field(name) for key in keys for name in (key.name, *key.aliases) if name in self._given), ""
        )

    def say(
        self, name: str, reason: Reason, says: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Add a diagnostic about the annotation ``name``."""
        found = Diagnostic(self.ingress.ref, self.field(name), reason, severity, says, hint)
        # What two features read is said once.
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def _reject(self, name: str, rejected: Rejected, key: Key[Any]) -> None:
        says = f"found {shown(self._given[name])}, expected {rejected.expected}"
        if key.denies:
            self.deny(name, Reason.LOCATION_DENIED, says, "the location answers 503 until this is mended")
        else:
            self.say(name, Reason.INVALID_ANNOTATION_VALUE, says, key.instead)


class Place(Struct, frozen=True):
    """Where a contribution goes: what a feature may know of the location it decorates.

    ``hot`` is the absolute path of the folder of hot files.  ``module`` is what the directives begin with
    that are about the application: ``proxy``, ``grpc`` or ``fastcgi``.  ``ingress`` stands for the
    namespace and name of the Ingress: text where the block serves one, a variable where hosts that look alike
    share it.
    ``rewritten``: the path is another when the application is asked.  ``path`` is the rule's, ``upstream``
    who is asked, ``spans`` the file for what NGINX did, where requests are traced.
    """

    hot: str
    module: str = "proxy"
    ingress: Literal | Var = Literal("")
    rewritten: bool = False
    path: str = ""
    upstream: Literal | Var = Literal("")
    spans: str = ""


class Contribution(Struct, frozen=True):
    """What a feature adds to one location.

    ``http`` directives are shared by everyone who contributes equal ones.  ``rewrite`` directives run in
    the rewrite phase, in this order, before anything is decided about access.  ``request_headers`` replace
    headers of the request as it goes upstream, by name.  ``hide_headers`` are the upstream's headers that
    do not reach the client.  ``guarded``: access is decided here, so a Service without endpoints has to
    answer before that (a marker file is asked).  ``field`` is the annotation that asks for it all.
    ``server`` are locations beside this one; all of a server that contribute equal ones share them.
    ``late`` directives run in the rewrite phase, too, after redirects to HTTPS and what else closes there.
    ``log`` are logs of ours that stand beside those of users, above all servers.
    """

    http: tuple[Directive, ...] = ()
    rewrite: tuple[Directive, ...] = ()
    location: tuple[Directive, ...] = ()
    request_headers: tuple[tuple[str, Token], ...] = ()
    hide_headers: tuple[str, ...] = ()
    guarded: bool = False
    field: str = ""
    server: tuple[Directive, ...] = ()
    late: tuple[Directive, ...] = ()
    log: tuple[Directive, ...] = ()
