"""What the demo shows: a live picture in a terminal, lines of text anywhere else.

Pure but for ``Stage``: from tallies, figures and pods to something rich can print.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from painless.demo.clients import Tally
from painless.demo.ports import LOOPBACK
from painless.demo.process import Doors, Figures
from painless.demo.shop import API, CHAT, SHOP
from painless.demo.verdict import Check

REMEMBERED = 8  # events in the live picture: it must fit a terminal of 24 lines with the rest
LINE_EVERY = 5.0  # seconds between two lines of figures where there is no live picture
KEY = "cGFpbmxlc3MgZGVtbyAhIQ=="  # any 16 bytes do; these say what they are


class Stage:
    """Where the demo is shown."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._events: deque[str] = deque(maxlen=REMEMBERED)
        lively = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if lively else None
        self._printed = 0.0

    def say(self, text: str = "") -> None:
        """Print a line that stays; never wrapped, so that commands can be copied."""
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)

    def begin(self) -> None:
        if self._live:
            self._live.start()

    def end(self) -> None:
        if self._live:
            self._live.stop()

    def event(self, elapsed: float, text: str) -> None:
        line = f"{elapsed:6.1f} s  {text}"
        self._events.append(line)
        if not self._live:
            self.say(line)

    def show(
        self, elapsed: float, tallies: Sequence[Tally], figures: Figures, pods: Mapping[str, int]
    ) -> None:
        """Show the present state: drawn anew in a terminal, elsewhere as a line now and then."""
        if self._live:
            self._live.update(picture(tallies, figures, pods, self._events), refresh=True)
        elif elapsed - self._printed >= LINE_EVERY:
            self._printed = elapsed
            self.say(f"{elapsed:6.1f} s  {line_of(tallies, figures)}")


def line_of(tallies: Iterable[Tally], figures: Figures) -> str:
    requests = sum(one.requests for one in tallies)
    failed = sum(one.failed for one in tallies)
    return (
        f"{requests} requests, {failed} failed, {figures.endpoint_updates} endpoint updates, "
        f"{figures.reloads} reloads, generation {figures.generation[:8] or '-'}"
    )


def picture(
    tallies: Iterable[Tally], figures: Figures, pods: Mapping[str, int], events: Iterable[str]
) -> RenderableType:
    hosts = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("host", "requests", "failed"):
        hosts.add_column(name, justify="left" if name == "host" else "right")
    hosts.add_column("newest pods")
    for one in tallies:
        failed = Text(str(one.failed), style="bold red" if one.failed else "green")
        hosts.add_row(one.host, str(one.requests), failed, ", ".join(list(one.pods)[-4:]))
    state = Text.assemble(
        ("reloads ", "dim"), (str(figures.reloads), "bold"),
        ("   endpoint updates ", "dim"), (str(figures.endpoint_updates), "bold"),
        ("   diagnostics ", "dim"), (str(figures.diagnostics), "bold"),
        ("   generation ", "dim"), (figures.generation[:8] or "-", "bold"),
    )  # fmt: skip
    running = Text("   ".join(f"{service} {number}" for service, number in pods.items()))
    return Group(hosts, Text(), state, Text("pods     ", style="dim") + running, Text(), *map(Text, events))


def invitation(doors: Doors, folder: Path) -> tuple[str, ...]:
    """Return what to try, as commands that work as they are printed."""
    api, shop = doors.url(API), doors.url(SHOP, "/cart")
    upgrade = f"-H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: {KEY}'"
    canary = folder / "manifests" / "api-canary.yaml"
    return (
        f"Painless serves {folder}/manifests with a real NGINX on loopback. Open in a browser:",
        "",
        f"  http://{LOOPBACK}:{doors.admin}/   # what is served, by which pods, and what each change did",
        "",
        "Try in another terminal:",
        "",
        f"  curl --cacert {folder}/shop.pem {shop}",
        f"  curl -i http://{SHOP}:{doors.http}/cart   # redirects to HTTPS",
        f"  for i in $(seq 20); do curl -s {api} | head -1; done | sort | uniq -c   # the canary's share",
        f"  curl -i -m 1 -H 'Connection: Upgrade' {upgrade} {doors.url(CHAT)}   # 101: a WebSocket",
        f"  sed -i \"s/canary-weight: .*/canary-weight: '50'/\" {canary}   # is served at once",
        f"  curl -s {doors.own('/metrics')} | grep ^painless",
        "",
    )


def summary(checks: Iterable[Check]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    for one in checks:
        mark = Text("ok", style="green") if one.held else Text("FAILED", style="bold red")
        table.add_row(mark, one.promise, Text(one.seen, style="" if one.held else "red"))
    return table
