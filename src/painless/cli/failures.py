"""What a command says when the world fails it: one sentence, and exit status 2."""

import click


class sentences:  # noqa: N801 -- reads as a word in "with".
    """Turns failures of the world into one sentence and exit status 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        from painless.controller.ports import WorldError
        from painless.folder.source import FolderError
        from painless.settings import SettingsError

        known = (WorldError, FolderError, SettingsError, PermissionError)
        found = _first(problem, known)
        if found is not None:
            click.echo(f"painless: {found}", err=True)
            raise SystemExit(2)


def _first(problem: BaseException | None, known: tuple[type[Exception], ...]) -> BaseException | None:
    """Return the failure that is the world's, also out of a group of them."""
    if isinstance(problem, BaseExceptionGroup):
        return next((one for each in problem.exceptions if (one := _first(each, known))), None)
    return problem if isinstance(problem, known) else None
