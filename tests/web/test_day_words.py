"""Days and periods as people write them."""

from datetime import date

import pytest

from service.web import day_words


@pytest.mark.parametrize(
    ("first", "last", "words", "short"),
    [
        ("2016-01-01", "2016-12-31", "in 2016", "1 Jan \u2013 31 Dec 2016"),
        ("2014-01-01", "2016-12-31", "from 2014 to 2016", "1 Jan 2014 \u2013 31 Dec 2016"),
        ("2024-02-01", "2024-02-29", "in February 2024", "1 \u2013 29 Feb 2024"),
        ("2024-01-01", "2024-03-31", "from January to March 2024", "1 Jan \u2013 31 Mar 2024"),
        (
            "2023-11-01",
            "2024-01-31",
            "from November 2023 to January 2024",
            "1 Nov 2023 \u2013 31 Jan 2024",
        ),
        ("2024-12-14", "2024-12-15", "on 14 and 15 December 2024", "14 \u2013 15 Dec 2024"),
        ("2024-12-14", "2024-12-14", "on 14 December 2024", "14 Dec 2024"),
        (
            "2024-11-30",
            "2024-12-01",
            "from 30 November to 1 December 2024",
            "30 Nov \u2013 1 Dec 2024",
        ),
        ("2024-12-03", "2024-12-20", "from 3 to 20 December 2024", "3 \u2013 20 Dec 2024"),
    ],
)
def test_a_period_is_put_into_words(first: str, last: str, words: str, short: str) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert day_words.format_during(*days) == words
    assert day_words.format_short_days(*days) == short


@pytest.mark.parametrize(
    "text", ["", "yesterday", "3/4/2024", "14 December", "ma 2024", "June 24", "2024-13", "1 2 3 4"]
)
def test_what_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        day_words.parse_day(text, "first")


def test_a_moment_that_is_not_known_is_a_dash() -> None:
    assert day_words.format_moment(None) == "\u2013"
