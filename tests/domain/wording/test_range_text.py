"""Ranges in words: totals, charts and readings."""

from dataclasses import replace
from datetime import date

import pytest

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import ALWAYS
from service.domain.reach import Reach
from service.domain.total import Total
from service.domain.vocabulary import LOSSES
from service.domain.wording.range_text import (
    READING_FORM,
    all_outcomes_texts,
    chart_range_text,
    compact_range_text,
    format_count,
    join_words,
    outcomes_text,
    range_text,
    total_range_text,
    total_text,
)

KILLED = frozenset({"killed"})
FIGURE = Figure("f", "r", "a", Scope((), ALWAYS, KILLED, ("everyone",)), Quantity(1, None))


def make_total(low: int, high: int | None, disputed: bool = False) -> Total:
    """Return a total of people killed."""
    set_aside = (FIGURE,) if disputed else ()
    return Total(
        figures=(FIGURE,), low=low, high=high, is_disputed=disputed, lows_set_aside=set_aside
    )


def killed_text(low: int, high: int | None, disputed: bool = False) -> str:
    """Return the words of a total of people killed."""
    return total_text(make_total(low, high, disputed), KILLED)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (30, None, "at least 30 killed"),
        (1, None, "at least 1 killed"),
        (0, None, "reported, number not known"),
        (30, 30, "30 killed"),
        (1, 1, "1 killed"),
        (0, 0, "nobody killed"),
        (0, 8, "up to 8 killed"),
        (2, 8, "between 2 and 8 killed"),
        (1_200, 3_001, "between 1,200 and 3,001 killed"),
    ],
)
def test_a_total_is_put_into_words(low: int, high: int | None, expected: str) -> None:
    assert killed_text(low, high) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (30, 40, "between 30 and 40 killed, disputed"),
        (0, 40, "0 to 40 killed, disputed"),
        (0, None, "reported, number not known, disputed"),
        (10, None, "at least 10 killed, disputed"),
    ],
)
def test_the_words_of_a_disputed_total_say_that_it_is_disputed(
    low: int, high: int | None, expected: str
) -> None:
    assert killed_text(low, high, disputed=True) == expected


@pytest.mark.parametrize(
    ("low", "high", "nearest", "people", "expected"),
    [
        (
            3, None, (3, 5), 2,
            "3 to 5 killed by the nearest reading; reports contradict each other by 2 people; "
            "at least 3 whichever is wrong",
        ),
        (
            0, None, (10_006, 10_006), 1,
            "10,006 killed by the nearest reading; reports contradict each other by 1 person; "
            "number not known whichever is wrong",
        ),
        (
            0, 40, (10, 40), 3,
            "10 to 40 killed by the nearest reading; reports contradict each other by 3 people; "
            "0 to 40 whichever is wrong",
        ),
        (30, 40, (30, 40), 10, "between 30 and 40 killed, disputed"),
        (3, None, None, None, "at least 3 killed, disputed"),
    ],
)  # fmt: skip
def test_a_narrower_nearest_reading_comes_first(
    low: int,
    high: int | None,
    nearest: tuple[int, int | None] | None,
    people: int | None,
    expected: str,
) -> None:
    total = replace(make_total(low, high, True), nearest=nearest, contradiction=people)
    assert total_text(total, KILLED) == expected


ONLY_KILLED = Reach(KILLED, ("wounded", "missing", "captured"))


def test_the_text_never_counts_outcomes_of_which_nothing_was_reported() -> None:
    assert total_text(make_total(12, 12), LOSSES, ONLY_KILLED) == (
        "12 killed, as reported; nothing was reported of wounded, missing or captured"
    )
    assert total_text(make_total(0, None), LOSSES, ONLY_KILLED) == (
        "reported, number not known; nothing was reported of wounded, missing or captured"
    )


def test_a_zero_of_a_part_or_one_that_follows_is_not_nobody() -> None:
    of_a_part = Reach(
        KILLED, (), ("b", "c"), 3, ((date(2024, 1, 2), date(2024, 12, 31)),), 366, False, True
    )
    follows = Reach(KILLED, is_zero_reported=False)
    assert total_text(make_total(0, 0), KILLED, of_a_part) == (
        "0 killed in the part that was reported; nothing was reported of 2 of 3 places and 365 of "
        "366 days"
    )
    assert total_text(make_total(0, 0), KILLED, follows) == (
        "0 killed, which follows from figures of other people"
    )


def test_nothing_reported_is_not_called_a_number() -> None:
    assert total_text(Total(), KILLED) == "no figure reported"
    assert total_range_text(Total()) == "no figure reported"


@pytest.mark.parametrize("disputed", [False, True])
@pytest.mark.parametrize(
    ("low", "high"), [(0, None), (30, None), (0, 0), (5, 5), (0, 8), (2, 8), (2000, 3001)]
)
def test_a_total_in_words_begins_with_its_range(low: int, high: int | None, disputed: bool) -> None:
    range_words = total_range_text(make_total(low, high, disputed))
    rest = killed_text(low, high, disputed).removeprefix(range_words)
    assert rest in {" killed", " killed, disputed", "", ", disputed"}


def test_outcomes_are_alternatives_in_the_order_of_the_vocabulary() -> None:
    assert outcomes_text({"wounded", "killed"}) == "killed or wounded"
    assert outcomes_text(LOSSES) == "killed, wounded, missing or captured"
    assert outcomes_text(KILLED) == "killed"


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list_reads_as_in_a_sentence(words: list[str], expected: str) -> None:
    assert join_words(words) == expected


def test_thousands_are_separated_by_commas() -> None:
    assert format_count(999) == "999"
    assert format_count(1_000_000_000) == "1,000,000,000"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (30, None, "at least 30"),
        (0, None, "an unknown number"),
        (2, 8, "2 to 8"),
        (5, 5, "5"),
        (0, 0, "0"),
    ],
)
def test_a_range_is_put_into_words_without_outcomes(
    low: int, high: int | None, expected: str
) -> None:
    assert range_text(low, high) == expected


@pytest.mark.parametrize(
    ("low", "high", "chart", "compact", "reading"),
    [
        (30, None, "30 or more", "30+", "{low} or more"),
        (0, None, "0 or more", "not known", "any number"),
        (2, 8, "2 to 8", "2\u20138", "{low} to {high}"),
        (0, 8, "0 to 8", "0\u20138", "up to {high}"),
        (5, 5, "5", "5", "{low}"),
        (0, 0, "0", "0", "{low}"),
    ],
)
def test_charts_and_readings_use_short_forms(
    low: int, high: int | None, chart: str, compact: str, reading: str
) -> None:
    assert chart_range_text(low, high) == chart
    assert compact_range_text(low, high) == compact
    assert READING_FORM.render(low, high) == reading.format(low=low, high=high)


def test_every_set_of_outcomes_has_a_text() -> None:
    texts = all_outcomes_texts()
    assert len(texts) == 15
    assert texts["killed"] == "killed"
    assert texts["killed,missing,captured"] == "killed, missing or captured"
