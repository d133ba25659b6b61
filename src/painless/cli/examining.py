"""The flags of the doctor that runs beside a controller."""

from pathlib import Path
from typing import Any

import click

from painless.cli.flags import Command, option

EXAMINING = (
    option(
        "doctor-interval",
        "Seconds between two looks of the doctor at NGINX and its machine; 0 for none.",
        default=600.0,
        type=click.FloatRange(0),
    ),
    option(
        "doctor-config",
        "File of the doctor's findings that are not to be shown, and of other limits; read at each look.",
        default=None,
        type=click.Path(path_type=Path),
    ),
)


def examining(command: Command) -> Command:
    """Add the flags."""
    for decorate in reversed(EXAMINING):
        command = decorate(command)
    return command


def examined_by(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that these flags ask for."""
    config = flags["doctor_config"]
    return {"doctor_interval": flags["doctor_interval"], "doctor_config": config and config.absolute()}
