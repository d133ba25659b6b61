"""The commands of ``kubectl painless``.

Exit statuses are kubectl's where it runs a command in a Pod, and else those of ``painless``: 0 done, 1
something was found, 2 it could not be done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct, structs

from painless import __version__
from painless.cli.failures import sentences
from painless.cli.flags import option
from painless.kubectl import ingresses as tables
from painless.kubectl.calls import Kubectl, KubectlFailed, Machine, Terminal, at, some
from painless.kubectl.pods import CONTAINER, Choice, arguments, choose, name_of

Command = Callable[..., Any]

_OUTPUT = click.Choice(["text", "json"])
_PASSED: dict[str, Any] = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""What follows the name of a command is the command's."""


class Said(Struct, frozen=True):
    """What the flags of all commands say; ``terminal`` runs commands."""

    terminal: Terminal
    namespace: str = ""
    context: str = ""
    kubeconfig: str = ""

    def kubectl(self, *, everywhere: bool = False) -> Kubectl:
        given = {"context": self.context, "kubeconfig": self.kubeconfig}
        given |= {} if everywhere else {"namespace": self.namespace}
        return Kubectl(self.terminal, tuple(f"--{name}={value}" for name, value in given.items() if value))


def _say(context: click.Context, flag: click.Parameter, value: str) -> None:
    """Note a flag; one after the command counts in place of the same one before it."""
    said = context.obj if isinstance(context.obj, Said) else Said(context.obj or Machine())
    context.obj = structs.replace(said, **{str(flag.name): value}) if value else said


#: Which cluster is meant.  kubectl takes no flag before a plug-in's name, so people give them last.
WHERE = tuple(
    click.Option(names, default="", help=says, expose_value=False, callback=_say)
    for names, says in (
        (["-n", "--namespace"], "Namespace; by default the one of kubectl."),
        (["--context"], "Context of the kubeconfig."),
        (["--kubeconfig"], "Path of the kubeconfig."),
    )
)


class _Plugin(click.Group):
    """A group whose commands take ``WHERE``, and end with a sentence when the world fails them."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        cmd.params.extend(one for one in WHERE if one not in cmd.params)
        super().add_command(cmd, name)

    def invoke(self, context: click.Context) -> Any:
        with sentences():
            return super().invoke(context)


@click.group(
    cls=_Plugin,
    params=list(WHERE),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="kubectl painless")
def main() -> None:
    """Look into Painless and what it serves, through kubectl."""


#: Which Pod is meant.
CHOOSING = (
    click.option("--pod", default="", help="This Pod."),
    click.option("--deployment", default="", help="A Pod of this Deployment."),
    click.option("-l", "--selector", default="", help="A Pod with these labels (default: the chart's)."),
    click.option("-c", "--container", default=CONTAINER, show_default=True, help="Container of the Pod."),
)


def choosing(command: Command) -> Command:
    """Add the flags that say which Pod is meant."""
    for decorate in reversed(CHOOSING):
        command = decorate(command)
    return click.pass_obj(command)


def _choice(flags: dict[str, str]) -> Choice:
    return Choice(**{name: flags[name] for name in Choice.__struct_fields__})


def _in_pod(said: Said, flags: dict[str, str], command: tuple[str, ...], *how: str) -> None:
    """Run a command in the Pod that is meant, and end as it ends."""
    kubectl, choice = said.kubectl(), _choice(flags)
    pod = name_of(choose(kubectl, choice))
    code = kubectl.hand_over("exec", *how, pod, f"--container={choice.container}", "--", *command)
    raise SystemExit(code)


def _inspect(said: Said, flags: dict[str, str], what: str, *more: str) -> None:
    _in_pod(said, flags, ("painless", "inspect", what, *more))


def _given(**flags: str) -> tuple[str, ...]:
    return tuple(f"--{name}={value}" for name, value in flags.items() if value)


@main.command()
@choosing
@option("backend", "Only this one.", default="")
@click.option("--list", "names", is_flag=True, help="Print the names alone.")
def backends(said: Said, backend: str, *, names: bool, **flags: str) -> None:
    """Show the backends and the addresses that NGINX is told for each."""
    _inspect(said, flags, "backends", *_given(backend=backend), *(("--list",) if names else ()))


@main.command()
@choosing
@option("host", "Name that a client asks for.", required=True)
def certs(said: Said, host: str, **flags: str) -> None:
    """Show the certificate that clients of a host are shown; its key never is."""
    _inspect(said, flags, "certs", *_given(host=host))


@main.command()
@choosing
@option("host", "Only the server block of this host.", default="")
def conf(said: Said, host: str, **flags: str) -> None:
    """Show the configuration that NGINX runs."""
    _inspect(said, flags, "conf", *_given(host=host))


@main.command()
@choosing
def general(said: Said, **flags: str) -> None:
    """Show what runs: the generation, and which one each worker of NGINX has."""
    _inspect(said, flags, "general")


@main.command()
@choosing
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def status(said: Said, output: str, **flags: str) -> None:
    """Show how the controller is: generations, connections, memory, capacity, the last reloads."""
    _in_pod(said, flags, ("painless", "status", f"--output={output}"))


@main.command("exec", context_settings=_PASSED)
@choosing
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input.")
@click.option("-t", "--tty", is_flag=True, help="It is a terminal.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(said: Said, command: tuple[str, ...], *, stdin: bool, tty: bool, **flags: str) -> None:
    """Run a command in the Pod of a controller."""
    how = (*(("--stdin",) if stdin else ()), *(("--tty",) if tty else ()))
    _in_pod(said, flags, command, *how)


@main.command()
@choosing
def ssh(said: Said, **flags: str) -> None:
    """Open a shell in the Pod of a controller."""
    _in_pod(said, flags, ("bash",), "--stdin", "--tty")


@main.command()
@choosing
@click.option("-f", "--follow", is_flag=True, help="Go on printing.")
@click.option("-p", "--previous", is_flag=True, help="Of the container before this one.")
@click.option("--timestamps", is_flag=True, help="With the time of each line.")
@option("tail", "Lines from the end.", default="")
@option("since", "Newer than this, such as 5m.", default="")
def logs(said: Said, tail: str, since: str, **flags: Any) -> None:
    """Show the log of a controller."""
    kubectl, choice = said.kubectl(), _choice(flags)
    pod = name_of(choose(kubectl, choice))
    how = [f"--{name}" for name in ("follow", "previous", "timestamps") if flags[name]]
    named = _given(tail=tail, since=since)
    raise SystemExit(kubectl.hand_over("logs", pod, f"--container={choice.container}", *how, *named))


@main.command()
@choosing
@option("service", "Service (default: the one of the status).", default="")
def info(said: Said, service: str, **flags: str) -> None:
    """Show the addresses at which the controller is reached."""
    kubectl, choice = said.kubectl(), _choice(flags)
    if not service:
        flag = "--publish-service="
        found = [one for one in arguments(choose(kubectl, choice), choice.container) if one.startswith(flag)]
        if not found:
            raise KubectlFailed("the controller publishes no Service; name one with --service")
        service = found[-1].removeprefix(flag).rpartition("/")[2]
    (one,) = kubectl.get("service", service)
    click.echo(f"Service: {at(one, 'metadata', 'namespace')}/{name_of(one)}")
    click.echo(f"Cluster address: {at(one, 'spec', 'clusterIP') or 'none'}")
    balancers = [
        at(each, "ip") or at(each, "hostname") for each in some(one, "status", "loadBalancer", "ingress")
    ]
    click.echo(f"Load balancer: {', '.join(map(str, balancers)) or 'none'}")


@main.command()
@click.pass_obj
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of all namespaces.")
@option("host", "Only this host.", default="")
def ingresses(said: Said, host: str, *, everywhere: bool) -> None:
    """Show the paths of Ingresses, their Services and how many endpoints each has."""
    kubectl = said.kubectl(everywhere=everywhere)
    where = ("--all-namespaces",) if everywhere else ()
    found = kubectl.get("ingresses.networking.k8s.io", *where)
    slices = kubectl.get("endpointslices.discovery.k8s.io", *where)
    for line in tables.table(tables.rows(found, slices, host), namespaces=everywhere):
        click.echo(line)


@main.command()
@click.argument("name")
def explain(name: str) -> None:
    """Say what a finding, an annotation, a key, a metric or a flag means."""
    from painless.kubectl.explain import explained, nearest

    found = explained(name)
    if not found:
        guesses = nearest(name)
        raise KubectlFailed(
            f"there is nothing called {name}" + (f"; did you mean {', '.join(guesses)}?" if guesses else "")
        )
    click.echo("\n\n".join(found))


@main.command()
@choosing
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def lint(said: Said, output: str, **flags: str) -> None:
    """Show what is wrong with the objects that a controller reads, as its flags have it.

    Runs here, with your rights: also Secrets that Ingresses name are read, and are not shown.
    """
    from painless.kubectl.cluster import lint as linted

    raise SystemExit(linted(said.kubectl(), _choice(flags), as_json=output == "json"))


@main.command()
@choosing
@click.option("-f", "--filename", "files", required=True, type=click.Path(path_type=Path, exists=True))
@option("output", "For eyes or for machines.", type=_OUTPUT, default="text")
def plan(said: Said, files: Path, output: str, **flags: str) -> None:
    """Show what applying manifests would do to NGINX: nothing, live, or a reload, and why."""
    from painless.kubectl.cluster import plan as planned

    planned(said.kubectl(), _choice(flags), files, as_json=output == "json")


for _short in ("ingress", "ing"):
    main.add_command(click.Command(_short, callback=ingresses.callback, params=ingresses.params, hidden=True))
