"""Alerts about configurations: what reloads NGINX, what does not come through, what old ones cost."""

from painless.docs.alerts.rule import (
    CRITICAL,
    EVENTS,
    OWN,
    STATUS,
    WARNING,
    WHERE,
    Alert,
    Group,
    Look,
)

_REASONS = Look("sum by (reason) (increase(painless_reloads_total[1h]))", "what kind of change it was")
_APPLIED = Look("kubectl logs POD -c controller | grep generation_applied", "the objects and fields")
_HOLDERS = Look("painless_generation_held_connections", "whose connections keep them")
_LOADS = 'increase(painless_reloads_total{reason!="Started"}'

GROUP = Group(
    "painless-config",
    "Configurations",
    (
        Alert(
            name="PainlessReloadRate",
            expr=f"sum without (reason) ({_LOADS}[1h])) > 6",
            after="1h",
            severity=WARNING,
            summary=f"NGINX of {WHERE} reloads {{{{ $value | humanize }}}} times an hour",
            means=(
                "Pods, certificates and canary weights cause no reload here, so somebody keeps changing "
                "Ingresses or Services. Each reload leaves old workers behind until their clients go."
            ),
            look=(_REASONS, _APPLIED),
            do=(
                (
                    "[Find out why NGINX reloaded](../how-to/why-a-reload.md). Two controllers that write "
                    "one object in turn are the usual reason."
                ),
            ),
        ),
        Alert(
            name="PainlessReloadStorm",
            expr=f"sum without (reason) ({_LOADS}[5m])) > 3",
            after="5m",
            severity=CRITICAL,
            summary=f"NGINX of {WHERE} reloads about each minute",
            means="Changes come faster than old workers can end; memory and CPU go to them.",
            look=(_REASONS, _APPLIED, STATUS),
            do=(
                "Stop whoever writes the objects that the log names.",
                "The governor gathers changes and makes room meanwhile; nothing has to be restarted.",
            ),
        ),
        Alert(
            name="PainlessReloadFailed",
            expr="nginx_ingress_controller_config_last_reload_successful == 0",
            after="1m",
            severity=CRITICAL,
            summary=f"The last change did not come through on {WHERE}",
            means=(
                "NGINX serves what it served before. A disk that is full, a port that is taken or a process "
                "that does not answer is behind it; a single bad object is not, since it is held back alone."
            ),
            look=(
                Look(
                    "kubectl logs POD -c controller | grep -E 'round_failed|generation_refused'",
                    "what failed, in one sentence",
                ),
                STATUS,
            ),
            do=("Mend what the sentence names; the change is tried again by itself.",),
        ),
        Alert(
            name="PainlessObjectsHeld",
            expr="sum without (served) (painless_held_objects) > 0",
            after="5m",
            severity=WARNING,
            summary=f"NGINX of {WHERE} refuses {{{{ $value }}}} objects",
            means=(
                "Their state from before is served on, or nothing where there was none. Everybody else is "
                "served as they ask ([what NGINX refuses](../explain/quarantine.md))."
            ),
            look=(
                Look("kubectl logs POD -c controller | grep generation_refused", "which objects, and why"),
                EVENTS,
            ),
            do=("Tell the owner; it is served as soon as the object is mended.",),
        ),
        Alert(
            name="PainlessConfigStale",
            expr=(
                "nginx_ingress_controller_config_hash != on (instance) group_left () "
                "painless_config_desired_hash"
            ),
            after="5m",
            severity=CRITICAL,
            summary=f"{WHERE} serves an older configuration than the objects ask for",
            means="A change waits or is refused, for longer than any change should.",
            look=(
                Look("painless_governor_state == 1", "what a change waits for"),
                Look("kubectl logs POD -c controller | tail -50", "what was tried last"),
                STATUS,
            ),
            do=(
                "If it is refused or fails: [PainlessReloadFailed](PainlessReloadFailed.md).",
                "If it waits: [PainlessReloadsWait](PainlessReloadsWait.md).",
            ),
        ),
        Alert(
            name="PainlessReplicasDisagree",
            expr=(
                'max by (namespace, job) (painless_served{what="ingresses"}) '
                '> min by (namespace, job) (painless_served{what="ingresses"})'
            ),
            after="5m",
            severity=WARNING,
            summary="Replicas of {{ $labels.job }} serve different numbers of Ingresses",
            means="One of them has missed changes: its watch hangs, or what it wants does not come through.",
            look=(
                Look('painless_served{what="ingresses"}', "who has how many"),
                Look("max by (instance) (painless_api_silence_seconds)", "who hears nothing"),
            ),
            do=("Delete the Pod that is behind, once another one serves.",),
        ),
        Alert(
            name="PainlessOldWorkersPileUp",
            expr=(
                'painless_workers{state="shutting_down"} / ignoring (state) '
                'painless_workers{state="active"} > 2'
            ),
            after="10m",
            severity=WARNING,
            summary=f"{WHERE} has {{{{ $value }}}} old workers for each that serves",
            means=(
                "Reloads come faster than the clients of old workers leave: WebSockets, streams, long "
                "downloads. Each generation costs memory until its last client has gone."
            ),
            look=(_HOLDERS, Look("painless_generation_pss_bytes", "what they cost"), STATUS),
            do=(
                "Fewer reloads: [PainlessReloadRate](PainlessReloadRate.md).",
                "Lower `worker-shutdown-timeout`, or `--max-generations`: the oldest is ended first.",
            ),
        ),
        Alert(
            name="PainlessOldGenerationStays",
            expr=(
                "max without (generation) (painless_generation_draining_seconds) "
                "> painless_worker_shutdown_timeout_seconds + 60"
            ),
            after="2m",
            severity=WARNING,
            summary=f"A generation of {WHERE} drains for longer than worker-shutdown-timeout",
            means="Its workers should have closed all connections by themselves: one is stuck.",
            look=(_HOLDERS, Look("cat /proc/PID/stack", "on the node: what the worker waits for")),
            do=("End it: `kill -TERM PID` with the pid that `kubectl painless status` shows.",),
        ),
        Alert(
            name="PainlessReloadsWait",
            expr='painless_governor_state{state!~"idle|coalescing"} == 1',
            after="10m",
            severity=WARNING,
            summary=f"A change on {WHERE} waits: {{{{ $labels.state }}}}",
            means=(
                "NGINX is not told to load since there is no room for one more generation, and nobody "
                "leaves. A change should be served within ten seconds."
            ),
            look=(_HOLDERS, STATUS),
            do=(
                (
                    "Give more memory (`controller.resources.limits.memory`) or more generations "
                    "(`--max-generations`)."
                ),
                "[Reloads](../explain/reloads.md) explains each state.",
            ),
        ),
        Alert(
            name="PainlessConnectionsCut",
            # The sum first: a host has no series before its first connection was cut.
            expr="increase(sum without (host) (painless_connections_cut_total)[10m:]) > 0",
            severity=WARNING,
            summary=f"{WHERE} closed {{{{ $value | humanize }}}} connections to make room for a reload",
            means="The limits of generations or of memory were reached, and the oldest generation had to go.",
            look=(
                Look("sum by (host) (increase(painless_connections_cut_total[1h]))", "whose they were"),
                _REASONS,
            ),
            do=(
                "Fewer reloads, or more room: [PainlessReloadsWait](PainlessReloadsWait.md).",
                "Clients of WebSockets have to be able to connect again in any case.",
            ),
        ),
        Alert(
            name="PainlessCertificateExpiry",
            expr=(
                f"min by ({OWN}, secret_name, host) (nginx_ingress_controller_ssl_expire_time_seconds"
                '{host!="_"}) - time() < 7 * 86400'
            ),
            severity=CRITICAL,
            summary="The certificate of {{ $labels.host }} ends in {{ $value | humanizeDuration }}",
            means="After that clients refuse it. It should have been renewed by now.",
            look=(
                Look("kubectl get certificate,secret -n NAMESPACE", "whether cert-manager tries"),
                Look('nginx_ingress_controller_ssl_certificate_info{host="HOST"}', "which one is served"),
            ),
            do=(
                (
                    "Renew the Secret: it is served at the next handshake, without a reload "
                    "([rotate a certificate](../how-to/rotate-a-certificate.md))."
                ),
            ),
        ),
    ),
)
