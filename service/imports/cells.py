"""Cells of tables: numbers, ranges, days and ids as people write them into columns."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache, wraps
from hashlib import sha256
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from schemas.fields import MAX_ID_LENGTH
from service.domain.name_folding import fold_name
from service.domain.periods import Period
from service.domain.vocabulary import MAX_COUNT

_COUNT: Final = re.compile(r"([0-9]+|[0-9]{1,3}(?:[,' \u00a0\u2009\u202f][0-9]{3})+)(?:\.0+)?")
_RANGE: Final = re.compile(r"(.+?)\s*(?:-|–|—|\bto\b)\s*(.+)")
_ISO_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")

_HASH_LENGTH: Final = 8

_MAX_KNOWN: Final = 10_000
"""How many texts are remembered with what was read in them: a column repeats most of its own."""

_MAX_KNOWN_LENGTH: Final = 100
"""Longer texts are read each time: remembered ones take no more than some megabytes."""

_Rest = ParamSpec("_Rest")
_Read = TypeVar("_Read")


def _remember(
    read: Callable[Concatenate[str, _Rest], _Read],
) -> Callable[Concatenate[str, _Rest], _Read]:
    """Return the function of a text with a memory of its results; errors are not remembered."""
    read_known: Any = lru_cache(maxsize=_MAX_KNOWN)(read)

    @wraps(read)
    def read_or_recall(text: str, /, *rest: _Rest.args, **named: _Rest.kwargs) -> _Read:
        is_short = len(text) <= _MAX_KNOWN_LENGTH
        result: _Read = (read_known if is_short else read)(text, *rest, **named)
        return result

    return read_or_recall


@_remember
def parse_count(text: str) -> int:
    """Return the number of people; raises ValueError that says what is wrong.

    Thousands may be separated ("1,204"), and a fraction of zero is none ("3.0").
    """
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a whole number of people")
    count = int(re.sub(r"\D", "", match[1]))
    if count > MAX_COUNT:
        raise ValueError(f"{text!r} is above {MAX_COUNT:,}")
    return count


def parse_range(text: str) -> tuple[int, int]:
    """Return the ends of "3-5", or twice the number of "3"; raises ValueError."""
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return (parse_count(text),) * 2
    return parse_count(match[1]), parse_count(match[2])


@_remember
def parse_day(text: str, formats: tuple[str, ...] = ()) -> date:
    """Return the day in one of the formats of ``strptime``, or in ISO 8601 if there are none.

    A time of the day is left out of ISO 8601. Raises ValueError that says what is wrong.
    """
    stripped = text.strip()
    if not formats:
        match = _ISO_DAY.fullmatch(stripped)
        if match is None:
            raise ValueError(f"{text!r} is not a day like 2026-01-05: give the format of the days")
        try:
            return date.fromisoformat(match[1])
        except ValueError:
            raise ValueError(f"there is no day {text!r}") from None
    for each in formats:
        try:
            return datetime.strptime(stripped, each).date()  # noqa: DTZ007 - a day has no zone
        except (ValueError, re.error):  # Some wrong formats give a wrong regular expression.
            continue
    raise ValueError(f"{text!r} is not a day in the format {' or '.join(formats)}")


UNITS: Final = ("day", "week", "month", "year")
"""The calendar units; weeks begin on Monday, as in ISO 8601."""


@lru_cache(maxsize=_MAX_KNOWN)
def find_unit(day: date, unit: str) -> Period:
    """Return the calendar unit that holds the day; KeyError if there is no such unit.

    Raises ValueError if the calendar ends within the unit.
    """
    monday = day - timedelta(days=day.weekday())
    month = day.replace(day=1)
    try:
        next_month = (month + timedelta(days=31)).replace(day=1)
        sunday = monday + timedelta(days=6)
    except OverflowError:
        raise ValueError(f"the {unit} of {day} goes beyond the calendar") from None
    units = {
        "day": Period(day, day),
        "week": Period(monday, sunday),
        "month": Period(month, next_month - timedelta(days=1)),
        "year": Period(day.replace(month=1, day=1), day.replace(month=12, day=31)),
    }
    return units[unit]


def make_id(*names: str) -> str:
    """Return an id made of the names, such as ``ukraine-kharkiv-oblast-izium``.

    Cyrillic letters are written as Latin ones. A name in another alphabet, and an id that would be
    too long, gets some digits of a hash instead, so that two names never share an id by accident.
    """
    parts = [_make_id_part(name) for name in names]
    made = "-".join(parts)
    if len(made) <= MAX_ID_LENGTH:
        return made
    digits = _hash("\n".join(names))
    return f"{made[: MAX_ID_LENGTH - len(digits) - 1].rstrip('-')}-{digits}"


@_remember
def _make_id_part(name: str) -> str:
    folded = fold_name(name).replace(" ", "-")
    if folded and folded.isascii():
        return folded
    ascii_part = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    return "-".join(filter(None, (ascii_part, _hash(name))))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
