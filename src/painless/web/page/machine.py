"""The way to NGINX and how many can come: accept queues by listener and worker, capacity, what fits."""

from collections.abc import Iterator

from painless.controller.status import CapacityStatus, OverflowStatus, QueueStatus
from painless.observe.quantities import span
from painless.web.page.frame import Page
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import badge, facts, meter, nothing, section, share, table
from painless.web.page.seen import Ask, View


def queues(view: View, _: Ask) -> Page:
    return Page("Accept queues", several(_queues(view)), "/queues")


def capacity(view: View, _: Ask) -> Page:
    return Page("Capacity", several(_capacity(view)), "/capacity")


def _queues(view: View) -> Iterator[Html]:
    status = view.seen.status
    yield el("h1", "Accept queues")
    yield el(
        "p",
        "Connections that the kernel has and no worker yet. A queue that is full drops those that come.",
        class_="lead",
    )
    for one in status.overflows:
        yield _overflow(one)
    if not status.queues:
        yield nothing("They cannot be seen: NGINX does not run here, or the kernel does not say.")
        return
    heads = ("Listener", "Worker", "Waiting", "Most in 60 s", "Limit", "", "Dropped")
    rows = map(_queue, status.queues)
    made = table(heads, rows, caption="Accept queues", key="queue-rows", numbers=(2, 3, 4, 6))
    yield section("queues", "By listener and worker", made)


def _queue(one: QueueStatus) -> tuple[Child, ...]:
    says = f"at most {one.longest:,} of {one.limit or 0:,} in the last minute"
    bar = meter(one.longest, one.limit, says) if one.limit else ""
    drops: Child = "?" if one.drops is None else el("span", one.drops, class_="bad" if one.drops else None)
    limit: Child = "?" if one.limit is None else one.limit
    return el("code", one.listen), one.worker, one.depth, one.longest, limit, bar, drops


def _overflow(one: OverflowStatus) -> Html:
    return el(
        "div",
        el("h2", el("code", one.listen), " drops connections"),
        el("p", f"{one.drops:,} in {span(one.seconds)}: {one.cause}, {one.evidence}."),
        el("p", one.remedy, class_="hint"),
        class_="verdict bad",
    )


def _capacity(view: View) -> Iterator[Html]:
    status = view.seen.status
    yield el("h1", "Capacity")
    if status.capacity is None:
        yield nothing("NGINX does not run.")
    else:
        yield from _limits(status.capacity)
    if status.fit:
        rows = ((el("code", one.directive), str(one.value), one.because) for one in status.fit)
        made = table(("Directive", "Value", "Because"), rows, caption="Fitted to the machine", key="fit-rows")
        yield section("fit", "Fitted to the machine", made)


def _limits(one: CapacityStatus) -> Iterator[Html]:
    if one.connections is None:
        yield facts(("Clients", one.clients), ("At most", "not known"))
        return
    says = f"{one.clients:,} of {one.connections:,} clients"
    yield el(
        "div",
        el("p", el("strong", one.clients), f" of {one.connections:,} clients", class_="figure"),
        meter(one.clients, one.connections, says),
        el("p", f"{share(one.used_ratio or 0.0)} in use. What ends first is {one.binding}.", class_="hint"),
        class_="tile wide",
    )
    rows = (
        (
            several(
                el("code", limit.name),
                " ",
                badge("ends first", "warn") if limit.name == one.binding else None,
            ),
            limit.connections,
            meter(one.clients, limit.connections, f"{one.clients:,} of {limit.connections:,} clients"),
            limit.because,
        )
        for limit in one.limits
    )
    made = table(("Limit", "Clients", "", "Because"), rows, caption="Limits", key="limit-rows", numbers=(1,))
    yield section("limits", "Limits, the narrowest first", made)
