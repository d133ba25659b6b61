"""Choose how requests are dealt to the pods of a Service.

``load-balance`` is ``round_robin`` (default), ``ewma``: the pod that answers fastest, ``least_conn``: the one
with the fewest requests under way, or ``ip_hash``: the same pod for the same client address.

``upstream-hash-by: "$request_uri"`` sends equal values of an expression to the same pod; when pods come or
go only their share moves.  It takes variables that read the request.  ``upstream-hash-by-subset: "true"``
gives each value a few pods (``upstream-hash-by-subset-size``, default 3) and deals its requests to them.

A cookie decides first (``affinity``), then ``upstream-hash-by``, then ``load-balance``.  A canary is balanced
by its own annotations.

Differs from ingress-nginx: ``ewma`` is NGINX's ``least_time header``: of all pods, not of two drawn by lot,
the one with the shortest average time until its answer begins and the fewest requests under way (before NGINX
1.31 it is ``least_conn``).  ``least_conn`` and ``ip_hash`` are honoured, not taken for round robin.  The pods
of a subset are drawn for each value one by one, so they may be fewer than its size.

Writes ``least_time``, ``least_conn`` or ``hash … consistent`` into an upstream of its own, and a map.
"""

import hashlib
from enum import StrEnum

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import Rejected, boolean, matching, one_of, whole_number, with_variables
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr, Var, expr

LOAD_BALANCE = Key(
    "load-balance",
    one_of("round_robin", "ewma", "least_conn", "ip_hash"),
    default="round_robin",
    doc="How requests are dealt to pods.",
    example="ewma",
    scope=Scope.UPSTREAM,
    config="load-balance",
)

_text = matching(r"[-A-Za-z0-9_${}]+", "letters, digits, - and _, and variables such as $request_uri")


def _expression(text: str) -> Expr | Rejected:
    checked = _text(text)
    if isinstance(checked, Rejected):
        return checked
    found = with_variables(checked)
    if isinstance(found, Expr) and not any(isinstance(one, Var) for one in found.parts):
        # All requests would go to one pod.
        return Rejected("at least one variable such as $request_uri")
    return found


HASH_BY: Key[Expr | None] = Key(
    "upstream-hash-by",
    _expression,
    default=None,
    doc="An expression; equal values go to the same pod.",
    example="$request_uri",
    scope=Scope.UPSTREAM,
    config="upstream-hash-by",
)
SUBSET = Key(
    "upstream-hash-by-subset",
    boolean,
    default=False,
    doc="Gives each value a few pods in place of one.",
    example="true",
    scope=Scope.UPSTREAM,
    config="upstream-hash-by-subset",
)
SUBSET_SIZE = Key(
    "upstream-hash-by-subset-size",
    # More would spread a value over nearly all pods, which needs no hash.
    whole_number(1, 100),
    default=3,
    doc="How many pods a value has.",
    example="5",
    scope=Scope.UPSTREAM,
    config="upstream-hash-by-subset-size",
)

KEYS = (LOAD_BALANCE, HASH_BY, SUBSET, SUBSET_SIZE)
SETTINGS = ()


class Method(StrEnum):
    """What NGINX looks at when it chooses a pod."""

    FASTEST = "ewma"
    LEAST_CONNECTIONS = "least-conn"
    HASH = "hash"


class Balancing(Struct, frozen=True, gc=False):
    """Another way than round robin; ``name`` tells apart what differs, in a few letters and digits.

    ``key`` is what is hashed; ``subset`` is over how many pods a value is spread.
    """

    name: str
    method: Method
    key: Expr = Expr(())
    subset: int = 1


LEAST_CONNECTIONS = Balancing(Method.LEAST_CONNECTIONS, Method.LEAST_CONNECTIONS)


def parse(values: Values) -> Balancing | None:
    """Return how requests are dealt; ``None`` means in turn."""
    word, key = values.get(LOAD_BALANCE), values.get(HASH_BY)
    subset, size = values.get(SUBSET), values.get(SUBSET_SIZE)
    if key is not None:
        return _hash(key, size if subset else 1)
    for one in (SUBSET, SUBSET_SIZE):
        if values.given(one) and not values.given(HASH_BY):
            says = f"found {one.name} without upstream-hash-by, expected both"
            values.say(one.name, Reason.INCOMPLETE_ANNOTATION, says)
    return _METHODS.get(word)


def _hash(key: Expr, subset: int) -> Balancing:
    # Made of the content: whoever hashes alike shares the maps and a Service's upstream.
    digest = hashlib.blake2b(repr((key, subset)).encode(), digest_size=5).hexdigest()
    return Balancing(f"hash-{digest}", Method.HASH, key, subset)


_METHODS = {
    "ewma": Balancing(Method.FASTEST, Method.FASTEST),
    "least_conn": LEAST_CONNECTIONS,
    "ip_hash": _hash(expr(Var("binary_remote_addr")), 1),
}
