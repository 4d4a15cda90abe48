"""Moments as text whose order is the order in time."""

from datetime import UTC, datetime, timedelta


def instant(when: datetime) -> str:
    """Return the moment in UTC with Z, always with microseconds; ``when`` knows its time zone."""
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def just_after(moment: str) -> str:
    """Return the first moment after the given one, both as ``instant`` writes them."""
    return instant(datetime.fromisoformat(moment) + timedelta(microseconds=1))
