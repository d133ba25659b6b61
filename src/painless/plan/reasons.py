"""The reasons of the governor's decisions in words, as plans, status and logs have them.

When which one holds is ``governor``'s to say.
"""

from collections.abc import Mapping

from painless.plan.governor import Why

MEANS: Mapping[str, str] = {
    Why.DUE: "NGINX may load at once",
    Why.URGENT: "NGINX may load at once, to restore service",
    Why.COALESCING: "changes are gathered",
    Why.PATIENCE: "as many old workers as there may be are alive; one may end by itself",
    Why.GRANTED: "every old generation has 8 s",
    Why.REQUESTS: "old workers have requests that may finish",
    Why.RECONNECTS: "clients of a retired worker come back",
    Why.LEAVING: "a worker that was told to end has not left yet",
    Why.GENERATIONS: "as many old workers as there may be are alive",
    Why.MEMORY: "memory is short for another generation",
    Why.REPLICAS: "another replica loads, or gives its turn back",
    Why.NO_ROOM: "a reload needs more memory than there is, and nothing is left that could end before",
    Why.CUT: "as many old workers as there may be are alive, and all have requests",
    Why.OVER: "memory is short for another generation",
}
