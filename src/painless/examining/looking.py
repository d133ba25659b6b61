"""One look: of what the controller says of itself, of NGINX and of its machine."""

from pathlib import Path

import msgspec
from msgspec import structs

from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.run import Report, run
from painless.examining.shared import Orders


def answer(orders: bytes) -> bytes:
    """Return the report that orders ask for, both as JSON."""
    return msgspec.json.encode(_examined(msgspec.json.decode(orders, type=Orders)))


def _examined(orders: Orders) -> Report:
    no_pid = "NGINX does not run"
    gathered = gather(Asked(pid=orders.master, state=Path(orders.state), status=orders.status, no_pid=no_pid))
    return structs.replace(run(CHECKS, gathered.facts, orders.limits), problems=gathered.problems)
