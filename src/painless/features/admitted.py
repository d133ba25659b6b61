"""Which Ingresses are taken at all, by what their annotations are.

``annotations-risk-level`` of the ConfigMap is the most dangerous kind of annotation that counts: ``Low``,
``Medium``, ``High`` (the default) or ``Critical``, which snippets are.  ``annotation-value-word-blocklist``
lists texts that no value of an annotation may have in it.  An Ingress that goes beyond one of them is not
taken: its state from before is served on, and without one it is left out.

``allow-cross-namespace-resources: "true"`` lets annotations name Secrets and ConfigMaps of other namespaces.
"""

from painless.annotations.base import CROSSING, Defaults, Key, Setting, setting
from painless.annotations.decode import Rejected, one_of, shown
from painless.annotations.risks import LEVELS, RISKS, exceeds
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress


def _words(text: str) -> tuple[str, ...] | Rejected:
    if not text.isprintable():
        return Rejected("a comma separated list of texts without control characters")
    return tuple(filter(None, (one.strip() for one in text.split(","))))


RISK = Setting(
    "annotations-risk-level",
    one_of(*LEVELS),
    "High",
    "The most dangerous kind of annotation that an Ingress may have.",
    "Critical",
    salvage=lambda _: LEVELS[0],
    instead=f"{LEVELS[0]} is used",
)
WORDS: Setting[tuple[str, ...]] = Setting(
    "annotation-value-word-blocklist",
    _words,
    (),
    "Texts that no value of an annotation may have in it.",
    "load_module,lua_package",
    longest=262_144,
)
KEYS: tuple[Key[str], ...] = ()
SETTINGS = (RISK, WORDS, CROSSING)


def refusal(ingress: Ingress, prefix: str, defaults: Defaults) -> Diagnostic | None:
    """Return why an Ingress is not taken, if it is not."""
    level, words = setting(defaults, RISK), setting(defaults, WORDS)
    for name, value in ingress.annotations:
        if not name.startswith(f"{prefix}/"):
            continue
        short = name.removeprefix(f"{prefix}/")
        if exceeds(short, level):
            says = f"{short} is of risk {RISKS[short]}, and {RISK.name} is {level}"
            return _found(ingress, name, Reason.RISK_TOO_HIGH, says)
        if word := next((one for one in words if one in value), ""):
            says = f"{short} has {shown(word)} in it, which {WORDS.name} forbids"
            return _found(ingress, name, Reason.FORBIDDEN_WORD, says)
    return None


def _found(ingress: Ingress, name: str, reason: Reason, says: str) -> Diagnostic:
    hint = "its state from before is served on; without one it is left out"
    about = ingress.ref, f"metadata.annotations[{name}]"
    return Diagnostic(*about, reason, Severity.REJECTED, says, hint)
