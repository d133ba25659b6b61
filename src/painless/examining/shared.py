"""What the controller tells the process that looks; what it gets back is a report of the doctor."""

from collections.abc import Mapping

from msgspec import Struct

from painless.controller.status import Status


class Orders(Struct, frozen=True):
    """What is looked at: the state directory, NGINX's master, how the controller stands; by which limits."""

    state: str
    master: int | None
    status: Status
    limits: Mapping[str, float] = {}
