"""What an alert is: a rule of Prometheus', and the page for whoever it wakes."""

from typing import NamedTuple

from msgspec import Struct

WHERE = "{{ with $labels.pod }}{{ . }}{{ else }}{{ $labels.instance }}{{ end }}"
"""The Pod, which only a Prometheus in a cluster knows."""
OWN = "exported_namespace, namespace"
"""The namespace that a series names, by its label: a Prometheus that knows the Pod's calls it exported."""
NAMESPACE = "{{ with $labels.exported_namespace }}{{ . }}{{ else }}{{ $labels.namespace }}{{ end }}"

CRITICAL, WARNING, INFO = "critical", "warning", "info"


class Look(NamedTuple):
    """Something to ask, a command or a query, and what its answer tells."""

    ask: str
    tells: str


class Alert(Struct, frozen=True):
    """One rule: ``after`` is how long ``expr`` has to hold, empty for none.

    ``needs`` names who else has to be scraped.  ``means``, ``look`` and ``do`` are the page.
    """

    name: str
    expr: str
    severity: str
    summary: str
    means: str
    look: tuple[Look, ...]
    do: tuple[str, ...]
    after: str = ""
    needs: str = ""


class Group(NamedTuple):
    """Alerts about one thing, as Prometheus evaluates them together."""

    name: str
    about: str
    alerts: tuple[Alert, ...]


STATUS = Look("kubectl painless status", "capacity, accept queues, generations, findings and what is wrong")
EVENTS = Look("kubectl get events --all-namespaces --field-selector type=Warning", "who was told what")
