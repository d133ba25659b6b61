"""The flags of request metrics, spelled as ingress-nginx spells them."""

import math
from itertools import pairwise
from typing import Any

import click

from painless.cli.flags import Command, option, switch
from painless.observe.requests import LENGTHS, MOST_SERIES, SIZES, TIMES, Shown
from painless.settings import Settings, SettingsError

_MOST_BUCKETS = 100
"""Buckets of a histogram; each is a line of each series."""


def _numbers(values: tuple[float, ...]) -> str:
    return ",".join(f"{one:.16g}" for one in values)


COUNTING = (
    switch("metrics-per-host", "Label request metrics with the host.", default=True),
    switch("metrics-per-undefined-host", 'Hosts that no Ingress has are told apart, too, in place of "_".'),
    switch("metrics-per-path", "Label request metrics with the path of the rule.", default=True),
    switch("report-status-classes", "Label request metrics with 2xx and 4xx in place of statuses."),
    option("time-buckets", "Buckets of durations, in seconds.", default=_numbers(TIMES)),
    option(
        "length-buckets", "Buckets of request_size and response_size, in bytes.", default=_numbers(LENGTHS)
    ),
    option("size-buckets", "Buckets of bytes_sent, in bytes.", default=_numbers(SIZES)),
    option("exclude-socket-metrics", "Comma separated request metrics that are not wanted.", default=""),
    option(
        "metrics-max-series",
        "Sets of labels of requests that are told apart; the others are counted together.",
        default=MOST_SERIES,
        type=click.IntRange(1, 1_000_000),
    ),
)


def counting(command: Command) -> Command:
    """Add the flags of request metrics."""
    for decorate in reversed(COUNTING):
        command = decorate(command)
    return command


def shown_of(flags: dict[str, Any], settings: Settings) -> Shown:
    """Return what these flags want to see of requests."""
    namespace, name = settings.pod or ("", "")
    if flags["metrics_per_undefined_host"] and not flags["metrics_per_host"]:
        raise click.UsageError("found --metrics-per-undefined-host without --metrics-per-host, expected both")
    try:
        return Shown(
            controller=(namespace, settings.controller_class, name),
            per_host=flags["metrics_per_host"],
            per_undefined_host=flags["metrics_per_undefined_host"],
            per_path=flags["metrics_per_path"],
            status_classes=flags["report_status_classes"],
            times=_buckets("--time-buckets", flags["time_buckets"]),
            lengths=_buckets("--length-buckets", flags["length_buckets"]),
            sizes=_buckets("--size-buckets", flags["size_buckets"]),
            excluded=tuple(filter(None, (one.strip() for one in flags["exclude_socket_metrics"].split(",")))),
            most_series=flags["metrics_max_series"],
        )
    except SettingsError as problem:
        raise click.UsageError(str(problem)) from problem


def _buckets(flag: str, text: str) -> tuple[float, ...]:
    try:
        found = tuple(map(float, text.split(",")))
    except ValueError:
        found = ()
    rising = all(one < other for one, other in pairwise(found))
    if not 0 < len(found) <= _MOST_BUCKETS or not rising or not all(map(math.isfinite, found)):
        raise SettingsError(
            f'{flag}: found "{text}", expected numbers, separated by commas, each above the one before and'
            f" {_MOST_BUCKETS} at most"
        )
    return found
