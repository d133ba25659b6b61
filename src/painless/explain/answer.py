"""What an explanation says, as values: for eyes, for machines, and for the page."""

from msgspec import Struct


class Source(Struct, frozen=True, rename="camel"):
    """Who asked for something: a field of an object with its value, or a key at its default.

    ``kind`` is ``annotation``, ``configmap``, ``object``, ``default`` or ``painless``; the last one is
    ours to say, and nobody sets it.
    """

    kind: str
    object: str = ""
    field: str = ""
    value: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "default":
                return f"default of {self.field}" if self.field else "default"
            case "painless":
                return "Painless"
            case _:
                value = f": {self.value}" if self.value else ""
                return f"{self.object} {self.field}".rstrip() + value


class Outcome(Struct, frozen=True, rename="camel"):
    """One way in which a request may end.

    ``chance`` is its part of such requests, ``why`` what decides between several.  ``status`` is 0 where the
    application decides.  ``service`` is namespace, name and port, ``sent`` the path that its pods get,
    ``pods`` their addresses, ``None`` where they are not known.  ``page_of`` is the status in whose place
    this answers.
    """

    says: str
    chance: float = 1.0
    why: str = ""
    status: int = 0
    target: str = ""
    service: str = ""
    upstream: str = ""
    scheme: str = ""
    sent: str = ""
    pods: tuple[str, ...] | None = None
    page_of: int = 0


class Place(Struct, frozen=True, rename="camel"):
    """Where the request was taken to: a server or a location, why there, and whose it is."""

    says: str
    why: str
    source: Source


class Step(Struct, frozen=True, rename="camel"):
    """Something that the request meets on its way.

    ``state`` is ``acts`` where it did something, ``passes`` where it did not, ``holds`` for what is so for
    all requests here, and ``asks`` or ``unknown`` where only the moment tells.
    """

    phase: str
    says: str
    directive: str
    source: Source
    state: str = "holds"


class Lost(Struct, frozen=True, rename="camel"):
    """A rule that would have taken the request, and why it did not."""

    object: str
    field: str
    path: str
    why: str


class Explanation(Struct, frozen=True, rename="camel"):
    """What happens to one request.

    ``served``: an Ingress answers it.  ``beyond`` is what answers whoever is let in, where this request is
    not.  ``more_lost`` counts rules that lost and are not listed.  ``unclear`` is what could not be said.
    """

    method: str
    url: str
    answer: str
    served: bool
    outcomes: tuple[Outcome, ...]
    server: Place
    location: Place | None = None
    beyond: tuple[Outcome, ...] = ()
    way: tuple[Step, ...] = ()
    lost: tuple[Lost, ...] = ()
    more_lost: int = 0
    unclear: tuple[str, ...] = ()
