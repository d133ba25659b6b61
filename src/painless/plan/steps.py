"""The closed union of steps, each safe to be the last one performed."""

from msgspec import Struct

from painless.nginx.generation import Generation
from painless.sensitive import Sensitive


class Stage(Struct, frozen=True):
    """Write a generation's cold files into a folder of its own, complete before it has its name."""

    generation: Generation


class Verify(Struct, frozen=True):
    """Have NGINX test the staged generation; NGINX may refuse it here."""

    id: str


class PutHot(Struct, frozen=True):
    """Write one hot file, in one atomic move; NGINX uses it from the next request or handshake on."""

    path: str
    content: Sensitive


class DropHot(Struct, frozen=True):
    """Remove one hot file that nothing running may open as a file: a marker."""

    path: str


class Switch(Struct, frozen=True):
    """Make the generation the one that NGINX loads next: one atomic move of the ``current`` link."""

    id: str


class Start(Struct, frozen=True):
    """Start NGINX on what ``current`` names; does nothing when it runs."""


class Reload(Struct, frozen=True):
    """Tell NGINX to load what ``current`` names."""


class Await(Struct, frozen=True):
    """Wait until every worker that is not on its way out runs the generation; it may be refused here."""

    id: str


class Resolve(Struct, frozen=True):
    """Wait until NGINX has asked for these upstreams' names and been answered."""

    upstreams: frozenset[str]


class Renew(Struct, frozen=True):
    """Have NGINX's binary on the disk load what ``current`` names, beside the one that runs.

    Unless ``Retire`` follows in the same plan, the one that ran before stays and the new one goes.
    """


class Retire(Struct, frozen=True):
    """End the NGINX that ran before ``Renew``, once its requests are over."""


Step = Stage | Verify | PutHot | DropHot | Switch | Start | Reload | Await | Resolve | Renew | Retire


class Applied(Struct, frozen=True):
    """All steps were performed."""


class Refused(Struct, frozen=True):
    """NGINX said no at this step; what it wrote."""

    step: Step
    output: str


Outcome = Applied | Refused
