"""Times of Kubernetes, as seconds between now and then."""

from datetime import UTC, datetime

from painless.doctor.parts import Part


def since(part: Part, now: float) -> float | None:
    """Return the seconds from a time such as ``2026-01-31T12:00:00Z`` to ``now``; ``None`` if it is none."""
    at = moment(part)
    return None if at is None else now - at


def moment(part: Part) -> float | None:
    """Return a time in seconds since 1970."""
    try:
        found = datetime.fromisoformat(part.text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
