"""What the controller knows of itself, as values: for the health port, metrics and logs."""

from msgspec import Struct

from painless.compiler import Compiled
from painless.model.diagnostics import Diagnostic
from painless.nginx.generation import Generation


class Picture(Struct, frozen=True):
    """The state of the loop; ``ready`` once a generation serves and its endpoints were resolved."""

    compiled: Compiled | None = None
    live: Generation | None = None
    ready: bool = False
    from_source: tuple[Diagnostic, ...] = ()
    from_endpoints: tuple[Diagnostic, ...] = ()
    from_nginx: tuple[Diagnostic, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        compiled = self.compiled.diagnostics if self.compiled else ()
        return tuple(sorted({*self.from_source, *compiled, *self.from_endpoints, *self.from_nginx}))
