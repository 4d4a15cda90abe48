"""What docs/clients.md tells is there: every address, every kind of entry, every number."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.changes import MAX_WAIT_SECONDS
from service.api.batches import MAX_BATCH_BYTES
from service.http.long_poll_slots import MAX_WAITING_THREADS
from service.store.idempotency import RETENTION
from service.store.projections.dispatch import EVENT_KINDS
from service.usecases.batches import MAX_BATCH_REPORTS
from tests import make
from tests.check import recorded
from tests.serving import ROOT

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


def test_every_address_exists(app: Flask) -> None:
    known = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = set(re.findall(r"`((?:GET|POST|PUT) /v1/[^`?]+)", TEXT))
    assert len(named) > 10
    assert named <= known


def test_every_kind_of_entry_is_told() -> None:
    told = set(re.findall(r"`([a-z]+(?:_[a-z]+)?)`", TEXT[TEXT.index("| kind") :]))
    spelled = {kind for kind in EVENT_KINDS if not kind.startswith(("group_", "reporter_"))}
    assert spelled <= told


def test_every_limit_is_the_one_that_holds() -> None:
    assert f"up to {MAX_BATCH_REPORTS:,} reports and {MAX_BATCH_BYTES >> 20} MiB" in TEXT
    assert f"({MAX_WAIT_SECONDS} at most)" in TEXT
    assert MAX_WAITING_THREADS == 4 and "Four may" in TEXT
    assert f"For {RETENTION.total_seconds() / 3600:.0f} hours" in TEXT


DAY = {"from": "2024-12-14", "to": "2024-12-14"}


def killed(number: int, **changes: Any) -> dict[str, Any]:
    """Return a report of one figure: exactly so many killed in Plekhovo on a day."""
    return make.report(period=DAY, figures=[{"outcomes": ["killed"], "exactly": number, **changes}])


@pytest.mark.parametrize(
    ("incidents", "low", "disputed"),
    [({}, 3, True), ({"incident": "own"}, 8, False)],
    ids=["counts of a day", "a list of events"],
)
def test_events_are_added_and_counts_of_one_day_are_not(
    client: FlaskClient, send: Callable[..., Any], incidents: Any, low: int, disputed: bool
) -> None:
    for number in (3, 5):
        recorded(send(killed(number, **incidents)))
    (total,) = client.get("/v1/totals?outcomes=killed").get_json()["totals"]
    assert (total["low"], total["disputed"]) == (low, disputed)


def test_running_totals_tell_the_days_between_them(
    client: FlaskClient, send: Callable[..., Any]
) -> None:
    for day, people in (("10", 100), ("11", 104), ("12", 111)):
        recorded(send(killed(people, period={"from": None, "to": f"2024-12-{day}"})))
    address = "/v1/totals?outcomes=killed&from=2024-12-12&to=2024-12-12"
    (last,) = client.get(address).get_json()["totals"]
    (whole,) = client.get("/v1/totals?outcomes=killed").get_json()["totals"]
    assert (last["low"], last["high"], last["disputed"]) == (7, 7, False)
    assert (whole["low"], whole["disputed"]) == (111, False)
