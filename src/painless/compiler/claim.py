"""Which Ingresses are ours: the class rules of ingress-nginx."""

from painless.compiler.options import Options
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress
from painless.model.snapshot import Snapshot

_ANNOTATION = "kubernetes.io/ingress.class"


def claim(snapshot: Snapshot, options: Options) -> tuple[tuple[Ingress, ...], tuple[Diagnostic, ...]]:
    """Return the Ingresses we serve, in precedence, and what is odd about others.

    ``spec.ingressClassName`` decides when present, else the old annotation, else
    ``--watch-ingress-without-class``.
    """
    ours: list[Ingress] = []
    diagnostics: list[Diagnostic] = []
    for ingress in snapshot.ingresses:
        if is_ours(ingress, snapshot, options):
            if ingress.default_backend is None or options.catch_all:
                ours.append(ingress)
            else:
                diagnostics.append(_refused(ingress))
        elif _names_no_class(ingress, snapshot, options):
            diagnostics.append(_unknown_class(ingress, options))
    return tuple(ours), tuple(diagnostics)


def is_ours(ingress: Ingress, snapshot: Snapshot, options: Options) -> bool:
    """Whether the Ingress is of a class that we serve."""
    if ingress.class_name and options.read_classes:
        found = snapshot.classes.get(ingress.class_name)
        if found is None:
            return False
        by_name = options.class_by_name and found.name == options.ingress_class
        return by_name or found.controller == options.controller_class
    if ingress.class_name and options.class_by_name:
        return ingress.class_name == options.ingress_class
    annotated = next((value for key, value in ingress.annotations if key == _ANNOTATION), None)
    return options.watch_without_class if annotated is None else annotated == options.ingress_class


def _names_no_class(ingress: Ingress, snapshot: Snapshot, options: Options) -> bool:
    named = bool(ingress.class_name) and options.read_classes
    return named and ingress.class_name not in snapshot.classes


def _unknown_class(ingress: Ingress, options: Options) -> Diagnostic:
    return Diagnostic(
        ingress.ref,
        "spec.ingressClassName",
        Reason.CLASS_NOT_FOUND,
        Severity.WARNING,
        f"found {ingress.class_name}, expected the name of an IngressClass that exists",
        f"an IngressClass with controller: {options.controller_class} makes it ours",
    )


def _refused(ingress: Ingress) -> Diagnostic:
    return Diagnostic(
        ingress.ref,
        "spec.defaultBackend",
        Reason.CATCH_ALL_REFUSED,
        Severity.REJECTED,
        "found a default backend, which --disable-catch-all does not allow",
        "the Ingress is left out",
    )
