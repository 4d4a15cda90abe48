"""A page shows one total of the same people, even if the time budget ran out in between."""

import re
from collections.abc import Callable
from itertools import chain, repeat

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.usecases.time_budget import TimeBudget
from tests.support import bodies
from tests.support.assertions import assert_recorded

BUDGET_SECONDS = 20.0


def read_lows(page: str) -> tuple[str, str]:
    """Return the low in the headline and in the bar of the same outcomes."""
    headline = re.search(r'id="headline">(.*?)</h1>', page, re.S)
    row = re.search(r'data-key="killed">.*?class="chart-words">(.*?)</p>', page, re.S)
    assert headline and row
    return headline[1], re.sub(r"<[^>]+>", "", row[1]).strip()


@pytest.mark.parametrize(
    ("looks", "headline", "row"),
    [(0, "3 people killed", "3"), (1, "3 people killed", "3"), (3, "number not known", "3 placed")],
)
def test_the_headline_and_the_bar_show_the_same_total(
    client: FlaskClient,
    send: Callable[..., TestResponse],
    monkeypatch: pytest.MonkeyPatch,
    looks: int,
    headline: str,
    row: str,
) -> None:
    assert_recorded(send(bodies.make_interlocked_report()))
    left = chain(repeat(0.0, looks), repeat(BUDGET_SECONDS))
    monkeypatch.setattr(TimeBudget, "next_seconds", lambda self: next(left))
    page = client.get("/?place=a,b&show=killed").get_data(as_text=True)
    shown_headline, shown_row = read_lows(page)
    assert headline in shown_headline
    assert row in shown_row
