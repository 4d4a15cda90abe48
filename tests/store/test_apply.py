"""The tables for reading are what the ledger says, now and as of every entry of it."""

from typing import Any

import pytest

from service.store.event_log import NewEvent, append, load_events
from service.store.interface import Store
from service.store.projections.dispatch import apply_event
from service.store.state_loader import last_seq, load_state
from tests import make
from tests.check import recorded
from tests.conftest import START_TIME, SendRequest

TABLES = ("figures", "report_places", "report_groups", "report_words", "reports", "entries")
SKY = {"id": "sky", "name": "Sky"}


@pytest.fixture
def history(send: SendRequest, put: SendRequest) -> None:
    """A bit of everything that can be recorded."""
    tree = [make.place("ru"), make.place("ua"), make.place(parent="ru")]
    missing = make.figure(outcomes=["missing"], period={"from": None, "to": "2024-12-01"})
    recorded(send(make.report(ref="a", places=tree, figures=[make.figure(), missing])))
    recorded(send(make.report(reporter=SKY, relays="r1", caveats=["preliminary"])))
    recorded(send(make.report(ref="a", note="2", supersedes="r1", incident="own")))
    put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "ua"})
    put("/v1/groups/everyone", {"name": "All people"})
    link = {"figure": "r1-2", "from": "missing"}
    reclassification = make.figure(
        outcomes=["killed"], wording="heavy losses", low=2, reclassifies=link
    )
    recorded(send(make.report(reporter=SKY, figures=[reclassification])))
    recorded(send(make.stance("declines_to_say", caveats=["a", "b"])))


def _read_tables(db: Any) -> dict[str, list[Any]]:
    return {
        table: sorted(map(repr, db.execute(f"SELECT * FROM {table}").fetchall()))  # noqa: S608
        for table in TABLES
    }


def test_applying_all_events_again_gives_the_same_tables(store: Store, history: None) -> None:
    with store.write_transaction() as db:
        before = _read_tables(db)
        for table in TABLES:
            rest = " WHERE since_seq > 0" if table == "entries" else ""
            db.execute(f"DELETE FROM {table}{rest}")  # noqa: S608
        db.execute("UPDATE entries SET until_seq = NULL")
        for event in load_events(db):
            apply_event(db, event)
        assert _read_tables(db) == before


def test_claims_tell_every_state(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        claims = load_state(db, last_seq(db))
    states = {report_id: statement.state for report_id, statement in claims.reports.items()}
    assert states == {
        "r1": "superseded", "r2": "relay", "r3": "live", "r4": "live", "r5": "live"
    }  # fmt: skip
    assert [figure.id for figure in claims.figures] == ["r1-1", "r1-2", "r2-1", "r3-1", "r4-1"]
    assert claims.places["plekhovo"].parent == "ua"
    assert claims.reporters["ua-hur"].party
    assert claims.groups["everyone"].name == "All people"


def test_claims_of_a_stance_tell_its_scope(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        statement = load_state(db, last_seq(db)).reports["r5"]
    assert (statement.places, statement.groups) == (("plekhovo",), ("everyone",))
    assert statement.period is not None
    assert statement.caveats == ("a", "b")


def test_claims_as_of_an_entry_are_as_they_were_then(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        seqs = {event.subject: event.seq for event in load_events(db) if event.kind == "reported"}
        early = load_state(db, seqs["r2"])
        empty = load_state(db, 0)
    assert early.reports["r1"].state == "live"
    assert set(early.reports) == {"r1", "r2"}
    assert early.places["plekhovo"].parent == "ru"
    assert early.groups["everyone"].name == "Everyone"
    assert early.recorded_at is not None
    assert (empty.figures, empty.places, set(empty.groups)) == ((), {}, {"everyone"})
    assert empty.recorded_at is None


def test_a_figure_is_claimed_as_it_was_reported(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        figures = {figure.id: figure for figure in load_state(db, last_seq(db)).figures}
    assert figures["r1-1"].scope.outcomes == {"killed", "wounded"}
    assert (figures["r1-1"].quantity.low, figures["r1-1"].quantity.high) == (30, None)
    assert figures["r1-2"].scope.period.first is None
    assert figures["r3-1"].scope.incident == "own/ua-hur:r3-1"
    assert figures["r4-1"].reclassifies == "r1-2"


def test_what_one_request_records_has_one_moment(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        first = [event.request for event in load_events(db)][:6]
    assert first == [1, 1, 1, 1, 1, 6]


def test_an_event_of_unknown_kind_is_a_defect(store: Store) -> None:
    with pytest.raises(KeyError), store.write_transaction() as db:
        (event,) = append(db, [NewEvent("blessed", "r1", {})], None, START_TIME)
        apply_event(db, event)
