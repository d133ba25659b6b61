"""What a folder leaves out and a cluster would have: taken as there, so that a report is about the Ingresses.

Only whole kinds are assumed.  A folder that has Services and lacks one says something; a folder without any
is a folder of Ingresses.  Each assumption is a note of the report.
"""

from collections.abc import Iterable, Iterator

from painless.migrate.workload import Asked
from painless.model.objects import (
    Ingress,
    IngressClass,
    Object,
    ResourceBackend,
    Secret,
    Service,
    ServiceBackend,
    ServicePort,
)
from painless.sensitive import Sensitive

_PORT = 80  # For a port that is named: its number shows nowhere but in the upstream.
_NOBODY = Sensitive(b"nobody:!")
"""A list of users that lets nobody in."""


def assume(objects: Iterable[Object], asked: Asked) -> tuple[tuple[Object, ...], tuple[str, ...]]:
    """Return the objects with those that are assumed, and what to say about it."""
    given = tuple(objects)
    ingresses = [one for one in given if isinstance(one, Ingress)]
    kinds = {type(one) for one in given}
    added: list[Object] = []
    notes: list[str] = []
    if IngressClass not in kinds:
        added.append(IngressClass(asked.ingress_class, asked.controller_class))
        notes.append(
            f"There is no IngressClass; {asked.ingress_class} is taken to be the old controller's, and "
            "Ingresses of other classes as somebody else's."
        )
    if Service not in kinds:
        added.extend(_services(ingresses))
        notes.append("There are no Services; those that Ingresses name are taken to be there.")
    if Secret not in kinds:
        added.extend(_users(ingresses, f"{asked.prefix}/auth-secret"))
        notes.append(
            "There are no Secrets, so certificates, authorities and lists of users were not looked at."
        )
    if ingresses and all(one.created == 0 for one in ingresses):
        notes.append(
            "No Ingress has a creationTimestamp, so who is older was decided by names; kubectl get -o yaml "
            "writes it."
        )
    return (*given, *added), tuple(notes)


def _services(ingresses: Iterable[Ingress]) -> Iterator[Service]:
    ports: dict[tuple[str, str], set[int | str]] = {}
    for ingress in ingresses:
        for backend in _backends(ingress):
            ports.setdefault((ingress.namespace, backend.name), set()).add(backend.port)
    for (namespace, name), numbers in ports.items():
        made = tuple(
            ServicePort(one, f"p{one}") if isinstance(one, int) else ServicePort(_PORT, one)
            for one in sorted(numbers, key=str)
        )
        yield Service(namespace, name, ports=made)


def _backends(ingress: Ingress) -> Iterator[ServiceBackend]:
    each = (ingress.default_backend, *(path.backend for rule in ingress.rules for path in rule.paths))
    yield from (one for one in each if one is not None and not isinstance(one, ResourceBackend))


def _users(ingresses: Iterable[Ingress], annotation: str) -> Iterator[Secret]:
    wanted = {
        (one.namespace, text) for one in ingresses for name, text in one.annotations if name == annotation
    }
    for namespace, text in sorted(wanted):
        space, _, name = text.strip().rpartition("/")
        yield Secret(space or namespace, name, data=(("auth", _NOBODY),))
