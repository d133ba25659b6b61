"""A request, walked to its end: what answers it, what it meets on the way, and who else wanted it."""

from msgspec import Struct, structs

from painless.compiler.lower_canary import markers
from painless.compiler.lower_locations import pattern_of
from painless.compiler.site import NOBODY, Location, Modifier, Proxy, Server
from painless.explain.answer import Explanation, Place, Source
from painless.explain.asked import Request
from painless.explain.outcomes import Run, outcomes, passed_on
from painless.explain.rivals import rivals
from painless.explain.scene import Known, Scene, scene
from painless.explain.sources import Sources, of_origin
from painless.explain.steps import steps
from painless.explain.values import Values
from painless.explain.walk import Walk
from painless.features.canary import WHOLE

_MOST_LOST = 20  # Rules that are listed; the rest is counted.
_PARTS = (0, WHOLE - 1)
"""The parts that belong to a canary first and last: what ends alike for both has no chance in it."""
_PASSWORD = ("authorization", "Basic ")


def request(known: Known, asked: Request) -> Explanation:
    """Return what happens to a request."""
    here = scene(known, asked)
    server = _server(here, asked)
    if here.passed_on:
        return Explanation(
            method=asked.method,
            url=asked.url,
            answer=(only := passed_on(here, known)).says,
            served=True,
            outcomes=(only,),
            server=server,
        )
    runs = _runs(here, asked, known)
    walk = runs[0].walk
    location = _location(here, walk)
    found = outcomes(runs, here, known, location)
    # What a server answers before it looks for a path is nobody's to win.
    lost = rivals(known, here, asked, location) if walk.first else ()
    behind = _beyond(here, asked, known, runs)
    let_in = (behind or runs)[0]
    return Explanation(
        method=asked.method,
        url=asked.url,
        answer="; ".join(one.says for one in found),
        served=not isinstance(here.site, Server)
        or (location is not None and location.route.origin != NOBODY),
        outcomes=found,
        beyond=outcomes(behind, here, known, location) if behind else (),
        server=server,
        location=_place(walk, location),
        way=steps(walk, let_in.walk, let_in.ending, Sources(known.snapshot, here, location)),
        lost=lost[:_MOST_LOST],
        more_lost=max(0, len(lost) - _MOST_LOST),
        unclear=tuple(dict.fromkeys(one for run in runs for one in run.walk.unclear)),
    )


class _Files(Struct, frozen=True):
    """Says whether a file is there: those of canaries' shares, and of Services without pods."""

    down: str
    hot: str
    parts: frozenset[str]
    nobody: frozenset[str]

    def __call__(self, path: str) -> bool | None:
        if path.startswith(self.down):
            return path.removeprefix(self.down) in self.nobody
        return path.removeprefix(self.hot) in self.parts if path.startswith(self.hot) else None


def _files(known: Known, here: Scene) -> _Files:
    locations = here.site.locations if isinstance(here.site, Server) else ()
    answers = (one.route.answer for one in locations)
    arms = (one.canary for one in answers if isinstance(one, Proxy) and one.canary)
    nobody = frozenset(name for name, peers in known.peers.items() if not peers)
    state = here.options.state
    return _Files(
        f"{state}/down/", f"{state}/hot/", frozenset(at for one in arms for at in markers(one)), nobody
    )


def _runs(here: Scene, asked: Request, known: Known) -> tuple[Run, ...]:
    files = _files(known, here)
    return tuple(_run(here, asked, files, part) for part in _PARTS)


def _run(here: Scene, asked: Request, files: _Files, part: int) -> Run:
    walk = Walk(here.http, here.server, Values(here.http, asked, here.ports, part), files)
    ending = walk.end()
    if ending.upstream in files.nobody:
        ending = walk.failed(ending)
    return Run(walk, ending)


def _beyond(here: Scene, asked: Request, known: Known, runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Return the walks of somebody who is let in, where this request is not."""
    if not any(run.refused for run in runs):
        return ()
    headers = (*(one for one in asked.headers if one[0] != "authorization"), _PASSWORD)
    return _runs(here, structs.replace(asked, headers=headers, client="", certificate=True), known)


def _server(here: Scene, asked: Request) -> Place:
    site = here.site
    if not isinstance(site, Server):
        says = f"{site.name}, which redirects to the same host with or without www."
        return Place(says, f"{site.name} is nobody's host", of_origin(site.origin))
    if not site.host:
        return Place("the catch-all", f"no rule has the host {asked.host}", Source("painless"))
    if asked.host == site.host:
        why = "a rule has this host"
    elif asked.host in site.names:
        why = f"{asked.host} is an alias of {site.host}"
    else:
        why = f"{site.host} stands for one label, and no rule has {asked.host} itself"
    return Place(site.host, why, of_origin(site.origin) if site.origin else Source("painless"))


def _location(here: Scene, walk: Walk) -> Location | None:
    """Return what of the site the location is that the path was found in."""
    if walk.first is None or not isinstance(here.site, Server):
        return None
    return next((one for one in here.site.locations if pattern_of(one) == walk.first.args), None)


_WHY = {
    Modifier.EXACT: "the path is exactly this",
    Modifier.PREFIX: "the longest prefix of the path",
    Modifier.REGEX: "the first expression that matches: longer ones are asked first",
}


def _place(walk: Walk, location: Location | None) -> Place | None:
    if walk.first is None:
        return None
    if location is None:
        words = " ".join(getattr(one, "text", getattr(one, "pattern", "")) for one in walk.first.args)
        return Place(f"location {words}", "Painless or a snippet has it", Source("painless"))
    route = location.route
    says = " ".join(filter(None, ("location", location.modifier.value, location.pattern)))
    why = _WHY[location.modifier]
    if route.origin == NOBODY:
        return Place(says, "no rule has the path", Source("painless"))
    if route.implicit:
        why = "no rule has the path; the host's oldest Ingress answers"
    return Place(says, why, of_origin(route.origin, f"{route.path_type} {route.path}"))
