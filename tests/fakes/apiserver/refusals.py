"""What a real API server says when it refuses: the codes, reasons and sentences of its Status objects."""

from collections.abc import Mapping

from tests.fakes.apiserver.kinds import Json, Kind


class Refusal(Exception):
    """A request that is answered with a Status."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Json | None = None,
        headers: Mapping[str, str] = {},
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = headers
        self.status = failure(code, reason, message, details)


def failure(code: int, reason: str, message: str, details: Json | None = None) -> Json:
    more = {"details": details} if details else {}
    return {**_STATUS, "status": "Failure", "message": message, "reason": reason, **more, "code": code}


def success(kind: Kind, name: str, uid: str) -> Json:
    details = {"name": name, "group": kind.group, "kind": kind.plural, "uid": uid}
    return {**_STATUS, "status": "Success", "details": details}


_STATUS: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}}


def _about(kind: Kind, name: str) -> Json:
    return {"name": name, "group": kind.group, "kind": kind.plural}


def not_found(kind: Kind, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{kind.resource} "{name}" not found', _about(kind, name))


def no_such_page() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def already_exists(kind: Kind, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _about(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> Refusal:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    says = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refusal(409, "Conflict", says, _about(kind, name))


def invalid(kind: Kind, name: str, faults: list[tuple[str, str, str]]) -> Refusal:
    """Return the refusal of an object with these faults: field, reason, and what is wrong with it."""
    said = [f"{field}: {_SAID[reason]}: {what}" for field, reason, what in faults]
    whole = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    listed = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    causes = [
        {"reason": reason, "message": f"{_SAID[reason]}: {what}", "field": field}
        for field, reason, what in faults
    ]
    details = {"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}
    return Refusal(422, "Invalid", f'{whole} "{name}" is invalid: {listed}', details)


_SAID = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
}


def terminating(kind: Kind, namespace: str, name: str) -> Refusal:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    says = f'{kind.resource} "{name}" is forbidden: {why}'
    return Refusal(403, "Forbidden", says, _about(kind, name))


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def expired(message: str = "The resourceVersion for the provided list is too old.") -> Refusal:
    return Refusal(410, "Expired", message)


def internal(message: str) -> Refusal:
    return Refusal(500, "InternalError", f"Internal error occurred: {message}")


def too_large_version(wanted: int, current: int) -> Refusal:
    says = f"Timeout: Too large resource version: {wanted}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return Refusal(504, "Timeout", says, {"causes": causes, "retryAfterSeconds": 1}, {"Retry-After": "1"})


def throttled(seconds: int) -> Refusal:
    says = "the server has received too many requests and has asked us to try again later"
    headers = {"Retry-After": str(seconds)}
    return Refusal(429, "TooManyRequests", says, {"retryAfterSeconds": seconds}, headers)
