"""What a total is called in words."""

import pytest

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import ALWAYS
from service.domain.total import Total
from service.domain.vocabulary import LOSSES
from service.domain.wording.range_text import (
    format_count,
    join_words,
    outcomes_text,
    range_text,
    total_text,
)

KILLED = frozenset({"killed"})
FIGURE = Figure("f", "r", "a", Scope((), ALWAYS, KILLED, ("everyone",)), Quantity(1, None))


def killed_text(low: int, high: int | None, disputed: bool = False) -> str:
    """Return what a total of people killed is called."""
    set_aside = (FIGURE,) if disputed else ()
    total = Total(figures=(FIGURE,), low=low, high=high, lows_set_aside=set_aside)
    return total_text(total, KILLED)


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


def test_nothing_reported_is_not_called_a_number() -> None:
    assert total_text(Total(), KILLED) == "no figure reported"


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
