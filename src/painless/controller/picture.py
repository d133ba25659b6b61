"""What the controller knows of itself, as values: for the health port, metrics and logs."""

from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from painless.compiler import Compiled
from painless.compiler.site import Site
from painless.model.diagnostics import Diagnostic
from painless.nginx.generation import Generation
from painless.plan.workers import GenerationState

Findings = tuple[Diagnostic, ...]


class Picture(Struct, frozen=True):
    """The state of the loop; ``ready`` once a generation serves and its endpoints were resolved.

    ``held_earlier`` and ``held_out`` count the objects that NGINX refuses: those of which an earlier state is
    served, and those that are left out.  ``generations`` are what NGINX's workers ran when they
    were seen last.  ``governor`` says what a change waits for, if one does.
    ``failing`` says why the last round came to nothing, if it did.
    """

    compiled: Compiled | None = None
    live: Generation | None = None
    ready: bool = False
    held_earlier: int = 0
    held_out: int = 0
    from_source: Findings = ()
    from_endpoints: Findings = ()
    from_nginx: Findings = ()
    generations: tuple[GenerationState, ...] = ()
    from_governor: Findings = ()
    from_closing: Findings = ()
    governor: str = ""
    failing: str = ""

    @property
    def parts(self) -> tuple[Findings, ...]:
        """The findings by who found them; no two have one in common, since each has reasons of its own."""
        compiled = self.compiled.diagnostics if self.compiled else ()
        outside = self.from_governor, self.from_closing
        return self.from_source, compiled, self.from_endpoints, self.from_nginx, *outside

    @property
    def diagnostics(self) -> Findings:
        return tuple(one for part in self.parts for one in part)


class Shown:
    """The picture at the moment; ``diagnosed`` hears of the findings that come and go."""

    def __init__(self, diagnosed: Callable[[Iterable[Diagnostic], Iterable[Diagnostic]], None]) -> None:
        self.picture = Picture()
        self.served = False
        self.sites: dict[str, Site] = {}
        """What was compiled, by generation, until whoever samples forgets it: old workers still run it."""
        self._diagnosed = diagnosed

    @property
    def live(self) -> Generation | None:
        return self.picture.live

    def show(self, **changed: object) -> None:
        if all(getattr(self.picture, name) is value for name, value in changed.items()):
            return
        before = self.picture.parts
        self.picture = structs.replace(self.picture, **changed)
        if (compiled := self.picture.compiled) is not None:
            self.sites[compiled.generation.id] = compiled.site
        self.served = self.served or self.picture.ready
        new: set[Diagnostic] = set()
        gone: set[Diagnostic] = set()
        for old, now in zip(before, self.picture.parts, strict=True):
            # Tuples of what is the same object are compared by identity, so this is quick for what stayed.
            if old is not now and old != now:
                new |= set(now).difference(old)
                gone |= set(old).difference(now)
        if new or gone:
            self._diagnosed(new, gone)
