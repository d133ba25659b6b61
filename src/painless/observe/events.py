"""All events that our processes log, declared once: their names are constants that alerts may rely on.

Pure.  A name says what happened, in the past tense; what a field says is declared once for all events.
Who logs an event is elsewhere; a test compares what they log with what is here.
"""

from collections.abc import Mapping

from msgspec import Struct

FIELDS: Mapping[str, str] = {
    "about": "the object, as kind and namespace/name",
    "address": "an address: ours, or of who guesses",
    "after": "seconds that it took, or lasted",
    "again_in": "seconds until it is tried again",
    "at_most": "seconds that it waits at most; `null` where nobody knows",
    "cause": "the cause, as in the page of alerts",
    "causes": "each cause and how many drops it explains",
    "connections": "how many; `null` where it is unknown",
    "diff": "lines of a unified diff of the configuration; of Secrets nothing is in it",
    "drops": "connections that were dropped",
    "evidence": "what was measured",
    "findings": "how many, by severity",
    "flag": "the flag",
    "generation": "the id of the generation",
    "grace": "seconds for which it serves on, unready",
    "hint": "what would help",
    "holder": "the Pod that holds it",
    "host": "a host of clients",
    "hosts": "connections by host",
    "hostname": "a name outside the cluster",
    "id": "the id of the generation",
    "ingress": "the Ingress",
    "ingresses": "the Ingresses, or how many",
    "kind": "the kind of object",
    "lasts": "seconds until it ends by itself",
    "lease": "the name of the Lease",
    "listen": "the listener",
    "logger": "the library's part",
    "more": "how many more there are than are named",
    "needs": "the right that is missing",
    "nginx": "the NGINX, or what it printed",
    "note": "what is odd about it",
    "of": "how many parts there are",
    "part": "the number of this part",
    "patience": "seconds that requests have",
    "pid": "the process",
    "problem": "what is wrong, in a sentence",
    "reasons": "why: the objects whose lines differ, and how",
    "reloads": "reloads since the controller began",
    "remedy": "what to do",
    "retry_in": "seconds until it is tried again",
    "says": "what is said, in a sentence",
    "seconds": "how long it took or lasted",
    "server": "the API server",
    "state": "the state directory",
    "such_as": "the first of them",
    "then": "what happens now",
    "traceback": "where in our code; empty when the world did it",
    "upstream": "the upstream",
    "upstreams": "how many upstreams",
    "values": "each value and why",
    "waited_for": "the Pod that was waited for",
    "what": "what could not be read",
    "why": "why, in a sentence or a word",
    "worker": "the worker's place among the listener's",
}
"""What each field says."""


class Event(Struct, frozen=True):
    """One event; ``levels`` and ``fields`` are words."""

    name: str
    levels: str
    fields: str
    means: str


EVENTS: Mapping[str, tuple[Event, ...]] = {
    "The configuration": (
        Event(
            "generation_applied",
            "info",
            "id reloads reasons more",
            "NGINX's workers run another configuration, and why.",
        ),
        Event("generation_differed", "debug", "id part of diff", "From `-v=2` on: what the load changed."),
        Event("hot_files_written", "info", "id", "Certificates or users changed; NGINX was not reloaded."),
        Event(
            "generation_refused",
            "error",
            "about nginx",
            "NGINX does not take the configuration; what ran goes on.",
        ),
        Event(
            "round_failed",
            "error",
            "problem retry_in traceback",
            "A round came to no end; it is tried again.",
        ),
        Event("diagnostic_found", "warning", "says", "An object has a mistake."),
        Event("diagnostic_resolved", "info", "says", "It has it no more."),
        Event("endpoints_updated", "debug", "upstreams", "NGINX will be told of other pods."),
        Event("ingress_refused", "info", "about says", "The webhook refused an Ingress."),
        Event("review_unanswered", "debug", "says", "The webhook gave no verdict."),
        Event("webhook_certificate_read", "info", "", "The webhook has another certificate."),
        Event(
            "webhook_certificate_kept", "error", "problem", "Its new one cannot be used; the old one stays."
        ),
    ),
    "Loads and old workers": (
        Event("reload_waits", "debug info", "why at_most", "A change waits for its turn."),
        Event(
            "reload_over_budget", "warning", "problem", "NGINX loads although there may be too little memory."
        ),
        Event("reload_without_room", "warning", "problem then", "A change waits until there is memory."),
        Event(
            "worker_retired",
            "warning info",
            "pid generation why connections hosts",
            "An old worker is told to end.",
        ),
        Event(
            "connections_aged",
            "info debug",
            "host ingress connections",
            "Old upgraded connections are closed.",
        ),
        Event("workers_unreadable", "warning", "what then", "What workers hold cannot be read."),
        Event("turn_overdue", "warning", "waited_for", "Another replica took too long; this one loads."),
        Event("turn_too_long", "warning", "after then", "Our own load took too long; others may begin."),
        Event(
            "turn_not_given_back", "warning", "problem lasts", "Others wait until our turn ends by itself."
        ),
        Event("turn_not_renewed", "debug", "problem", "A sign of ours was not written."),
        Event("turns_unknown", "warning", "problem then", "Whose turn it is cannot be asked."),
        Event("turns_known", "info", "", "It can again."),
    ),
    "NGINX and its machine": (
        Event("nginx_adopted", "warning info", "note", "An NGINX that served already was taken over."),
        Event("nginx_ended", "error", "then", "NGINX ended without being told."),
        Event("nginx_replaced", "info", "", "NGINX runs its new binary."),
        Event("nginx_kept", "error", "problem then", "The new binary cannot take over."),
        Event("machine_fitted", "info", "values", "What the configuration takes from the machine."),
        Event("machine_unreadable", "warning", "problem", "Something of the machine cannot be read."),
        Event("machine_too_small", "warning", "problem hint", "The machine cannot hold what was asked for."),
        Event(
            "accept_queue_overflowed",
            "warning",
            "listen worker drops cause evidence remedy",
            "A listener drops connections.",
        ),
        Event("accept_queue_recovered", "info", "listen drops causes seconds", "It has not for a while."),
        Event("queues_unseen", "warning", "problem then", "Accept queues cannot be looked at."),
        Event("right_missing", "warning", "needs then", "The process may not read something."),
        Event(
            "bulkhead_full",
            "warning",
            "upstream ingresses",
            "Requests are refused, since too many wait there.",
        ),
        Event("rejections_uncounted", "warning", "problem", "How many are refused is not known."),
    ),
    "The cluster": (
        Event("cluster_found", "info", "server why", "The API server is known."),
        Event("api_server_lost", "error", "problem then", "It does not answer."),
        Event("api_server_back", "info", "after", "It answers again."),
        Event("api_server_refuses", "error", "kind problem then", "RBAC lets us not read a kind."),
        Event("api_server_allows_again", "info", "kind", "It does again."),
        Event("api_server_says_no", "debug", "kind problem", "It answered with a failure."),
        Event("classes_not_readable", "warning", "problem then", "IngressClasses are known by name only."),
        Event("object_not_read", "warning", "about problem", "An object that is referred to cannot be read."),
        Event("zone_unknown", "warning", "why", "Our node's zone is not known."),
        Event("answers_off", "warning", "why", "No status and no Event is written."),
        Event("answers_failed", "error", "problem traceback", "A part of it failed by a mistake of ours."),
        Event(
            "answers_unfinished", "warning", "after", "At the end there was no time to take back statuses."
        ),
        Event("leader_elected", "info", "lease holder", "We write statuses from now on."),
        Event("leader_lost", "info", "lease holder", "Somebody else does."),
        Event("election_failed", "warning", "problem", "The Lease cannot be read or written."),
        Event("lease_kept", "warning", "problem", "It was not given back."),
        Event("replicas_unknown", "warning", "problem", "Whether another replica stays is not known."),
        Event("addresses_unknown", "warning", "problem", "The address for statuses is not known."),
        Event("statuses_not_written", "warning", "problem ingresses such_as", "Statuses cannot be written."),
        Event("status_contested", "warning", "ingresses such_as", "Somebody else writes the same statuses."),
        Event("event_refused", "warning", "problem", "Events cannot be written."),
    ),
    "Logs and measures": (
        Event("access_log_held", "warning", "problem", "The access log's lines wait."),
        Event("access_log_carried", "info", "", "They do no more."),
        Event("counting_ended", "warning", "why again_in", "The process that counts requests ended."),
        Event("requests_untold", "warning", "problem", "It cannot be told what there is to count."),
        Event("span_sender_not_started", "warning", "problem", "Spans are not sent."),
        Event("spans_held", "warning", "problem", "The collector takes no spans."),
        Event("spans_sent", "info", "", "It does again."),
        Event("library_said", "warning error", "logger says traceback", "A library has something to say."),
    ),
    "The doctor": (
        Event("doctor_looked", "info", "findings seconds", "It has looked at NGINX and its machine."),
        Event("doctor_failed", "warning", "problem", "It could not."),
    ),
    "The admin port": (
        Event("admin_unavailable", "warning", "problem", "The socket or the port cannot be had."),
        Event("admin_without_tls", "warning", "address then", "Others reach it without TLS."),
        Event("admin_tokens_read", "info", "", "The file of tokens was read."),
        Event("admin_tokens_unusable", "error", "problem", "It cannot be used: nobody gets in by it."),
        Event("admin_tokens_guessed", "warning", "address", "More wrong tokens came than are looked at."),
        Event("admin_certificate_read", "info", "", "The port has another certificate."),
        Event("admin_certificate_kept", "error", "problem", "Its new one cannot be used; the old one stays."),
        Event("admin_reviews_unavailable", "warning", "problem", "The cluster cannot be asked who comes."),
        Event("admin_reviews_available", "info", "", "It can again."),
        Event("request_failed", "error", "traceback", "An answer failed by a mistake of ours."),
    ),
    "The process": (
        Event("flag_without_effect", "warning", "flag why", "A flag of ingress-nginx changes nothing here."),
        Event("controller_started", "info", "nginx why state", "The controller begins."),
        Event("ending_began", "info", "grace", "It was told to end."),
        Event("nginx_told_to_end", "info", "patience", "NGINX was, and answers what it has."),
        Event("ending_hurried", "info", "", "It was told again: nothing is waited for."),
        Event("controller_stopped", "info", "", "All that it ran has ended."),
    ),
    "The responder": (
        Event(
            "responder_started", "info", "upstreams address", "It answers NGINX's questions for endpoints."
        ),
        Event("responder_orphaned", "warning", "state", "Its directory is gone, and so it ends."),
        Event("responder_held", "error", "state pid", "Another one serves the directory."),
        Event("responder_port_taken", "error", "problem", "It cannot have its port."),
        Event(
            "responder_misunderstood",
            "warning",
            "problem",
            "A controller speaks otherwise; it was hung up on.",
        ),
        Event("answers_not_kept", "warning", "problem", "Answers are given, and lost with the process."),
        Event(
            "name_unresolved", "warning", "hostname problem", "A name outside the cluster has no address now."
        ),
    ),
}
"""The events by what they are about."""
