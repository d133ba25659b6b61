"""Answers to GET: one object, a list, in pages or whole."""

import base64
import binascii
from collections.abc import Iterable, Mapping

import msgspec
from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.refusals import bad_request, expired, too_large_version
from tests.fakes.apiserver.selectors import selected
from tests.fakes.apiserver.store import Store, Stored


def listed(store: Store, kind: Kind, namespace: str, query: Mapping[str, str]) -> tuple[Json, list[Stored]]:
    """Return the metadata of a list and its items, which are those of one moment on all its pages."""
    limit = int(query.get("limit") or 0)
    if token := query.get("continue", ""):
        ticket, version, start = _read(token)
        found = store.pages(ticket)
    else:
        check_version(store, query)
        ticket, version, start = 0, store.version, 0
        found = store.all(kind, namespace, selected(kind, query))
    rest = len(found) - start - limit
    metadata: Json = {"resourceVersion": str(version)}
    if limit and rest > 0:
        ticket = ticket or store.keep_pages(found)
        metadata |= {"continue": _token(ticket, version, start + limit)}
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata |= {"remainingItemCount": rest}
    return metadata, found[start : start + limit] if limit else found[start:]


def check_version(store: Store, query: Mapping[str, str]) -> None:
    """Raise the refusal of a version that the store does not have."""
    wanted, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    version = number(wanted)
    if match and not wanted:
        raise bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if version > store.version:
        raise too_large_version(version, store.version)
    if match == "Exact" and version != store.version:
        raise expired()


def number(version: str) -> int:
    if version and not version.isdigit():
        raise bad_request(f'invalid resource version: "{version}": strconv.ParseUint: invalid syntax')
    return int(version or 0)


def as_list(kind: Kind, metadata: Json, items: Iterable[Stored]) -> bytes:
    """Return a list in JSON; the items are not encoded again."""
    head = f'{{"kind":"{kind.kind}List","apiVersion":"{kind.api_version}","metadata":'.encode()
    return (
        head
        + msgspec.json.encode(metadata)
        + b',"items":['
        + b",".join(one.body_as(kind) for one in items)
        + b"]}\n"
    )


def _token(ticket: int, version: int, start: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([ticket, version, start])).decode()


def _read(token: str) -> tuple[int, int, int]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[int, int, int])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise bad_request("continue key is not valid") from None
