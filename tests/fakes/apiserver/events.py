"""The two views of one Event: ``v1``, as which it is kept, and ``events.k8s.io/v1``."""

from tests.fakes.apiserver.kinds import Json

_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_BACK = {new: old for old, new in _NAMES.items()}


def as_events_v1(found: Json) -> Json:
    return {_NAMES.get(key, key): value for key, value in found.items()} | {"apiVersion": "events.k8s.io/v1"}


def as_core_v1(found: Json) -> Json:
    return {_BACK.get(key, key): value for key, value in found.items()} | {"apiVersion": "v1"}
