"""A report that is sent again for a correction says the same as the one that it replaces."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.domain.report import Report, ReportedFigure
from service.domain.report_copy import make_body
from service.domain.vocabulary import ROOT_GROUP
from service.store.interface import Store
from service.usecases import reports
from tests.conftest import START_TIME
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]

ARMY = {"id": "army", "name": "The army"}
DAY = {"from": "2024-12-14", "to": "2024-12-14"}
KILLED = {"outcomes": ["killed"]}


def load_report(store: Store, report_id: str) -> Report:
    """Return the recorded report."""
    return reports.get_report(store, report_id, None, START_TIME).report


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ref": "n 1", "published_at": "2024-12-16T10:00:00Z", "quote": "“q”", "note": "n"},
        {"source": {"url": "https://example.org/a", "publisher": "P", "language": "uk"}},
        {"groups": [ARMY], "caveats": ["preliminary", "a text; with marks"]},
        {"period": {"from": None, "to": "2024-12-15"}},
        {"incident": "own"},
        {"incident": "ucdp:1", "figures": [bodies.make_figure(incident=None)]},
        {"incident": "ucdp:1", "figures": [bodies.make_figure(incident="own")]},
        {"incident": "own", "figures": [bodies.make_figure(), bodies.make_figure(incident="own")]},
        {"figures": [{"wording": "4 civilians killed", "groups": [ROOT_GROUP]}]},
        {"groups": [ARMY], "figures": [bodies.make_figure(groups=[ROOT_GROUP])]},
        {"figures": [{**KILLED, "exactly": 5, "wording": "five"}]},
        {"figures": [{**KILLED, "low": 0}, {**KILLED, "high": 7, "best": 3, "note": "n"}]},
        {"figures": [{**KILLED, "low": 2, "high": 7}, bodies.make_figure(period=DAY)]},
        {"figures": [{"wording": "heavy losses"}]},
        {"places": ..., "figures": [bodies.make_figure(places=[bodies.make_place("a")])]},
        {"stance": "declines_to_say", "figures": ...},
    ],
)
def test_what_is_sent_again_is_recorded_alike(
    send: Send, store: Store, changes: dict[str, Any]
) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place("b")])))
    first_id = assert_recorded(send(bodies.make_report(**changes)))["id"]
    first = load_report(store, first_id)
    body = make_body(first)
    assert body["supersedes"] == first_id
    again = assert_recorded(send(body))
    # It is the reporter's other report: all but the ids and the link is the same.
    second = load_report(store, again["id"])
    assert _without_ids(second) == _without_ids(first)


def _without_ids(report: Report) -> list[Any]:
    names = [
        name for name in Report.__dataclass_fields__ if name not in ("id", "supersedes", "figures")
    ]
    figures = [
        {
            name: getattr(figure, name)
            for name in ReportedFigure.__dataclass_fields__
            if name not in ("id", "own_event")
        }
        | {"shares_event": figure.own_event == report.id}
        for figure in report.figures
    ]
    return [{name: getattr(report, name) for name in names}, figures]


def test_a_link_to_an_earlier_figure_is_kept(send: Send, store: Store) -> None:
    missing = {"outcomes": ["missing"], "exactly": 4}
    earlier = assert_recorded(send(bodies.make_report(figures=[missing])))
    found = {
        **KILLED,
        "exactly": 2,
        "reclassifies": {"figure": earlier["figures"][0]["id"], "from": "missing"},
    }
    report = bodies.make_report(places=..., period=..., figures=[found])
    first = load_report(store, assert_recorded(send(report))["id"])
    body = make_body(first)
    assert body["figures"] == [found]
    second = load_report(store, assert_recorded(send(body))["id"])
    assert _without_ids(second) == _without_ids(first)


def test_erased_words_are_sent_as_the_numbers_that_they_were_read_as(
    send: Send, store: Store, client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    report_id = assert_recorded(send(bodies.make_report()))["id"]
    answer = client.post(
        f"/v1/reports/{report_id}/redaction", json={"reason": "law"}, headers=key("admin")
    )
    assert answer.status_code == 201
    (figure,) = make_body(load_report(store, report_id))["figures"]
    assert figure == {"outcomes": ["killed", "wounded"], "low": 30}


@pytest.mark.parametrize("wording", ["umpteen", "at least 31"])
def test_words_that_are_read_otherwise_now_are_sent_with_their_numbers(
    send: Send, store: Store, wording: str
) -> None:
    report = load_report(store, assert_recorded(send(bodies.make_report()))["id"])
    # As the lexicon of an earlier release read them.
    (figure,) = report.figures
    earlier = replace(report, figures=(replace(figure, wording=wording, lexicon="en-1"),))
    (sent,) = make_body(earlier)["figures"]
    assert sent == {"outcomes": ["killed", "wounded"], "wording": wording, "low": 30}
