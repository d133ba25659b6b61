"""What opens the admin port: the operator's settings and the cluster become the keys of ``web.gate``."""

import logging
from typing import Any

from painless.controller.ports import Clock
from painless.kube.client import Client
from painless.kube.reviews import Reviews
from painless.observe import logs
from painless.settings import Admin
from painless.web.gate import Keys
from painless.web.port import Port
from painless.web.tokens import TokenFile


def port_of(admin: Admin | None, client: Client | None, clock: Clock) -> Port | None:
    """Return the admin port, if there is to be one; ``client`` knows who others are, where it is exposed."""
    if admin is None:
        return None
    file = TokenFile(admin.token_file, _tokens) if admin.token_file else None
    asks = client is not None and not admin.loopback
    keys: Keys[Any] = Keys(file, Reviews(client, clock.now, _reviews) if asks and client else None)
    if not admin.loopback and admin.pair is None:
        then = "tokens pass the network in plain text"
        logs.event("admin_without_tls", level=logging.WARNING, address=admin.host, then=then)
    return Port(admin, keys, clock.now)


def _tokens(problem: str) -> None:
    if problem:
        logs.event("admin_tokens_unusable", level=logging.ERROR, problem=problem)
    else:
        logs.event("admin_tokens_read")


def _reviews(problem: str) -> None:
    if problem:
        logs.event("admin_reviews_unavailable", level=logging.WARNING, problem=problem)
    else:
        logs.event("admin_reviews_available")
