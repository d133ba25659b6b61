"""What the controller is given: the world through its ports, and what the operator decided."""

from typing import NamedTuple

from painless.compiler.options import Options
from painless.controller.ports import Clock, NginxPort, ResponderPort
from painless.controller.telling import Listener


class Outside(NamedTuple):
    """Everything that is not the controller's own."""

    nginx: NginxPort
    responder: ResponderPort
    clock: Clock
    options: Options
    listener: Listener
    allow_loopback: bool
