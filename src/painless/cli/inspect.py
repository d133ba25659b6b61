"""``painless inspect``: what the controller of this Pod has made, as ``kubectl painless`` shows it."""

from pathlib import Path

import click

from painless.cli.failures import sentences
from painless.cli.flags import option

_state_dir = option(
    "state-dir", "Directory of the controller.", default="/var/lib/painless", type=click.Path(path_type=Path)
)


@click.group()
def inspect() -> None:
    """Show what the controller on this machine has made: configuration, certificates, endpoints."""


@inspect.command()
@_state_dir
@option("host", "Only the server block of this host.", default="")
def conf(state_dir: Path, host: str) -> None:
    """Print the configuration that NGINX loads."""
    from painless.cli import state

    with sentences():
        click.echo(state.configuration(state_dir, host), nl=False)


@inspect.command()
@_state_dir
@option("host", "Name that a client asks for.", required=True)
def certs(state_dir: Path, host: str) -> None:
    """Print the certificate that clients of a host are shown; its key is not."""
    from painless.cli import state

    with sentences():
        click.echo(state.certificate(state_dir, host), nl=False)


@inspect.command()
@_state_dir
@option("backend", "Only this one.", default="")
@click.option("--list", "names", is_flag=True, help="Print the names alone.")
def backends(state_dir: Path, backend: str, *, names: bool) -> None:
    """Print the backends, and the addresses that NGINX is told for each."""
    from painless.cli import state

    with sentences():
        click.echo(state.backends(state_dir, backend, names=names), nl=False)


@inspect.command()
@_state_dir
def general(state_dir: Path) -> None:
    """Print what runs: the generation, NGINX's master, and which generation each worker has."""
    from painless.cli import state

    with sentences():
        click.echo(state.general(state_dir), nl=False)
