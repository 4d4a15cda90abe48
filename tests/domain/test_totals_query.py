"""A query's period is split into days, weeks, months or years."""

from datetime import date
from itertools import pairwise

import pytest

from service.domain.errors import InvalidInputError
from service.domain.periods import ALWAYS, Period
from service.domain.totals_query import CALENDAR_UNITS, MAX_PARTS, TotalsQuery, split_period
from service.domain.vocabulary import ROOT_GROUP


def period(first: str, last: str) -> Period:
    """Return the period between two days."""
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def split(first: str, last: str, by: str) -> list[tuple[str, str, str]]:
    """Return key, first and last day of every part."""
    parts = split_period(period(first, last), by)
    return [(key, str(part.first), str(part.last)) for key, part in parts]


def test_a_query_is_about_everyone_everywhere_and_always_by_default() -> None:
    scope = TotalsQuery().scope_for(frozenset({"killed"}))
    assert (scope.places, scope.period, scope.groups) == ((), ALWAYS, (ROOT_GROUP,))
    assert scope.incident is None


def test_days_are_keyed_by_their_date() -> None:
    assert split("2024-02-28", "2024-03-01", "day") == [
        ("2024-02-28", "2024-02-28", "2024-02-28"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-03-01", "2024-03-01", "2024-03-01"),
    ]


def test_weeks_begin_on_monday_and_are_clipped() -> None:
    assert split("2024-12-14", "2024-12-18", "week") == [
        ("2024-W50", "2024-12-14", "2024-12-15"),
        ("2024-W51", "2024-12-16", "2024-12-18"),
    ]


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    assert split("2024-12-30", "2025-01-05", "week") == [("2025-W01", "2024-12-30", "2025-01-05")]
    assert split("2027-01-01", "2027-01-01", "week")[0][0] == "2026-W53"


def test_months_are_clipped_and_go_over_the_turn_of_the_year() -> None:
    assert split("2023-11-30", "2024-02-29", "month") == [
        ("2023-11", "2023-11-30", "2023-11-30"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2024-01", "2024-01-01", "2024-01-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
    ]


def test_years_are_clipped() -> None:
    assert split("2023-12-31", "2025-01-01", "year") == [
        ("2023", "2023-12-31", "2023-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2025", "2025-01-01", "2025-01-01"),
    ]


@pytest.mark.parametrize("by", CALENDAR_UNITS)
def test_the_parts_follow_each_other_without_a_gap_and_fill_the_period(by: str) -> None:
    parts = split_period(period("2023-11-07", "2024-03-13"), by)
    assert (parts[0][1].first, parts[-1][1].last) == (date(2023, 11, 7), date(2024, 3, 13))
    for (_, one), (_, other) in pairwise(parts):
        assert one.last is not None
        assert other.first is not None
        assert (other.first - one.last).days == 1


@pytest.mark.parametrize(
    ("by", "key"),
    [("day", "9999-12-31"), ("week", "9999-W52"), ("month", "9999-12"), ("year", "9999")],
)
def test_a_period_may_end_on_the_last_day_of_the_calendar(by: str, key: str) -> None:
    assert split_period(period("9999-12-31", "9999-12-31"), by) == [
        (key, period("9999-12-31", "9999-12-31"))
    ]


@pytest.mark.parametrize(
    ("by", "key"),
    [("day", "0001-01-01"), ("week", "0001-W01"), ("month", "0001-01"), ("year", "0001")],
)
def test_a_period_may_begin_on_the_first_day_of_the_calendar(by: str, key: str) -> None:
    assert split_period(period("0001-01-01", "0001-01-01"), by)[0][0] == key


@pytest.mark.parametrize(
    "open_period",
    [ALWAYS, Period(date(2024, 1, 1), None), Period(None, date(2024, 1, 1))],
)
def test_an_open_period_has_no_breakdown_by_time(open_period: Period) -> None:
    with pytest.raises(InvalidInputError) as error_info:
        split_period(open_period, "month")
    assert error_info.value.errors[0].pointer == "from"
    assert error_info.value.detail == "by=month needs a bounded period: give from and to."


def test_more_than_a_thousand_parts_are_refused() -> None:
    assert len(split_period(period("2021-01-01", "2023-09-27"), "day")) == MAX_PARTS
    with pytest.raises(InvalidInputError, match=r"More than 1,000 parts") as error_info:
        split_period(period("2021-01-01", "2023-09-28"), "day")
    assert error_info.value.errors[0].pointer == "by"


def test_a_period_that_ends_before_it_begins_has_no_parts() -> None:
    assert split_period(period("2024-01-02", "2024-01-01"), "day") == []
