"""The flags of ingress-nginx that change nothing here: taken as Go takes them, and told once.

Which they are and why is data of ``painless.flags``.  A value that ingress-nginx would not start with is one
here neither: nobody meant it.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import click
from click.core import ParameterSource

from painless.cli.flags import Command, option, switch
from painless.flags import WITHOUT_EFFECT, Flag, Kind
from painless.settings import SettingsError, duration

_WHOLE = re.compile(r"[-+]?\d+|0[xX][0-9a-fA-F]+", re.ASCII)


def _float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _duration(text: str) -> bool:
    try:
        duration("", text)
    except SettingsError:
        return False
    return True


_FITS: Mapping[Kind, Callable[[str], bool]] = {
    Kind.INT: lambda text: bool(_WHOLE.fullmatch(text)),
    Kind.UINT: lambda text: bool(_WHOLE.fullmatch(text)) and not text.startswith("-"),
    Kind.FLOAT: _float,
    Kind.DURATION: _duration,
}


class _Checked(click.ParamType[str]):
    """Text that is looked at, and not used."""

    def __init__(self, kind: Kind) -> None:
        self.name = kind.name.lower()
        self._kind = kind

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        fits = _FITS.get(self._kind)
        if fits and not fits(text):
            self.fail(f'found "{text}", expected {self._kind}', param, ctx)
        return text


def accepting(command: Command) -> Command:
    """Add the flags that change nothing."""
    for flag in reversed(WITHOUT_EFFECT.values()):
        command = _decorator(flag)(command)
    return command


def _decorator(flag: Flag) -> Callable[[Command], Command]:
    text = f"Changes nothing: {flag.why}."
    if flag.kind is Kind.BOOL:
        return switch(flag.name, text, default=flag.default == "true")
    return option(flag.name, text, default=flag.default, type=_Checked(flag.kind))


def given(context: click.Context) -> Iterator[Flag]:
    """Yield the flags that were given and change nothing."""
    for one in context.command.params:
        flag = WITHOUT_EFFECT.get(flag_name(one))
        source = context.get_parameter_source(one.name) if one.name else None
        if flag and source is ParameterSource.COMMANDLINE:
            yield flag


def flag_name(parameter: click.Parameter) -> str:
    """Return a flag's longest name, without its dashes."""
    return max((one.lstrip("-") for one in parameter.opts), key=len)
