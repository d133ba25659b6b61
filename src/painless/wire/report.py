"""What is wrong with one object, gathered while it is decoded, in the user's words.

Shapes are checked by msgspec; its findings become sentences here, with the path of the fault as
Kubernetes writes it and what was found there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef
from painless.wire.names import printable

T = TypeVar("T")

_FAULT = re.compile(r"Expected `(?P<expected>[^`]*)`.*?(?: - at `\$(?P<at>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_PRINTED = 1 << 64  # Python refuses to print numbers of thousands of digits, and nobody would read them.
_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a map",
    "str": "text",
}


class Report:
    """The findings about one object.

    ``secret`` is for objects whose values must not be shown, not even wrong ones.
    """

    def __init__(self, ref: ObjectRef, *, secret: bool = False) -> None:
        self.ref = ref
        self.diagnostics: list[Diagnostic] = []
        self._secret = secret

    def warning(self, at: str, says: str, reason: Reason, hint: str) -> None:
        """Note that the part at ``at`` is used, though not as Kubernetes would have it."""
        self.diagnostics.append(Diagnostic(self.ref, at, reason, Severity.WARNING, says, hint))

    def error(self, at: str, says: str, reason: Reason = Reason.INVALID_OBJECT, hint: str = "") -> None:
        """Note that the part at ``at`` is left out."""
        self.diagnostics.append(Diagnostic(self.ref, at, reason, Severity.ERROR, says, hint))

    def rejected(self, at: str, says: str, hint: str = "") -> None:
        """Note that nothing of the object can be used."""
        self.diagnostics.append(
            Diagnostic(self.ref, at, Reason.INVALID_OBJECT, Severity.REJECTED, says, hint)
        )

    def shaped(self, raw: object, shape: type[T], at: str, *, needed: bool = False) -> T | None:
        """Return ``raw`` in that shape, or note why not; ``needed`` means that the object falls with it."""
        try:
            return msgspec.convert(raw, shape)
        except msgspec.ValidationError as error:
            path, says = self._fault(raw, str(error))
            (self.rejected if needed else self.error)(f"{at}{path}".removeprefix("."), says)
            return None

    def each(self, raws: Iterable[object] | None, shape: type[T], at: str) -> Iterator[tuple[str, T]]:
        """Yield the items that have the shape, each with its path, and note those that have not."""
        for index, raw in enumerate(raws or ()):
            path = f"{at}[{index}]"
            item = self.shaped(raw, shape, path)
            if item is not None:
                yield path, item

    def found(self, value: object) -> str:
        """Say what a user wrote, shortly; of a Secret only what kind of thing it is."""
        match value:
            case None:
                return "nothing"
            case dict():
                return "a map"
            case list():
                return "a list"
            case _ if self._secret:
                return "text" if isinstance(value, str) else "a value that is not text"
            case _:
                return _scalar(value)

    def _fault(self, raw: object, message: str) -> tuple[str, str]:
        match = _FAULT.fullmatch(message)
        if match is None:  # No other wording is known; what msgspec says is better than nothing.
            return "", f"has the wrong shape: {printable(message, 200)}"
        path = match["at"] or ""
        expected = (word for word in match["expected"].split(" | ") if word != "null")
        words = " or ".join(_WORDS.get(word, word) for word in expected)
        return path, f"found {self.found(_value_at(raw, path))}, expected {words}"


def _scalar(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{printable(value)}"'
        case int() if abs(value) >= _PRINTED:
            return "a huge number"
        case _:
            return printable(str(value))


def _value_at(raw: Any, path: str) -> object:  # noqa: ANN401  any tree that a user may write
    for name, index in _STEP.findall(path):
        raw = raw[name] if name else raw[int(index)]
    return raw
