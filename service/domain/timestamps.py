"""Moments as text whose order is the order in time."""

from datetime import UTC, datetime, timedelta


def format_timestamp(moment: datetime) -> str:
    """Return the moment in UTC with Z, always with microseconds; ``moment`` knows its time zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def next_timestamp(timestamp: str) -> str:
    """Return the first moment after the given one, both as ``format_timestamp`` writes them."""
    return format_timestamp(datetime.fromisoformat(timestamp) + timedelta(microseconds=1))
