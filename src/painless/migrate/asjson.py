"""The report for machines: the same values, with names that do not change."""

from collections.abc import Mapping
from typing import Any

import msgspec

from painless.migrate.report import Report, Standing
from painless.model.objects import ObjectRef


def encoded(report: Report) -> bytes:
    """Return the report as JSON, for ``--output json``."""
    counts = {str(one): report.count(one) for one in Standing}
    tree: Mapping[str, Any] = {
        "standing": report.standing,
        "counts": counts,
        **msgspec.to_builtins(report, enc_hook=_plain),
    }
    return msgspec.json.format(msgspec.json.encode(tree), indent=2)


def _plain(value: object) -> object:
    assert not isinstance(value, ObjectRef), "a reference is a record"
    return str(value)
