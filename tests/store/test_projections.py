"""The projections match the event log, now and as of every seq."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from schemas.report_in import ReportIn
from service.domain.entities import Place
from service.domain.errors import LockTimeoutError
from service.store import entities
from service.store.column_loader import load_state
from service.store.event_log import NewEvent, last_seq, load_events
from service.store.factory import open_store
from service.store.interface import Store
from service.store.projections.dispatch import apply_event
from service.usecases.reports import submit_report
from service.usecases.state_cache import StateCache
from tests.conftest import START_TIME, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.events import append
from tests.support.record_states import list_objects

TABLES = (
    "moved_links",
    "figures",
    "report_places",
    "report_groups",
    "report_words",
    "report_incidents",
    "reports",
    "place_codes",
    "entries",
)
SKY = {"id": "sky", "name": "Sky"}


@pytest.fixture
def history(send: SendRequest, put: SendRequest) -> None:
    """A record with events of every kind."""
    tree = [bodies.make_place("ru"), bodies.make_place("ua"), bodies.make_place(parent="ru")]
    missing = bodies.make_figure(outcomes=["missing"], period={"from": None, "to": "2024-12-01"})
    assert_recorded(
        send(bodies.make_report(ref="a", places=tree, figures=[bodies.make_figure(), missing]))
    )
    assert_recorded(
        send(
            bodies.make_report(
                reporter=SKY, relays="r1", caveats=["preliminary"], incident="ucdp:7"
            )
        )
    )
    reclassification = bodies.make_figure(
        outcomes=["killed"], wording="2", reclassifies={"figure": "r1-2", "from": "missing"}
    )
    assert_recorded(
        send(bodies.make_report(reporter=SKY, period=..., places=..., figures=[reclassification]))
    )
    corrected = [bodies.make_figure(), {**missing, "period": {"from": None, "to": "2024-12-02"}}]
    assert_recorded(
        send(
            bodies.make_report(
                ref="a", note="2", supersedes="r1", incident="own", figures=corrected
            )
        )
    )
    put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "ua"})
    put("/v1/groups/everyone", {"name": "All people"})
    assert_recorded(send(bodies.make_stance("declines_to_say", caveats=["a", "b"])))


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


def test_the_record_state_has_every_report_in_its_state(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        state = load_state(db, last_seq(db))
    states = {report_id: report_state.state for report_id, report_state in state.reports.items()}
    assert states == {
        "r1": "superseded", "r2": "relay", "r3": "live", "r4": "live", "r5": "live"
    }  # fmt: skip
    assert [figure.id for figure in state.figures] == [
        "r1-1", "r1-2", "r2-1", "r3-1", "r4-1", "r4-2"
    ]  # fmt: skip
    assert state.places["plekhovo"].parent == "ua"
    assert state.reporters["ua-hur"].party
    assert state.groups["everyone"].name == "All people"


def test_the_record_state_has_the_scope_of_a_stance(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        report_state = load_state(db, last_seq(db)).reports["r5"]
    assert (report_state.places, report_state.groups) == (("plekhovo",), ("everyone",))
    assert report_state.period is not None
    assert report_state.caveats == ("a", "b")


def test_the_record_state_as_of_a_seq_is_the_one_of_then(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        seqs = {event.subject: event.seq for event in load_events(db) if event.kind == "reported"}
        earlier_state = load_state(db, seqs["r2"])
        empty_state = load_state(db, 0)
    assert earlier_state.reports["r1"].state == "live"
    assert set(earlier_state.reports) == {"r1", "r2"}
    assert earlier_state.places["plekhovo"].parent == "ru"
    assert earlier_state.groups["everyone"].name == "Everyone"
    assert earlier_state.recorded_at is not None
    assert (empty_state.figures, empty_state.places, set(empty_state.groups)) == (
        (),
        {},
        {"everyone"},
    )
    assert empty_state.recorded_at is None


def test_the_state_of_a_seq_that_a_replica_has_not_reached_is_a_lock_timeout(
    store: Store, history: None
) -> None:
    with store.read_transaction() as db, pytest.raises(LockTimeoutError):
        load_state(db, last_seq(db) + 1)


def test_the_record_state_has_figures_as_they_were_reported(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        figures = {figure.id: figure for figure in load_state(db, last_seq(db)).figures}
    assert figures["r1-1"].scope.outcomes == {"killed", "wounded"}
    assert (figures["r1-1"].quantity.low, figures["r1-1"].quantity.high) == (30, None)
    assert figures["r1-2"].scope.period.first is None
    assert figures["r4-1"].scope.incident == figures["r4-2"].scope.incident == "own/ua-hur:r4"


def test_a_moved_link_is_that_of_its_seq(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        reported = [event.seq for event in load_events(db) if event.kind == "reported"]
        before = {figure.id: figure for figure in load_state(db, reported[2]).figures}["r3-1"]
        after = {figure.id: figure for figure in load_state(db, last_seq(db)).figures}["r3-1"]
    assert (before.reclassifies, after.reclassifies) == ("r1-2", "r4-2")
    assert str(before.scope.period.last) == "2024-12-01"
    assert str(after.scope.period.last) == "2024-12-02"


def test_the_events_of_one_request_have_its_first_seq(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        first = [event.request for event in load_events(db)][:6]
    assert first == [1, 1, 1, 1, 1, 6]


def test_an_event_of_unknown_kind_is_a_defect(store: Store) -> None:
    with pytest.raises(KeyError), store.write_transaction() as db:
        (event,) = append(db, [NewEvent("blessed", "r1", {})], None, START_TIME)
        apply_event(db, event)


def test_a_merge_of_an_entity_that_was_never_described_is_a_defect(
    store: Store, history: None
) -> None:
    with pytest.raises(LookupError, match="nowhere"), store.write_transaction() as db:
        merge = NewEvent("place_merged", "nowhere", {"into": "plekhovo"})
        (event,) = append(db, [merge], None, START_TIME)
        apply_event(db, event)


def test_a_merge_of_two_entities_of_one_name_adds_no_alias(
    store: Store, history: None, put: SendRequest
) -> None:
    put("/v1/places/twin", {"name": "Plekhovo"})
    with store.write_transaction() as db:
        before = entities.get(db, "place", "plekhovo")
        merge = NewEvent("place_merged", "twin", {"into": "plekhovo"})
        (event,) = append(db, [merge], None, START_TIME)
        apply_event(db, event)
        assert entities.get(db, "place", "plekhovo") == before
        assert entities.get(db, "place", "twin") == before


def test_no_codes_are_looked_up_where_none_are_given(store: Store, history: None) -> None:
    with store.read_transaction() as db:
        assert entities.find_places_by_code(db, []) == {}
        place = entities.get(db, "place", "plekhovo")
        assert isinstance(place, Place)
        codes = entities.list_codes(replace(place, name="PLEKHOVO"))[:1]
        assert entities.find_places_by_code(db, codes) == {codes[0]: ["plekhovo"]}


def test_states_that_share_columns_are_those_loaded_alone(
    store: Store, history: None, client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    """They are asked for in any order, so that columns are ahead of some of them."""
    cache, headers = StateCache(), key("admin")
    with store.read_transaction() as db:
        cache.load(db, last_seq(db))
    for path, body in (
        ("/v1/reports/r2/redaction", {"reason": "law"}),
        ("/v1/reports/r4/retraction", {"reason": "wrong"}),
        ("/v1/places/ru/merge", {"into": "ua"}),
    ):
        assert client.post(path, json=body, headers=headers).status_code < 300
    with store.read_transaction() as db:
        last = last_seq(db)
        for seq in (2, last - 3, 0, last, 1, *range(last + 1)):
            shared = cache.load(db, seq).state
            assert list_objects(shared) == list_objects(load_state(db, seq))


def test_a_state_that_cannot_be_loaded_leaves_the_cache_usable(store: Store, history: None) -> None:
    cache = StateCache()
    with store.read_transaction() as db:
        last = last_seq(db)
        cache.load(db, 3)
        with pytest.raises(LockTimeoutError):
            cache.load(db, last + 1)
        assert list_objects(cache.load(db, last).state) == list_objects(load_state(db, last))


def test_columns_of_another_record_are_not_used(
    store: Store, history: None, tmp_path: Path
) -> None:
    cache = StateCache()
    other = open_store(tmp_path / "other.db", 5.0)
    other.migrate()
    with store.read_transaction() as db:
        cache.load(db, 3)
    for report_id in ("a", "b"):
        submission = ReportIn().load(bodies.make_report(ref=report_id))
        submit_report(other, submission, actor="k", now=START_TIME, new_id=lambda: report_id)  # noqa: B023
    with other.read_transaction() as db:
        for seq in (last_seq(db), 3):
            assert list_objects(cache.load(db, seq).state) == list_objects(load_state(db, seq))
    other.close()
