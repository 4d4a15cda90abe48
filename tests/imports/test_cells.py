"""Cells are read as people write them; what is no number, day or range is refused."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fields import MAX_ID_LENGTH, SLUG_PATTERN
from service.domain.vocabulary import MAX_COUNT
from service.imports.cells import UNITS, find_unit, make_id, parse_count, parse_day, parse_range


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("30", 30),
        (" 30 ", 30),
        ("1,204", 1204),
        ("1 204", 1204),
        ("1\u00a0204\u00a0999", 1204999),
        ("3.0", 3),
        ("007", 7),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "text", ["", "ten", "-3", "+3", "3.5", "1,20", "1,2,3", "3-5", "½", "٣", f"{MAX_COUNT + 1}"]
)
def test_what_is_no_number_of_people_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_count(text)


@given(st.integers(0, MAX_COUNT))
def test_every_number_is_read_back(count: int) -> None:
    assert (
        parse_count(str(count)) == parse_count(f"{count:,}") == parse_count(f"{count}.0") == count
    )


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("3-5", (3, 5)),
        ("3 – 5", (3, 5)),
        ("3 to 5", (3, 5)),
        ("4", (4, 4)),
        ("1,200-1,300", (1200, 1300)),
    ],
)
def test_ranges_are_read(text: str, ends: tuple[int, int]) -> None:
    assert parse_range(text) == ends


def test_half_a_range_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        parse_range("3-many")


@pytest.mark.parametrize(
    ("text", "formats", "day"),
    [
        ("2016-01-05", (), date(2016, 1, 5)),
        ("2016-01-05 00:00:00.000", (), date(2016, 1, 5)),
        ("2016-01-05T10:00:00", (), date(2016, 1, 5)),
        ("January 5, 2016", ("%d/%m/%Y", "%B %d, %Y"), date(2016, 1, 5)),
    ],
)
def test_days_are_read(text: str, formats: tuple[str, ...], day: date) -> None:
    assert parse_day(text, formats) == day


@pytest.mark.parametrize(
    ("text", "formats"), [("05/01/2016", ()), ("2016-02-30", ()), ("2016-01-05", ("%d/%m/%Y",))]
)
def test_what_is_no_day_is_refused(text: str, formats: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_day(text, formats)


@given(st.dates(date(1, 2, 1), date(9998, 12, 1)), st.sampled_from(UNITS))
def test_a_unit_holds_its_day_and_touches_the_next_unit(day: date, unit: str) -> None:
    period = find_unit(day, unit)
    assert period.first is not None and period.last is not None
    assert period.first <= day <= period.last
    following = find_unit(period.last + timedelta(1), unit)
    assert following.first == period.last + timedelta(1)
    assert {"day": 0, "week": 6}.get(unit, 27) <= (period.last - period.first).days


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (("Ukraine", "Харківська область", "Ізюм"), "ukraine-kharkivska-oblast-izyum"),
        (("Deir ez-Zor",), "deir-ez-zor"),
        (("Saint-Étienne",), "saint-etienne"),
    ],
)
def test_ids_are_made_of_names(names: tuple[str, ...], made: str) -> None:
    assert make_id(*names) == made


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5))
def test_every_made_id_is_valid(names: list[str]) -> None:
    made = make_id(*names)
    assert len(made) <= MAX_ID_LENGTH
    assert re.fullmatch(SLUG_PATTERN, made)


def test_names_without_latin_letters_have_ids_of_their_own() -> None:
    assert make_id("حلب") != make_id("إدلب")


def test_long_names_that_differ_at_the_end_have_ids_of_their_own() -> None:
    long = "x" * 120
    assert make_id(long + "a") != make_id(long + "b")


def test_long_cells_are_read_each_time_and_as_short_ones() -> None:
    for length in (99, 100, 101, 4_000):
        assert parse_count("7".rjust(length, "0")) == 7
        assert parse_day("2026-01-05T".ljust(length, "0")) == date(2026, 1, 5)
        assert make_id("a" * length)[:90] == "a" * 90
        with pytest.raises(ValueError, match="whole number"):
            parse_count("x" * length)
