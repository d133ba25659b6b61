"""What the controller is given: the world through its ports, and what the operator decided."""

from collections.abc import Callable
from typing import NamedTuple

from painless.compiler.options import Options
from painless.controller.ports import Clock, NginxPort, ResponderPort
from painless.controller.telling import Listener


class Reach(NamedTuple):
    """Who may be a pod: one on loopback perhaps; ``is_own`` tells the machine's other addresses.

    In a ``zone`` pods that are hinted for it come first; empty where hints do not count.
    """

    allow_loopback: bool
    is_own: Callable[[str], bool]
    zone: str = ""


class Outside(NamedTuple):
    """Everything that is not the controller's own."""

    nginx: NginxPort
    responder: ResponderPort
    clock: Clock
    options: Options
    listener: Listener
    reach: Reach
