"""A record with everything that an export must keep, and what is read from exports."""

import csv
import io
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]

WEST = {"id": "west", "name": "Захід", "longitude": 24.0, "latitude": 49.8}
TOWN = {"id": "town", "name": "Town; of two", "parent": WEST, "aliases": ["=Місто", "a; b"]}
VILLAGE = {"id": "village", "name": "قرية", "parent": "west"}
DAY = {"from": "2024-12-14", "to": "2024-12-14"}


def record_everything(send: Send) -> dict[str, str]:
    """Send reports of every kind, and return the ids of some by name."""
    killed = {"outcomes": ["killed"]}
    army = {"id": "army", "name": "Army", "facet": "side"}
    ids: dict[str, str] = {}

    def post(name: str, **changes: Any) -> None:
        body = {"places": [TOWN], "period": DAY, **changes}
        ids[name] = assert_recorded(send(bodies.make_report(**body)))["id"]

    post(
        "words",
        places=[TOWN, VILLAGE],
        figures=[{"wording": "at least 30 killed or wounded", "note": "=1+1"}],
        source={"url": "https://example.org/a?b=1", "title": "“Title”, with commas"},
        quote="At least 30,\nthey say",
        published_at="2024-12-16T10:00:00Z",
        caveats=["preliminary", "a text; with marks"],
    )
    post("relay", relays=ids["words"], reporter={"id": "paper", "name": "Paper"})
    post("missing", figures=[{"outcomes": ["missing"], "exactly": 5, "best": 5}], groups=[army])
    earlier = {"figure": f"{ids['missing']}-1", "from": "missing"}
    post(
        "found",
        figures=[{**killed, "exactly": 2, "reclassifies": earlier}],
        groups=...,
        ref="found",
    )  # fmt: skip
    post("own", incident="own", figures=[{**killed, "low": 1}, {"outcomes": ["wounded"], "low": 2}])
    post(
        "each-own",
        incident="own",
        figures=[{**killed, "low": 1, "incident": "own"}, {**killed, "low": 2, "incident": "own"}],
    )
    post("event", incident="acled:17", figures=[{**killed, "low": 3, "high": 4}])
    post("stance", figures=..., stance="declines_to_say")
    post("first", ref="n-1", figures=[{**killed, "exactly": 100}])
    post("second", ref="n-1", supersedes=ids["first"], figures=[{**killed, "exactly": 40}])
    post("unstated", period={"from": None, "to": "2024-12-31"}, figures=[{**killed, "low": 7}])
    return ids


def fetch_text(client: FlaskClient, address: str) -> str:
    """Return the text of an answer that must be a success."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def fetch_rows(client: FlaskClient, address: str) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(fetch_text(client, address), newline="")))


QUESTIONS = (
    "",
    "by=place",
    "by=month,outcome&from=2024-01-01&to=2024-12-31",
    "by=reporter&by_reporter=true",
    "place=town&outcomes=killed&outcomes=killed,wounded",
    "by=group&facet=side",
    "party=exclude&by=day&from=2024-12-13&to=2024-12-16",
)
"""Queries for totals whose answers an export must keep."""


def fetch_totals(client: FlaskClient) -> list[list[dict[str, str]]]:
    """Return the tables of totals of all questions."""
    return [fetch_rows(client, f"/v1/totals?format=csv&{query}") for query in QUESTIONS]
