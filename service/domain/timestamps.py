"""Timestamps as text that sorts in the order of time."""

from datetime import UTC, datetime, timedelta


def format_timestamp(moment: datetime) -> str:
    """Return the time in UTC with microseconds and "Z"; ``moment`` must have a time zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def next_timestamp(timestamp: str) -> str:
    """Return the timestamp one microsecond later; both are in the form of ``format_timestamp``."""
    return format_timestamp(datetime.fromisoformat(timestamp) + timedelta(microseconds=1))
