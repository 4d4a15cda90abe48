"""Moments as text whose order is the order in time."""

from datetime import UTC, datetime


def instant(when: datetime) -> str:
    """Return the moment in UTC with Z, always with microseconds; ``when`` knows its time zone."""
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
