"""Rules that would have taken a request, had another one not: which they are, and why they lost."""

from collections.abc import Iterable, Iterator

from painless.compiler import match as paths
from painless.compiler.claim import is_ours
from painless.compiler.site import Location, Server
from painless.explain.answer import Lost
from painless.explain.asked import Request
from painless.explain.expressions import Matched, match
from painless.explain.scene import Known, Scene
from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import Ingress, ObjectRef, Origin, Path, PathType


def rivals(known: Known, here: Scene, asked: Request, taken: Location | None) -> tuple[Lost, ...]:
    """Return the rules that lost, the nearest to winning first."""
    said = _said(known.compiled.diagnostics)
    served = {one.ref for one in known.compiled.ingresses}
    names = _names(here, asked.host)
    regexes = taken is not None and taken.modifier.value == "~*"
    found = [
        (rank, Lost(str(one.ref), origin.field, path.path or "/", why))
        for one in known.snapshot.ingresses
        for rank, origin, path in _wanting(one, names, asked.path, regexes=regexes)
        if (why := _why(known, one, origin, path, (rank, taken, said, served)))
    ]
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0]))


def _said(some: Iterable[Diagnostic]) -> dict[tuple[ObjectRef, str], Diagnostic]:
    """Return what keeps fields from being served; a warning keeps nobody."""
    return {(one.about, one.field): one for one in some if one.severity is not Severity.WARNING}


def _names(here: Scene, host: str) -> tuple[str, ...]:
    """Return the hosts of rules that a host may be served by, the nearest first."""
    own = here.site.host if isinstance(here.site, Server) else ""
    wildcard = f"*.{host.partition('.')[2]}"
    return tuple(dict.fromkeys((*filter(None, (own,)), host, wildcard, "")))


def _wanting(
    ingress: Ingress, names: tuple[str, ...], path: str, *, regexes: bool
) -> Iterator[tuple[int, Origin, Path]]:
    for at, rule in enumerate(ingress.rules):
        if rule.host in names:
            for index, one in enumerate(rule.paths):
                if _covers(one, path, regexes=regexes):
                    origin = Origin(ingress.ref, f"spec.rules[{at}].http.paths[{index}]")
                    yield names.index(rule.host), origin, one


def _covers(one: Path, path: str, *, regexes: bool) -> bool:
    """Whether a rule alone would take the path."""
    if one.path_type is PathType.EXACT and not regexes:
        return one.path == path
    if regexes and isinstance(match(f"^{one.path}", path, case=False), Matched):
        return True
    prefix = one.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


Around = tuple[int, Location | None, dict[tuple[ObjectRef, str], Diagnostic], set[ObjectRef]]


def _why(known: Known, ingress: Ingress, origin: Origin, path: Path, around: Around) -> str:
    """Return why a rule does not answer; empty for the one that does."""
    rank, taken, said, served = around
    if taken is not None and taken.route.origin == origin:
        return ""
    if not is_ours(ingress, known.snapshot, known.options):
        return f"it is of the class {ingress.class_name or 'none'}, which is not ours"
    if ingress.ref not in served:
        about = next((one for (ref, _), one in said.items() if ref == ingress.ref), None)
        return f"the Ingress is not served: {about.says}" if about else "the Ingress is not served"
    if finding := said.get((origin.ref, origin.field)):
        return f"{finding.says} ({finding.reason})"
    if rank:
        return "a rule for the host itself comes before one for more hosts"
    return _by_path(ingress, path, taken, known)


def _by_path(ingress: Ingress, path: Path, taken: Location | None, known: Known) -> str:
    prefix = known.options.annotations_prefix
    if any(key == f"{prefix}/canary" and value.strip() == "true" for key, value in ingress.annotations):
        return "it is a canary: it takes a part of another rule's requests"
    if taken is None:
        return "something of Painless or of a snippet has the path"
    winner = taken.route
    if winner.path_type is PathType.EXACT and path.path_type is not PathType.EXACT:
        return f"{winner.path} is exactly the path"
    if paths.path_key(path.path, path.path_type) == paths.path_key(winner.path, winner.path_type):
        return f"{winner.origin.ref} is older and has the same path"
    return f"{winner.path} is longer"
