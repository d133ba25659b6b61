"""Password files: from the Secret an Ingress names to the hot file NGINX asks."""

import re
from collections.abc import Iterator

from painless.compiler.lookup import Lookup
from painless.features.basic_auth import SECRET, BasicAuth
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef, Secret
from painless.sensitive import Sensitive

FILE_KEY = "auth"
_USER = re.compile(r"[^:\s#][^:\r\n]*")
_HASH = re.compile(r"\S{1,1024}")


class Users:
    """Resolves who may enter; collects the hot files."""

    def __init__(self, lookup: Lookup, annotations_prefix: str) -> None:
        self._lookup = lookup
        self._field = f"metadata.annotations[{annotations_prefix}/{SECRET.name}]"
        self.hot: dict[str, Sensitive] = {}

    def of(self, auth: BasicAuth | None, ref: ObjectRef, diagnostics: list[Diagnostic]) -> tuple[str, str]:
        """Return the hot file of an Ingress's users or why its locations are closed."""
        if auth is None:
            return "", ""
        elsewhere, _, name = auth.secret.rpartition("/")
        namespace = elsewhere or ref.namespace
        secret = self._lookup.secrets.get((namespace, name))
        if secret is None:
            says = f"found no Secret {namespace}/{name}, expected one with the users"
            diagnostics.append(
                Diagnostic(
                    ref, self._field, Reason.SECRET_NOT_FOUND, Severity.REJECTED, says, "the path answers 503"
                )
            )
            return "", says
        # An empty file refuses everyone, which is what a Secret without users means.
        path = f"users/{namespace}.{name}.{'map' if auth.is_map else 'file'}"
        lines = list(_map_lines(secret) if auth.is_map else _file_lines(secret))
        good = [line for line in lines if line is not None]
        if len(good) < len(lines) or not good:
            found = (
                f"{len(lines) - len(good)} of {len(lines)} users that cannot be read" if lines else "no users"
            )
            expected = (
                "a hash for each user's key" if auth.is_map else f"lines user:hash under the key {FILE_KEY}"
            )
            diagnostics.append(
                Diagnostic(
                    ref,
                    self._field,
                    Reason.INVALID_PASSWORD_FILE,
                    Severity.ERROR,
                    f"found {found} in Secret {namespace}/{name}, expected {expected}",
                    "those users cannot enter",
                )
            )
        self.hot[path] = Sensitive("".join(f"{line}\n" for line in good).encode())
        return path, ""


def _file_lines(secret: Secret) -> Iterator[str | None]:
    content = secret.get(FILE_KEY)
    if content is None:
        return
    for line in content.reveal().decode(errors="surrogateescape").replace("\r\n", "\n").split("\n"):
        if line.strip() and not line.startswith("#"):
            user, colon, hashed = line.partition(":")
            yield _line(user, hashed.strip()) if colon else None


def _map_lines(secret: Secret) -> Iterator[str | None]:
    for user, content in secret.data:
        yield _line(user, content.reveal().decode(errors="surrogateescape").strip())


def _line(user: str, hashed: str) -> str | None:
    """Return one line of the file, or nothing when it would be read as something else."""
    try:
        f"{user}{hashed}".encode()
    except UnicodeEncodeError:
        return None
    return f"{user}:{hashed}" if _USER.fullmatch(user) and _HASH.fullmatch(hashed) else None
