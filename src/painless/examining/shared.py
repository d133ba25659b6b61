"""What the controller tells the process that looks; what it gets back is a report of the doctor."""

from msgspec import Struct

from painless.controller.status import Status


class Orders(Struct, frozen=True):
    """What is to be looked at: the state directory, NGINX's master, and how the controller stands.

    ``rules`` is the file of silences and limits; empty for none.
    """

    state: str
    master: int | None
    status: Status
    rules: str = ""
