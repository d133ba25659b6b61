"""The help of a command with many flags: groups of them, each under a title, in the order of a first reader.

A flag that no group names stands under the last title of ours.
"""

from collections.abc import Mapping

import click

from painless.cli.accepted import flag_name
from painless.flags import WITHOUT_EFFECT

_GROUPS = {
    "Where objects come from": """
        source kubeconfig apiserver-host certificate-authority watch-namespace watch-namespace-selector
        allow-loopback-endpoints
    """,
    "Which objects count": """
        ingress-class controller-class ingress-class-by-name watch-ingress-without-class annotations-prefix
        disable-catch-all disable-svc-external-name configmap default-backend-service default-ssl-certificate
        tcp-services-configmap udp-services-configmap enable-ssl-passthrough enable-topology-aware-routing
        allow-snippet-annotations
    """,
    "Where NGINX listens": "bind-address http-port https-port",
    "What the cluster is told": """
        publish-service publish-status-address report-node-internal-ip-address update-status
        update-status-on-shutdown status-update-interval election-id election-ttl disable-leader-election
        disable-sync-events
    """,
    "The admin port": "admin-address admin-token-file admin-tls-cert-file admin-tls-key-file",
    "The webhook": "validating-webhook validating-webhook-certificate validating-webhook-key",
}
_PROCESS = "The process"
_NOTHING = "Taken from ingress-nginx, and without effect"

_TITLES: Mapping[str, str] = {
    **{name: title for title, names in _GROUPS.items() for name in names.split()},
    **dict.fromkeys(WITHOUT_EFFECT, _NOTHING),
}
TITLES = (*_GROUPS, _PROCESS, _NOTHING)


def title(parameter: click.Parameter) -> str:
    """Return the title that a flag stands under."""
    return _TITLES.get(flag_name(parameter), _PROCESS)


class Grouped(click.Command):
    """A command whose help has its flags in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups; those without effect only by name, since each sentence is in the reference."""
        shown = [(one, record) for one in self.get_params(ctx) if (record := one.get_help_record(ctx))]
        for group in TITLES[:-1]:
            records = [record for one, record in shown if title(one) == group]
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)
        names = [f"--{flag_name(one)}" for one, _ in shown if title(one) == _NOTHING]
        if names:
            with formatter.section(_NOTHING):
                formatter.write_text(", ".join(names))
