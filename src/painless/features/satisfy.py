"""Whether all doors have to open, or any.

Access lists, a password and a service that is asked (``auth-url``) are three doors.  ``satisfy: any`` lets in
whom one of them lets in; ``satisfy: all``, the default, whom all do.  Writes ``satisfy``.
"""

from painless.annotations.base import Contribution, Key, Place, Values
from painless.annotations.decode import one_of
from painless.nginx.tree import directive

SATISFY = Key(
    "satisfy",
    one_of("any", "all"),
    default="",
    doc="Whether one of access lists, password and external authentication suffices.",
    example="any",
    instead="all of them are asked",
)

KEYS = (SATISFY,)
SETTINGS = ()


def parse(values: Values) -> str | None:
    return values.get(SATISFY) or None


def contribute(which: str, _place: Place) -> Contribution:
    return Contribution(location=(directive("satisfy", which),))
