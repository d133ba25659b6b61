"""The flags of the doctor that runs beside a controller."""

from typing import Any

import click

from painless.cli.flags import Command, option


def examining(command: Command) -> Command:
    """Add the flags."""
    return option(
        "doctor-interval",
        "Seconds between two looks of the doctor at NGINX and its machine; 0 for none.",
        default=600.0,
        type=click.FloatRange(0),
    )(command)


def examined_by(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that these flags ask for."""
    return {"doctor_interval": flags["doctor_interval"]}
