"""Periods are whole days with both ends included; either end may be open."""

from datetime import date

from service.domain.periods import ALWAYS, OPEN_END, OPEN_START, Period


def january(first: int | None, last: int | None) -> Period:
    """Return the period between two days of January 2024."""
    return Period(
        None if first is None else date(2024, 1, first),
        None if last is None else date(2024, 1, last),
    )


def test_both_ends_are_included() -> None:
    assert january(1, 3).overlaps(january(3, 5))
    assert january(3, 5).overlaps(january(1, 3))
    assert not january(1, 2).overlaps(january(3, 5))
    assert not january(3, 5).overlaps(january(1, 2))


def test_a_period_lies_within_itself() -> None:
    assert january(1, 3).is_within(january(1, 3))
    assert january(2, 2).is_within(january(1, 3))
    assert not january(1, 4).is_within(january(1, 3))
    assert not january(1, 3).is_within(january(2, 3))


def test_an_open_beginning_reaches_back_without_end() -> None:
    so_far = january(None, 3)
    assert so_far.start == OPEN_START < date.min.toordinal()
    assert so_far.overlaps(Period(date.min, date.min))
    assert not so_far.is_within(Period(date.min, date(2024, 1, 3)))
    assert so_far.is_within(january(None, 4))


def test_a_query_may_have_no_last_day() -> None:
    assert january(1, None).stop == OPEN_END > date.max.toordinal()
    assert Period(date.max, date.max).is_within(january(1, None))
    assert not january(1, None).is_within(Period(date.min, date.max))


def test_everything_lies_within_always() -> None:
    assert january(None, 3).is_within(ALWAYS)
    assert january(1, None).is_within(ALWAYS)
    assert ALWAYS.is_within(ALWAYS)
