"""What a dashboard is, as values: rows of panels, each with its queries and what it tells."""

from typing import NamedTuple

from msgspec import Struct

GRAPH, STAT, TABLE, HEATMAP, STATES = "timeseries", "stat", "table", "heatmap", "state-timeline"
"""Grafana's names for the kinds of panels that we use."""

FULL = 24
"""Columns of Grafana's grid."""

GOOD, WARN, BAD = "green", "orange", "red"

SELECTED = (
    'controller_pod=~"$controller",controller_class=~"$controller_class",controller_namespace=~"$namespace"'
)
"""What variables leave of metrics that name the controller."""
ONES = 'instance=~"$instance"'
"""The same of all others: the variable has the instances of the chosen controllers."""
CHOSEN = f'{SELECTED},exported_namespace=~"$exported_namespace",ingress=~"$ingress",host=~"$host"'
"""What variables leave of metrics about requests."""

POD = "{{pod}} {{instance}}"
"""Whose series it is; only a Prometheus in a cluster knows the Pod."""
RATE = "$__rate_interval"
SHOWN = "$__range"


class Query(NamedTuple):
    """``legend`` names each series; in tables it is the column's."""

    expr: str
    legend: str = ""


class Panel(Struct, frozen=True):
    """One picture: ``about`` says how to read it, ``alerts`` whose runbooks belong to it.

    ``steps`` are the values from which on it has a colour.  ``needs`` names what has to be there beside
    Painless, so that it is not empty.  ``none`` is shown where nothing has happened yet.
    """

    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = GRAPH
    width: int = 12
    height: int = 8
    alerts: tuple[str, ...] = ()
    steps: tuple[tuple[float, str], ...] = ()
    stacked: bool = False
    most: float | None = None
    none: str = ""
    needs: str = ""


class Row(NamedTuple):
    """Panels that answer one question."""

    title: str
    panels: tuple[Panel, ...]


class Variable(NamedTuple):
    """A choice at the top: the values that ``label`` has in ``metric``.

    With ``every`` set that is what "All" stands for, otherwise all values by name.
    """

    name: str
    title: str
    metric: str
    label: str
    every: str = ".*"
    hidden: bool = False


class Dashboard(Struct, frozen=True):
    """One page of Grafana's; ``uid`` stays, since links have it."""

    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]


_BUILD = "nginx_ingress_controller_build_info"
CONTROLLERS = (
    Variable("namespace", "Namespace", _BUILD, "controller_namespace"),
    Variable(
        "controller_class",
        "Controller class",
        f'{_BUILD}{{controller_namespace=~"$namespace"}}',
        "controller_class",
    ),
    Variable(
        "controller",
        "Controller",
        f'{_BUILD}{{controller_namespace=~"$namespace",controller_class=~"$controller_class"}}',
        "controller_pod",
    ),
    Variable("instance", "Instance", f"{_BUILD}{{{SELECTED}}}", "instance", every="", hidden=True),
)
"""Who is looked at; the names are those of ingress-nginx's dashboard, so that links to it fit."""

_REQUESTS = f"nginx_ingress_controller_requests{{{SELECTED}}}"
REQUESTS = (
    Variable("exported_namespace", "Namespace of the Ingress", _REQUESTS, "exported_namespace"),
    Variable("ingress", "Ingress", _REQUESTS, "ingress"),
    Variable("host", "Host", _REQUESTS, "host"),
)
"""Which requests are looked at."""


def quantile(share: float, metric: str, by: str = "") -> str:
    """Return the query for a share of a histogram's values; ``by`` is what tells series apart."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({metric}[{RATE}])))"
