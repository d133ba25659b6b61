"""JSON to builtin values, with line and column for every fault: what ``kubectl get -o json`` writes.

Not left to the YAML parser, although kubectl does that: YAML has no pairs of surrogates, and a file that
is named as JSON deserves faults in JSON's words.
"""

import itertools
import json
from typing import Any, NoReturn

from painless.syntax.documents import DEPTH_LIMIT, Document, Fault, Parsed, Value, text_of

_SPACE = " \t\r\n"
_OPENING, _CLOSING = "[{", "]}"


def parse_json(data: bytes) -> Parsed:
    """Return the values of a file, one after the other; those before a fault are kept."""
    text = text_of(data)
    if isinstance(text, Parsed):
        return text
    documents: list[Document] = []
    suspicious = _is_suspicious(text)
    at = _skip_space(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
            if suspicious:
                _check(value)
        except json.JSONDecodeError as error:
            says = f"{error.msg}: not JSON, and nothing after it is read"
            return Parsed(tuple(documents), (Fault(error.lineno, error.colno, says),))
        except RecursionError:
            return Parsed(tuple(documents), (_fault(text, at, f"nested more than {DEPTH_LIMIT} deep"),))
        except ValueError as error:
            return Parsed(tuple(documents), (_fault(text, at, str(error)),))
        documents.append(Document(text.count("\n", 0, at) + 1, value))
        at = _skip_space(text, end)
    return Parsed(tuple(documents))


def _is_suspicious(text: str) -> bool:
    """Return whether values of this text may be what ``_check`` refuses, which takes long to find out."""
    return sum(map(text.count, _OPENING)) >= DEPTH_LIMIT or "\\u" in text


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _fault(text: str, at: int, says: str) -> Fault:
    return Fault(
        text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), f"the value that begins here: {says}"
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"found {name}, which JSON does not have")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _check(value: Value) -> None:
    """Refuse what JSON allows and we cannot use: deep nesting, and halves of characters."""
    level: list[Value] = [value]
    for depth in itertools.count():
        if depth == DEPTH_LIMIT and any(isinstance(one, (list, dict)) for one in level):
            raise ValueError(f"nested more than {DEPTH_LIMIT} deep")
        deeper: list[Value] = []
        for one in level:
            if isinstance(one, str) and not one.isascii():
                _encodable(one)
            elif isinstance(one, dict):
                deeper.extend(one)
                deeper.extend(one.values())
            elif isinstance(one, list):
                deeper.extend(one)
        if not deeper:
            return
        level = deeper


def _encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("found half of a pair of surrogates, expected whole characters") from error
