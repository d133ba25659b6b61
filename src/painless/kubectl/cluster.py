"""What a controller makes of the cluster's objects, compiled here: ``lint`` and ``plan``.

The settings are those a controller was started with, read from its Pod.  Objects are read with the rights of
whoever asks; nothing is asked of the controller, which has traffic to look after.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from painless.cli import offline
from painless.cli.flags import settings_of
from painless.cli.main import main as commands
from painless.folder.source import read_folder
from painless.kubectl.calls import Kubectl, KubectlFailed
from painless.kubectl.pods import Choice, arguments, choose
from painless.model.objects import Ingress, Object
from painless.settings import Settings
from painless.sources import Read, read_once


def lint(kubectl: Kubectl, choice: Choice, *, as_json: bool) -> int:
    """Show all findings; return the exit status."""
    with _settings(kubectl, choice) as settings:
        return offline.lint(settings, as_json=as_json)


def plan(kubectl: Kubectl, choice: Choice, manifests: Path, *, as_json: bool) -> None:
    """Show what NGINX would have to do if the manifests were applied."""
    with _settings(kubectl, choice) as settings:
        live = read_once(settings)
        wanted, wrong = read_folder(manifests)
        after = Read(tuple(applied(live.objects, wanted, time.time())), wrong, live.classes)
        offline.show_plan(
            offline.compiled_of(settings, None, live)[0].generation,
            offline.compiled_of(settings, None, after)[0].generation,
            as_json=as_json,
        )


def applied(live: Iterable[Object], wanted: Iterable[Object], now: float) -> Iterator[Object]:
    """Yield the objects there would be: an Ingress keeps the age it has, and a new one is the youngest."""
    after = {one.ref: one for one in live}
    for one in wanted:
        known = after.get(one.ref)
        if isinstance(one, Ingress):
            created = known.created if isinstance(known, Ingress) else now
            after[one.ref] = msgspec.structs.replace(one, created=created)
        else:
            after[one.ref] = one
    yield from after.values()


@contextmanager
def _settings(kubectl: Kubectl, choice: Choice) -> Iterator[Settings]:
    """Yield the settings of the controller, with the cluster and the credentials that kubectl would use."""
    flags = _flags(arguments(choose(kubectl, choice), choice.container))
    with tempfile.NamedTemporaryFile("w", prefix="painless-", suffix=".kubeconfig") as file:
        # Ours alone by its mode, and gone with the command.
        file.write(kubectl.text("config", "view", "--raw", "--minify", "--flatten"))
        file.flush()
        yield msgspec.structs.replace(settings_of(flags), source=None, kubeconfig=file.name)


def _flags(given: tuple[str, ...]) -> dict[str, object]:
    """Return the flags of ``painless serve`` as a controller was given them."""
    if given[:1] != ("serve",):
        raise KubectlFailed("the Pod was not started with painless serve; name another with --pod")
    context = commands.commands["serve"].make_context(
        "serve", list(given[1:]), ignore_unknown_options=True, allow_extra_args=True
    )
    if context.args:
        # A controller of another release.
        click.echo(f"this version does not know, and leaves out: {' '.join(context.args)}", err=True)
    return context.params
