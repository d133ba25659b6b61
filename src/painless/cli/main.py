"""Commands and their exit statuses: 0 done, 1 something was found, 2 it could not be done."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from painless import __version__
from painless.cli.accepted import accepting, given
from painless.cli.counting import counting, shown_of
from painless.cli.examining import examined_by, examining
from painless.cli.failures import sentences as _sentences
from painless.cli.flags import (
    Level,
    answering,
    answers_of,
    compiling,
    governed_by,
    governing,
    option,
    settings_of,
    switch,
    with_admin,
    with_webhook,
)
from painless.cli.help import Grouped
from painless.cli.inspect import inspect
from painless.cli.measuring import measuring, sources_of

_OUTPUT = click.Choice(["text", "json"])
_state_dir = option(
    "state-dir", "Directory of the controller.", default="/var/lib/painless", type=click.Path(path_type=Path)
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="painless")
def main() -> None:
    """Painless: the NGINX ingress controller that does not page you.

    Without a cluster: painless demo, or painless serve --source DIR.
    """


@main.command(cls=Grouped)
@compiling
@answering
@option("state-dir", "Directory for generations, certificates and logs.", default="/var/lib/painless")
@option("healthz-host", "Address of the health port; empty for all.", default="")
@option("healthz-port", "Port for probes and metrics.", default=10254, type=click.IntRange(1, 65535))
@option("health-check-path", "Path of the liveness probe.", default="/healthz")
@option(
    "nameservers", "Comma separated ADDRESS[:PORT] for outside names (default: /etc/resolv.conf).", default=""
)
@with_webhook
@with_admin
@option(
    "otlp-collector",
    "Host and port of a collector for spans of our own rounds (OTLP over HTTP, often port 4318).",
    default="",
)
@counting
@governing
@examining
@switch("enable-topology-aware-routing", "Ask endpoints that are hinted for our node's zone first.")
@option(
    "nginx-runner",
    "Folder of requests to an NGINX in another container, whose command is runner.sh.",
    default=None,
    type=click.Path(path_type=Path),
)
@option(
    "shutdown-grace-period",
    "Seconds to serve on, unready, after SIGTERM: until clients are sent elsewhere.",
    default=0.0,
    type=click.FloatRange(0),
)
@option(
    "post-shutdown-grace-period",
    "Seconds between the end of NGINX and ours.",
    default=0.0,
    type=click.FloatRange(0),
)
@option(
    "shutdown-patience", "Seconds for requests to finish at the end.", default=240.0, type=click.FloatRange(0)
)
@click.option(
    "-v",
    "--v",
    "verbosity",
    type=Level(),
    default=0,
    help="Log verbosity; from 1 on more is told, from 2 on what each load changed.",
)
@switch("version", "Show our version and end.")
@accepting
@click.pass_context
def serve(context: click.Context, /, **flags: Any) -> None:
    """Serve the Ingresses of a cluster or a folder with NGINX, and follow their changes."""
    from painless import app
    from painless.observe import logs

    if flags["version"]:
        click.echo(f"painless, version {__version__}")
        return
    settings = settings_of(
        flags,
        state_dir=Path(flags["state_dir"]).absolute(),
        healthz_host=flags["healthz_host"],
        healthz_port=flags["healthz_port"],
        health_check_path=flags["health_check_path"],
        nameservers=tuple(filter(None, flags["nameservers"].split(","))),
        nginx_runner=flags["nginx_runner"] and flags["nginx_runner"].absolute(),
        shutdown_grace=flags["shutdown_grace_period"],
        shutdown_patience=flags["shutdown_patience"],
        post_shutdown_grace=flags["post_shutdown_grace_period"],
        topology_aware=flags["enable_topology_aware_routing"],
        verbosity=flags["verbosity"],
        **governed_by(flags),
        **examined_by(flags),
        **answers_of(flags),
    )
    settings = structs.replace(settings, shown=shown_of(flags, settings))
    logs.set_up(verbosity=settings.verbosity)
    for flag in given(context):
        logs.event("flag_without_effect", level=logging.WARNING, flag=f"--{flag.name}", why=flag.why)
    if unknown := settings.shown.unknown:
        why = f"no request metric is called {', '.join(unknown)}"
        logs.event("flag_without_effect", level=logging.WARNING, flag="--exclude-socket-metrics", why=why)
    with _sentences():
        asyncio.run(app.serve(settings))


@main.command()
@compiling
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for the files.")
def render(out: Path, **flags: Any) -> None:
    """Write the exact files that NGINX would get."""
    from painless.cli import offline

    with _sentences():
        offline.render(settings_of(flags), out)


@main.command()
@compiling
@option("against", "Folder that render wrote.", default=None, type=click.Path(path_type=Path))
@click.option("--running", is_flag=True, help="Ask the controller that runs on this machine.")
@_state_dir
@click.option(
    "-f",
    "--filename",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --running: manifest, folder of them, or - for standard input; may be repeated.",
)
@click.option("--delete", is_flag=True, help="With --running: their objects would be deleted, not applied.")
@click.option("--diff", is_flag=True, help="With --running: show the lines that differ, too.")
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def plan(against: Path | None, files: tuple[Path, ...], output: str, **flags: Any) -> None:
    """Show what a change would do: nothing, live, or a reload, and why.

    With --against, to what render wrote; with --running, to the controller on this machine: also whose
    connections a reload would put on notice, what it takes and whether it would wait.  Nothing is changed.
    """
    running: bool = flags["running"]
    if running == (against is not None):
        raise click.UsageError("expected one of --against FOLDER and --running -f FILE")
    if running != bool(files):
        raise click.UsageError("expected --running together with -f FILE")
    with _sentences():
        if against is not None:
            from painless.cli import offline

            offline.plan(settings_of(flags), against, as_json=output == "json")
        else:
            from painless.cli import forecast

            asked = forecast.Question(files, flags["delete"], flags["diff"], output == "json")
            forecast.forecast(flags["state_dir"], asked)


@main.command()
@_state_dir
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
@click.option("--watch", is_flag=True, help="Show it each second, until Ctrl-C.")
def status(state_dir: Path, output: str, *, watch: bool) -> None:
    """Show how the controller on this machine is: 0 when it serves, 1 when something is wrong.

    Exit status 2 when no controller answers.
    """
    from painless.cli import status as shown

    with _sentences():
        raise SystemExit(shown.show(state_dir, as_json=output == "json", watch=watch))


@main.command()
@compiling
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def lint(output: str, **flags: Any) -> None:
    """Show what is wrong with the objects: exit status 1 for warnings, 2 for errors."""
    from painless.cli import offline

    with _sentences():
        raise SystemExit(offline.lint(settings_of(flags), as_json=output == "json"))


@main.command("doctor")
@_state_dir
@option(
    "nginx-conf",
    "Look at this configuration alone, and what it includes.",
    type=click.Path(path_type=Path),
    default=None,
)
@option("pid", "Look at the NGINX of this process.", type=click.IntRange(1), default=None)
@option(
    "source",
    "Look at the manifests in this folder alone.",
    type=click.Path(path_type=Path),
    default=None,
)
@click.option("--node", is_flag=True, help="Look at the node, too: from it, or from a Pod with hostPID.")
@click.option("--cluster", is_flag=True, help="Look at the objects of the cluster, too.")
@option("kubeconfig", "Look at the cluster that this file names.", default="")
@option(
    "output",
    "For eyes or for machines.",
    type=click.Choice(["text", "json", "sarif", "junit", "html"]),
    default="text",
)
@option(
    "baseline",
    "Show only what this earlier report of --output json does not have.",
    type=click.Path(path_type=Path),
    default=None,
)
@option(
    "config",
    "File of findings that are not to be shown, and why (doctor.silence), and other limits (doctor.limits).",
    type=click.Path(path_type=Path),
    default=None,
)
@click.option("--unknown", is_flag=True, help="Name the checks that could not be made, and why.")
@click.option("--watch", is_flag=True, help="Look each 5 seconds and show what has changed, until Ctrl-C.")
def doctor_command(nginx_conf: Path | None, pid: int | None, **flags: Any) -> None:
    """Examine NGINX, its configuration and its machine, and say what to mend.

    Looks at the controller of --state-dir, or else at the one NGINX that runs here.  Exit status 1 for
    medium and high findings, 2 for critical ones or when what was asked for could not be read.
    """
    from painless.cli import doctor

    if nginx_conf is not None and pid is not None:
        raise click.UsageError("expected one of --nginx-conf and --pid")
    if flags["watch"] and flags["output"] != "text":
        raise click.UsageError("found --watch with another --output, expected text")
    with _sentences():
        raise SystemExit(doctor.examine(doctor.Chosen(conf=nginx_conf, pid=pid, **flags)))


@main.command("tune")
@measuring
@option(
    "client-timeout",
    "Seconds that clients wait for an answer in all.",
    default=None,
    type=click.FloatRange(0.1),
)
@option(
    "load-balancer",
    "What is in front: its name, or how many seconds it leaves a connection idle.",
    default="",
)
@option("application", "What serves the Services: its name, or its idle seconds.", default="")
@option("configmap", "namespace/name of the ConfigMap with global settings.", default="")
@option("annotations-prefix", "Prefix of annotations.", default="nginx.ingress.kubernetes.io")
@option("write", "Folder for the files to paste.", default=None, type=click.Path(path_type=Path))
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def tune_command(write: Path | None, output: str, **flags: Any) -> None:
    """Advise time-outs, keepalive, kernel sizes and autoscalers, by what was measured.

    Looks twice at the controller of this machine, or asks a Prometheus; what was not measured gets no
    number.  Exit status 1 when something should change, 2 when nothing could be measured.
    """
    from painless.cli import tune

    with _sentences():
        chosen = tune.Chosen(
            sources=sources_of(flags),
            client=flags["client_timeout"],
            balancer=flags["load_balancer"],
            application=flags["application"],
            configmap=flags["configmap"],
            prefix=flags["annotations_prefix"],
            output=output,
            write=write,
        )
        raise SystemExit(tune.tune(chosen))


@main.command("split")
@measuring
@option("ingress-class", "Class that is looked at.", default="nginx")
@option("release", "Helm release that has it.", default="painless")
@option("namespace", "Namespace of the release.", default="painless")
@option("write", "Folder for values and manifests.", default=None, type=click.Path(path_type=Path))
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def split_command(write: Path | None, output: str, **flags: Any) -> None:
    """Say which Ingresses should move to another class, what that gains, and how to do it without a gap.

    Other environments, connections that stay, namespaces that change most, Services that hold most
    connections; each only with a gain that was measured.  Exit status 1 when something should move.
    """
    from painless.cli import split
    from painless.tune.classes import Target

    with _sentences():
        target = Target(flags["ingress_class"], release=flags["release"], namespace=flags["namespace"])
        raise SystemExit(split.split(split.Chosen(sources_of(flags), target, output, write)))


@main.command("explain")
@click.argument("what")
@compiling
@click.option("-H", "--header", "headers", multiple=True, help="Header of the request, Name: value.")
@option("client", "Address of the client, as NGINX sees it.", default="")
@click.option("-X", "--request", "method", default="GET", show_default=True, help="Method of the request.")
@_state_dir
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
@click.option("--all", "whole", is_flag=True, help="Show what is a default, too.")
@click.pass_context
def explain_command(context: click.Context, /, what: str, state_dir: Path, output: str, **flags: Any) -> None:
    """Say what happens to a request, what a line is for, or what a name means.

    WHAT is a URL such as https://shop.example/cart, FILE:LINE such as nginx.conf:123, a directive, an
    annotation, a key of the ConfigMap or a finding.  URLs are explained by the controller of --state-dir, or
    without one by the manifests of --source.  Exit status 1 when no Ingress serves the URL, 2 when it is
    not understood.
    """
    from painless.cli import explain

    own = {name: flags.pop(name) for name in ("method", "headers", "client", "whole")}
    folder = context.get_parameter_source("source") is not click.core.ParameterSource.DEFAULT
    with _sentences():
        question = explain.Question(
            what=what,
            state=state_dir,
            settings=(lambda: settings_of(flags)) if folder else None,
            prefix=flags["annotations_prefix"],
            as_json=output == "json",
            **own,
        )
        raise SystemExit(explain.explain(question))


@main.command("migrate")
@compiling
@option("values", "Values file of the ingress-nginx chart.", type=click.Path(path_type=Path), default=None)
@option("html", "File for the report as a page.", type=click.Path(path_type=Path), default=None)
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
@click.pass_context
def migrate_command(
    context: click.Context, /, values: Path | None, html: Path | None, output: str, **flags: Any
) -> None:
    """Report what becomes of an ingress-nginx: what stays the same, what does not, and how to switch.

    Exit status 1 when something differs, 2 when something is not supported or closed.
    """
    from painless.cli import migrate

    with _sentences():
        asking = migrate.Asking(flags, values, html, as_json=output == "json")
        raise SystemExit(migrate.migrate(context, asking))


@main.command()
@option("seconds", "Check itself for so long and end with a summary.", type=click.FloatRange(1), default=None)
@option("http-port", "Port for HTTP; 0 for a free one.", default=0, type=click.IntRange(0, 65535))
@option("https-port", "Port for HTTPS; 0 for a free one.", default=0, type=click.IntRange(0, 65535))
def demo(seconds: float | None, http_port: int, https_port: int) -> None:
    """Serve a small shop on this machine, without a cluster."""
    from painless.demo import run

    raise SystemExit(run.demo(seconds, http_port=http_port, https_port=https_port))


@main.command("install-runner")
@click.argument("folder", type=click.Path(path_type=Path))
def install_runner(folder: Path) -> None:
    """Write runner.sh, the command of an NGINX container, into a folder that both containers see."""
    from painless.nginxd.runner import install

    with _sentences():
        install(folder)


@main.command()
@option("nginx", "NGINX to look at.", default="")
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def version(nginx: str, output: str) -> None:
    """Show our version, and which NGINX would run, where it is and why it was chosen."""
    from painless.cli import offline

    with _sentences():
        offline.version(nginx, as_json=output == "json")


main.add_command(inspect)
