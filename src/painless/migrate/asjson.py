"""The report for machines: the same values, with names that do not change."""

import msgspec

from painless.migrate.report import Report, Standing


def encoded(report: Report) -> bytes:
    """Return the report as JSON, for ``--output json``."""
    counts = {str(one): report.count(one) for one in Standing}
    tree = {"standing": report.standing, "counts": counts, **msgspec.structs.asdict(report)}
    return msgspec.json.format(msgspec.json.encode(tree), indent=2)
