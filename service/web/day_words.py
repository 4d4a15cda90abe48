"""Days and periods as people write them: "14 and 15 December 2024", "March 2024", "2016"."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, Literal

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

RangeEnd = Literal["first", "last"]
"""Which end of a period a text names: of "March 2024", its first or its last day."""


def format_day(day: date) -> str:
    """Return the day: "30 June 2024"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def format_moment(timestamp: str | None) -> str:
    """Return a timestamp of the record to the minute: "28 November 2026, 14:05 UTC"."""
    if timestamp is None:
        return "–"
    moment = datetime.fromisoformat(timestamp)
    return f"{format_day(moment.date())}, {moment:%H:%M} UTC"


def format_short_day(day: date) -> str:
    """Return the day with a short month: "30 Jun 2024"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def format_days(first: date, last: date) -> str:
    """Return the days, both included, without a preposition: "3 to 20 December 2024".

    Whole months and years are named as such: "January to March 2024", "2014 to 2016".
    """
    if first == last:
        return format_day(first)
    if is_whole_years(first, last):
        return str(first.year) if first.year == last.year else f"{first.year} to {last.year}"
    if is_whole_months(first, last):
        return _format_months(first, last)
    day = f"{first.day} {MONTHS[first.month - 1]}"
    if first.year != last.year:
        return f"{day} {first.year} to {format_day(last)}"
    if first.month != last.month:
        return f"{day} to {format_day(last)}"
    joined = "and" if last - first == timedelta(1) else "to"
    return f"{first.day} {joined} {format_day(last)}"


def _format_months(first: date, last: date) -> str:
    ending = f"{MONTHS[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return ending
    beginning = MONTHS[first.month - 1]
    return (
        f"{beginning} to {ending}"
        if first.year == last.year
        else f"{beginning} {first.year} to {ending}"
    )


def format_short_days(first: date, last: date) -> str:
    """Return the days with short months: "1 Jan – 31 Dec 2016"."""
    if first == last:
        return format_short_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {format_short_day(last)}"
    day = f"{first.day} {MONTHS[first.month - 1][:3]}"
    beginning = day if first.year == last.year else f"{day} {first.year}"
    return f"{beginning} – {format_short_day(last)}"


def format_during(first: date, last: date) -> str:
    """Return the days as an adverbial: "in March 2024", "on 14 and 15 December 2024"."""
    days = format_days(first, last)
    if is_whole_months(first, last):
        is_one = (first.year, first.month) == (last.year, last.month) or "to" not in days
        return f"in {days}" if is_one else f"from {days}"
    return (
        f"on {days}" if (last - first).days <= 1 and first.month == last.month else f"from {days}"
    )


def is_whole_months(first: date, last: date) -> bool:
    """Whether the days are whole calendar months."""
    return first.day == 1 and last.day == monthrange(last.year, last.month)[1]


def is_whole_years(first: date, last: date) -> bool:
    """Whether the days are whole calendar years."""
    return (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)


def parse_day(text: str, end: RangeEnd) -> date:
    """Return the day that a person wrote; of a month or year its first or last day.

    Reads 2024-06-30, 30 June 2024, June 30, 2024, 30 Jun 2024, June 2024, 2024-06 and 2024. Raises
    ValueError for all else, also where the order of day and month is not clear (3/4/2024).
    """
    words = text.strip().replace(",", " ").replace(".", " ").lower().split()
    if len(words) == 1:
        return _parse_iso(words[0], end)
    month = next((number for number, word in enumerate(words) if word.isalpha()), None)
    if month is None or len(words) > 3:
        raise ValueError("not a day")
    month_number = _parse_month(words.pop(month))
    numbers = [int(re.sub(r"(?<=[0-9])(st|nd|rd|th)$", "", word)) for word in words]
    if len(numbers) == 1:
        return _end_of_month(numbers[0], month_number, end)
    day, year = numbers
    return date(year, month_number, day)


def _parse_iso(text: str, end: RangeEnd) -> date:
    if re.fullmatch(r"[0-9]{4}", text):
        year = int(text)
        return date(year, 1, 1) if end == "first" else date(year, 12, 31)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        return _end_of_month(int(text[:4]), int(text[5:]), end)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return date.fromisoformat(text)
    raise ValueError("not a day")


def _parse_month(word: str) -> int:
    numbers = [
        number
        for number, name in enumerate(MONTHS, 1)
        if len(word) >= 3 and name.lower().startswith(word)
    ]
    if len(numbers) != 1:
        raise ValueError("not a month")
    return numbers[0]


def _end_of_month(year: int, month: int, end: RangeEnd) -> date:
    if year < 1_000:
        raise ValueError("not a year")
    return date(year, month, 1 if end == "first" else monthrange(year, month)[1])
