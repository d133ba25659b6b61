"""What to say of an Ingress before it is stored: refuse it, warn, or nothing.

Pure: the compiler looks at the Ingresses that name the same hosts, once as they are and once with the change,
and what is new between the two decides.  So nobody is refused for what was wrong before, and NGINX never sees
text that was not admitted.  Who the neighbours are is for the caller to find, by ``names_of``.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from msgspec import Struct, structs

from painless.compiler import settings_for_all, understand
from painless.compiler.claim import is_ours
from painless.compiler.host import CATCH_ALL
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.features.server_alias import ALIASES
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.model.snapshot import Snapshot, in_precedence

Findings = frozenset[Diagnostic]

LONGEST_WARNING = 256  # Characters; the API server cuts longer ones off.
MOST_WARNINGS = 12  # The API server passes on 4096 characters of them together.
MOST_REFUSALS = 5  # Sentences of one refusal: the first few are mended first.

_TAKES = frozenset(
    {
        Reason.ALIAS_CONFLICT,
        Reason.CANARY_CONFLICT,
        Reason.DEFAULT_BACKEND_CONFLICT,
        Reason.INVALID_PATH,
        Reason.PATH_CONFLICT,
        Reason.TLS_CONFLICT,
    }
)
"""What an Ingress finds when another one has taken something from it; a path that another one has made a
regular expression is invalid, too."""

_MENDED_ELSEWHERE = frozenset(
    {
        Reason.CANARY_WITHOUT_PRIMARY,
        Reason.CERTIFICATE_MISMATCH,
        Reason.CONFIGMAP_NOT_FOUND,
        Reason.EXTERNAL_NAME_REFUSED,
        Reason.INVALID_CERTIFICATE,
        Reason.INVALID_PASSWORD_FILE,
        Reason.PORT_NOT_FOUND,
        Reason.SECRET_NOT_FOUND,
        Reason.SERVICE_NOT_FOUND,
    }
)
"""What another object can mend, which may come a moment later: the order of ``kubectl apply`` is nobody's."""

_KEPT_WHEN_NAMED = frozenset({Reason.CONFIGMAP_NOT_FOUND, Reason.SECRET_NOT_FOUND})
"""What may well be there: of Secrets and ConfigMaps those are kept that a stored object names."""

_LEFT_OUT = frozenset({Reason.CANARY_IGNORED, Reason.UNSUPPORTED_ANNOTATION})
"""Settings that mean nothing here and that ingress-nginx admits: tools leave them on Ingresses."""

_AT = re.compile(r"\[\d+\]")


class Version(Struct, frozen=True):
    """An Ingress as somebody wrote it; ``ingress`` is ``None`` when nothing of it can be used."""

    ref: ObjectRef
    ingress: Ingress | None
    findings: tuple[Diagnostic, ...] = ()


class Verdict(Struct, frozen=True):
    """What is said: refused when there are ``refusals``; ``compared`` counts the Ingresses looked at."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    compared: int = 0

    @property
    def message(self) -> str:
        """Why it is refused, in one line."""
        return "; ".join(_few(self.refusals, MOST_REFUSALS))


_ALIASES = f"/{ALIASES.name}"


def names_of(ingress: Ingress) -> frozenset[str]:
    """Return every name that the Ingress may have to share: hosts, aliases, the catch-all.

    Two Ingresses without a name in common do not change what is found about each other.  Aliases are read
    whatever the prefix of annotations is: one too many does no harm.
    """
    hosts = {rule.host for rule in ingress.rules} or {CATCH_ALL}
    texts = [value for key, value in ingress.annotations if key.endswith(_ALIASES)]
    aliases = (alias.strip().lower() for text in texts for alias in text.split(","))
    return frozenset(hosts.union(filter(None, aliases)) if texts else hosts)


def review(before: Version | None, after: Version, around: Snapshot, options: Options) -> Verdict:
    """Judge a change of one Ingress.

    ``before`` is ``None`` for a new one.  ``around`` holds the objects of the cluster; of its Ingresses only
    those are needed that share one of the names, and never the one under review.
    """
    new = after.ingress
    if new is not None and not is_ours(new, around, options):
        said = sorted(_about_ingresses(new, structs.replace(around, ingresses=()), options))
        return Verdict(warnings=_clipped(said))
    if new is not None and before is None and not new.created:
        # Nobody is older than what is there only because the time is not said.
        after = structs.replace(after, ingress=structs.replace(new, created=float("inf")))
    was, now = _findings(before, around, options), _findings(after, around, options)
    refused: list[str] = []
    warned: list[Diagnostic] = []
    for one, is_new in _compared(_own(was, after.ref), _own(now, after.ref), _alike):
        if is_new and _refuses(one):
            refused.append(f"{one.field}: {one.says} [{one.reason}]")
        elif not is_new or one.reason not in _KEPT_WHEN_NAMED:
            warned.append(one)
    was, now = was - _own(was, after.ref), now - _own(now, after.ref)
    for one, is_new in _compared(_taken(was), _taken(now), _place):
        if is_new:
            refused.append(f"it would take from {one.about} {one.field}: {one.says} [{one.reason}]")
    warned += (one for one, is_new in _compared(was - _taken(was), now - _taken(now), _kind) if is_new)
    return Verdict(tuple(refused), _clipped(warned), len(around.ingresses) + 1)


def _findings(version: Version | None, around: Snapshot, options: Options) -> Findings:
    """Return what is wrong with any Ingress when this version of one is there."""
    if version is None:
        return _about_ingresses(None, around, options)
    return _about_ingresses(version.ingress, around, options).union(version.findings)


def _about_ingresses(one: Ingress | None, around: Snapshot, options: Options) -> Findings:
    some = around.ingresses if one is None else in_precedence((*around.ingresses, one))
    snapshot = structs.replace(around, ingresses=some)
    config, _ = settings_for_all(snapshot, options)
    found = understand(snapshot, options, config, Memory(), one.ref if one else None)
    return frozenset(each for each in found.diagnostics if each.about.kind == "Ingress")


def _own(some: Findings, ref: ObjectRef) -> Findings:
    return frozenset(one for one in some if one.about == ref)


def _taken(some: Findings) -> Findings:
    return frozenset(one for one in some if one.reason in _TAKES)


def _refuses(one: Diagnostic) -> bool:
    if one.severity is Severity.WARNING or one.reason in _MENDED_ELSEWHERE:
        return False
    return one.severity is Severity.REJECTED or one.reason not in _LEFT_OUT


def _compared(
    was: Findings, now: Findings, key: Callable[[Diagnostic], Hashable]
) -> Iterable[tuple[Diagnostic, bool]]:
    """Yield what is found now, in order, and whether it is more than there was of its kind."""
    known = Counter(key(one) for one in was)
    for one in sorted(now):
        known[key(one)] -= 1
        yield one, known[key(one)] < 0


def _alike(one: Diagnostic) -> Hashable:
    """Return what stays of a finding when its author moves lines about."""
    return one.reason, one.severity, _AT.sub("", one.field), _AT.sub("", one.says)


def _place(one: Diagnostic) -> Hashable:
    """Return where something is lost: to whom and how is the same to who loses it."""
    return one.about, one.field


def _kind(one: Diagnostic) -> Hashable:
    return one.about, one.field, one.reason


def _clipped(some: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return the findings as the API server passes warnings on."""
    return tuple(_warning(one) for one in _few([_sentence(one) for one in some], MOST_WARNINGS))


def _sentence(one: Diagnostic) -> str:
    hint = f" ({one.hint})" if one.hint else ""
    return f"{one.about}: {one.field}: {one.says}{hint} [{one.reason}]"


def _warning(text: str) -> str:
    return text if len(text) <= LONGEST_WARNING else f"{text[: LONGEST_WARNING - 1]}…"


def _few(sentences: Iterable[str], most: int) -> tuple[str, ...]:
    every = tuple(sentences)
    return every if len(every) <= most else (*every[: most - 1], f"and {len(every) - most + 1} more")
