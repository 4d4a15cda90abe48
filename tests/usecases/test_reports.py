"""Submitting is one transaction: all of it, or nothing; and one of many at once."""

import os
from pathlib import Path
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.errors import ConflictError, InvalidInputError, NotFoundError
from service.domain.list_queries import ReportListQuery
from service.domain.normalize import normalize_submission
from service.domain.report import Report, without_shared_event
from service.domain.submission import Submission
from service.settings import Settings
from service.store import event_log
from service.store.codec import to_plain
from service.store.column_loader import load_state
from service.store.encoded_reports import encode_report
from service.store.entity_cache import EntityCache
from service.store.event_log import NewEvent
from service.store.factory import open_store
from service.store.interface import Store
from service.store.projections.dispatch import record_events
from service.usecases import reports
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.resolve_entities import resolve_entities
from service.usecases.submission_lookups import SubmissionLookups
from tests.conftest import START_TIME
from tests.support import bodies
from tests.support.processes import run_in_processes


def _load_submission(**changes: Any) -> Submission:
    loaded: Submission = ReportIn().load(bodies.make_report(**changes))
    return loaded


def _submit(store: Store, report_id: str, **changes: Any) -> tuple[Any, bool]:
    result = reports.submit_report(
        store, _load_submission(**changes), actor="k", now=START_TIME, new_id=lambda: report_id
    )
    return result.recorded, result.is_new


def test_everything_new_is_recorded_before_the_report(store: Store) -> None:
    _submit(store, "r1", groups=[{"id": "g", "name": "G"}])
    with store.read_transaction() as db:
        events = event_log.load_events(db)
    assert [(event.kind, event.subject) for event in events] == [
        ("reporter_added", "ua-hur"),
        ("place_added", "plekhovo"),
        ("group_added", "g"),
        ("reported", "r1"),
    ]
    assert {event.actor for event in events} == {"k"}
    assert {event.request for event in events} == {1}


def test_a_replacement_is_recorded_after_what_it_replaces_ended(store: Store) -> None:
    _submit(store, "r1", ref="a")
    _submit(store, "r2", ref="a", note="n", supersedes="r1")
    with store.read_transaction() as db:
        kinds = [event.kind for event in event_log.load_events(db)][-2:]
    assert kinds == ["superseded", "reported"]


def test_several_reports_are_read_together_as_of_a_seq(store: Store) -> None:
    first, _ = _submit(store, "r1", ref="a")
    second, _ = _submit(store, "r2", ref="a", note="n", supersedes="r1")
    report_ids = {"r1", "r2", "never"}
    assert reports.get_reports(store, report_ids, first.seq) == {"r1": first}
    now = reports.get_reports(store, report_ids, second.seq)
    assert {report_id: each.state for report_id, each in now.items()} == {
        "r1": "superseded",
        "r2": "live",
    }
    assert now["r2"] == second
    assert reports.get_reports(store, (), second.seq) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"places": [bodies.make_place("new"), bodies.make_place("other", parent="nowhere")]},
        {"places": [bodies.make_place("new")], "relays": "r9"},
        {"places": [bodies.make_place("new"), bodies.make_place(kind="town")]},
        {"places": [bodies.make_place("new")], "supersedes": "r9"},
    ],
)
def test_a_refused_report_records_nothing(store: Store, changes: dict[str, Any]) -> None:
    _submit(store, "r1")
    with store.read_transaction() as db:
        before = event_log.last_seq(db)
    with pytest.raises((InvalidInputError, ConflictError)):
        _submit(store, "r2", **changes)
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == before


def test_a_report_submitted_again_is_the_stored_one(store: Store) -> None:
    first, is_new = _submit(store, "r1", ref="a", caveats=["x", "y"])
    again, is_again_new = _submit(store, "r2", ref="a", caveats=["y", "x"])
    assert (is_new, is_again_new) == (True, False)
    assert again == first


def test_lists_in_another_order_are_the_same_report(store: Store) -> None:
    groups = [{"id": each, "name": each} for each in ("army", "aid")]
    places = [bodies.make_place(each) for each in ("a", "b")]
    figure = bodies.make_figure(places=["a", "b"], groups=["army", "aid"])
    first, _ = _submit(store, "r1", ref="a", places=places, groups=groups, figures=[figure])
    figure = bodies.make_figure(places=["b", "a"], groups=["aid", "army"])
    again, is_new = _submit(
        store, "r2", ref="a", places=places[::-1], groups=groups[::-1], figures=[figure]
    )
    assert (again, is_new) == (first, False)


def test_an_unknown_report_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        reports.get_report(store, "r1", None, START_TIME)


def _submit_twenty(address: Path | str) -> list[str]:
    store = open_store(address, busy_seconds=60)
    return [
        _submit(store, f"r{number}-{os.getpid()}", ref=f"ref-{number}")[0].report.id
        for number in range(20)
    ]


def test_a_report_submitted_by_four_processes_is_recorded_once(
    store: Store, settings: Settings
) -> None:
    answers = run_in_processes(_submit_twenty, settings.database)
    assert all(answer == answers[0] for answer in answers)
    assert len(reports.list_reports(store, ReportListQuery(limit=1000), START_TIME)) == 20


def _record_as_release_0_1(store: Store, **changes: Any) -> None:
    """Record the report as release 0.1 did, where an own incident was each figure's alone."""
    submission = _load_submission(**changes)
    report = without_shared_event(normalize_submission(submission, "old"))
    with store.write_transaction() as db:
        item = NormalizedSubmission(submission, report, encode_report(report))
        plan = reports.plan_submission(item, SubmissionLookups(db))
        events = [*plan.earlier_events, _make_event(report), *plan.later_events]
        record_events(db, events, None, START_TIME)


def _make_event(report: Report) -> NewEvent:
    """Return the event of a report, as release 0.1 recorded it."""
    return NewEvent("reported", report.id, {"report": to_plain(report), "warnings": []})


OWN_EVENT: dict[str, Any] = {
    "ref": "a",
    "incident": "own",
    "figures": [bodies.make_figure(wording="12"), bodies.make_figure(wording="3")],
}


def test_own_incidents_of_a_report_recorded_by_release_0_1_stay_different_events(
    store: Store,
) -> None:
    _record_as_release_0_1(store, **OWN_EVENT)
    with store.read_transaction() as db:
        figures = load_state(db, event_log.last_seq(db)).figures
    assert [figure.scope.incident for figure in figures] == [
        "own/ua-hur:old-1", "own/ua-hur:old-2"
    ]  # fmt: skip


def test_a_report_of_release_0_1_is_known_when_it_is_sent_again(store: Store) -> None:
    _record_as_release_0_1(store, **OWN_EVENT)
    recorded, is_new = _submit(store, "r1", **OWN_EVENT)
    assert (recorded.report.id, is_new) == ("old", False)


def test_words_that_an_earlier_lexicon_read_are_known_when_they_are_sent_again(
    store: Store,
) -> None:
    """A new report with these words must name groups."""
    soldiers = {"ref": "a", "figures": [bodies.make_figure(wording="30 soldiers")]}
    submission = _load_submission(**soldiers)
    report = normalize_submission(submission, "old")
    with store.write_transaction() as db:
        resolver = resolve_entities(db, submission, EntityCache(db))
        events = [*resolver.make_events(), _make_event(report)]
        record_events(db, events, None, START_TIME)
    recorded, is_new = _submit(store, "r1", **soldiers)
    assert (recorded.report.id, is_new) == ("old", False)
    with pytest.raises(InvalidInputError):
        _submit(store, "r2", **{**soldiers, "ref": "b"})
