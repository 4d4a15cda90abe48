"""A preview tells what sending would do, and does none of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.columns.record_state import RecordState
from service.domain.access import Principal
from service.domain.entities import parent_of
from service.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from service.domain.report import RecordedReport
from service.domain.submission import Submission
from service.store import event_log
from service.store.column_loader import load_state
from service.store.interface import Store
from service.usecases import entities, lifecycle, preview, reports
from service.usecases.consistency import MonotonicReader
from service.usecases.imagined_record import ImaginedRecord
from service.usecases.preview import (
    PLACEHOLDER_ID,
    Preview,
    make_query_for,
)
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals
from tests.conftest import START_TIME
from tests.support import bodies, engines
from tests.support.record_states import StateObjects, list_objects

OTHER_REPORTER = {"id": "us-dod", "name": "Department of Defense"}


def _load_submission(**changes: Any) -> Submission:
    loaded: Submission = ReportIn().load(bodies.make_report(**changes))
    return loaded


def _post(store: Store, report_id: str, submission: Submission) -> Any:
    return reports.submit_report(
        store, submission, actor="k", now=START_TIME, new_id=lambda: report_id
    ).recorded


def _preview(store: Store, submission: Submission) -> Preview:
    return preview.preview_report(
        store,
        StateCache(),
        submission,
        now=START_TIME,
        time_budget=TimeBudget(60.0, 600.0),
        principal=None,
    )


def _load_state(store: Store) -> StateObjects:
    with store.read_transaction() as db:
        return list_objects(load_state(db, event_log.last_seq(db)))


def _imagine(store: Store, submission: Submission) -> tuple[RecordState, RecordedReport]:
    """Return the state and the report that a preview computes with."""
    item = reports.check_and_normalize(submission, PLACEHOLDER_ID, None)
    with store.read_transaction() as db:
        record = ImaginedRecord(db, load_state(db, event_log.last_seq(db)), START_TIME)
        recorded, _ = record.submit(item)
    return record.make_states()[1], recorded


def _with_placeholder_id(state: StateObjects, report_id: str) -> StateObjects:
    """Return the claims with the report of that id under the placeholder's, and without moments."""

    def replace_id(text: str | None) -> str | None:
        if text is None:
            return None
        head, dash, number = text.partition("-")
        return f"{PLACEHOLDER_ID}{dash}{number}" if head == report_id else text

    reports_by_id = {
        replace_id(each.id): replace(each, id=replace_id(each.id) or "", seq=0)
        for each in state.reports.values()
    }
    figures = tuple(
        replace(
            each,
            id=replace_id(each.id) or "",
            report=replace_id(each.report) or "",
            reclassifies=replace_id(each.reclassifies),
            scope=replace(
                each.scope,
                incident=each.scope.incident
                and each.scope.incident.replace(f":{report_id}", ":preview"),
            ),
        )
        for each in state.figures
    )
    return replace(state, seq=0, recorded_at=None, reports=reports_by_id, figures=figures)  # type: ignore[arg-type]


def _prepare_nothing(store: Store) -> None:
    """Prepare nothing."""


def _prepare_report(store: Store) -> None:
    _post(store, "r1", _load_submission(ref="a"))


def _prepare_relay(store: Store) -> None:
    _prepare_report(store)
    _post(store, "r2", _load_submission(reporter=OTHER_REPORTER, relays="r1"))


def _prepare_replacement(store: Store) -> None:
    _prepare_report(store)
    _post(store, "r2", _load_submission(ref="a", note="n", supersedes="r1"))


def _prepare_retraction(store: Store) -> None:
    _prepare_report(store)
    lifecycle.retract_report(store, "r1", "wrong", actor="k", now=START_TIME)


def _prepare_merged_entities(store: Store) -> None:
    _post(
        store,
        "r1",
        _load_submission(
            places=[
                bodies.make_place(),
                bodies.make_place("plyokhovo"),
                bodies.make_place("a-village"),
            ],
            groups=[{"id": "dprk", "name": "DPRK"}, {"id": "kpa", "name": "KPA"}],
        ),
    )
    _post(store, "r2", _load_submission(reporter=OTHER_REPORTER))
    _post(store, "r3", _load_submission(reporter={"id": "pentagon", "name": "Pentagon"}))
    for kind, entity_id, into in (
        ("place", "plyokhovo", "a-village"),
        ("group", "kpa", "dprk"),
        ("reporter", "pentagon", "us-dod"),
    ):
        entities.merge_entities(store, kind, entity_id, into, actor="k", now=START_TIME)


MISSING = bodies.make_figure(outcomes=["missing"], wording="10")
FOUND = bodies.make_figure(
    outcomes=["killed"], wording="4", reclassifies={"figure": "r1-1", "from": "missing"}
)


def _prepare_reclassification(store: Store) -> None:
    groups = [{"id": "dprk", "name": "DPRK"}, {"id": "kpa", "name": "KPA"}]
    _post(store, "r1", _load_submission(figures=[MISSING], groups=groups))
    found = {"period": ..., "places": ..., "figures": [FOUND], "reporter": OTHER_REPORTER}
    _post(store, "r2", _load_submission(**found))
    entities.merge_entities(store, "group", "kpa", "dprk", actor="k", now=START_TIME)


CASES: dict[str, tuple[Callable[[Store], None], dict[str, Any]]] = {
    "plain": (_prepare_nothing, {}),
    "beside another": (
        _prepare_report,
        {"figures": [bodies.make_figure(), bodies.make_figure(wording="about 30")]},
    ),
    "relay": (_prepare_report, {"reporter": OTHER_REPORTER, "relays": "r1"}),
    "relay of a relay": (_prepare_relay, {"reporter": {"id": "x", "name": "X"}, "relays": "r2"}),
    "superseding": (_prepare_report, {"ref": "a", "note": "n", "supersedes": "r1"}),
    "superseding a relay": (
        _prepare_relay,
        {"reporter": OTHER_REPORTER, "supersedes": "r2", "relays": "r1"},
    ),
    "superseding what was retracted": (_prepare_retraction, {"note": "n", "supersedes": "r1"}),
    "superseding what superseded": (
        _prepare_replacement,
        {"ref": "a", "note": "m", "supersedes": "r2"},
    ),
    "reclassifying": (
        _prepare_report,
        {
            "figures": [
                bodies.make_figure(
                    outcomes=["missing"],
                    wording="two",
                    reclassifies={"figure": "r1-1", "from": "wounded"},
                )
            ]
        },
    ),
    "new places": (
        _prepare_report,
        {
            "places": [
                bodies.make_place("new"),
                bodies.make_place("below-new", parent="new"),
                "plekhovo",
            ],
            "groups": [{"id": "g", "name": "G"}],
            "reporter": {"id": "zzz", "name": "Z", "kind": "news"},
        },
    ),
    "places of a figure's own": (
        _prepare_report,
        {
            "figures": [
                bodies.make_figure(
                    places=["plekhovo", bodies.make_place("b"), bodies.make_place("a")]
                ),
                bodies.make_figure(
                    outcomes=["missing"],
                    wording="three",
                    period={"from": None, "to": "2024-12-20"},
                ),
            ]
        },
    ),
    "merged ids": (
        _prepare_merged_entities,
        {
            "reporter": "pentagon",
            "places": [
                "plyokhovo",
                "plekhovo",
                "a-village",
                bodies.make_place("new", parent="plyokhovo"),
            ],
            "groups": ["kpa", {"id": "kpa-1", "name": "First", "parent": "kpa"}],
        },
    ),
    "a stance of merged ids": (
        _prepare_merged_entities,
        {"stance": "declines_to_say", "figures": ..., "places": ["plyokhovo"], "groups": ["kpa"]},
    ),
    "a stance": (
        _prepare_report,
        {"stance": "does_not_acknowledge", "figures": ..., "reporter": OTHER_REPORTER},
    ),
    "an incident of its own": (_prepare_report, {"incident": "own", "caveats": ["not_verified"]}),
    "without a number": (
        _prepare_report,
        {"figures": [bodies.make_figure(wording="heavy losses", outcomes=...)]},
    ),
    "numbers": (
        _prepare_report,
        {"figures": [bodies.make_figure(wording=..., low=3, high=9, best=4)]},
    ),
    "known": (_prepare_report, {"ref": "a"}),
    "a reclassification that moves": (
        _prepare_reclassification,
        {
            "supersedes": "r1",
            "figures": [MISSING, bodies.make_figure(groups=["dprk"])],
            "groups": ["kpa"],
            "places": [bodies.make_place("b"), bodies.make_place("a")],
        },
    ),
    "a reclassification of people of the superseded report": (
        _prepare_reclassification,
        {"supersedes": "r1", "figures": [MISSING, FOUND], "groups": ["kpa"]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_previewed_state_is_the_state_after_submission(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    submission = _load_submission(**changes)
    previewed_state, _ = _imagine(store, submission)
    _post(store, "sent", submission)
    previewed = list_objects(previewed_state)
    assert _with_placeholder_id(previewed, PLACEHOLDER_ID) == _with_placeholder_id(
        _load_state(store), "sent"
    )
    assert list(previewed_state.places) == list(_load_state(store).places)


@pytest.mark.parametrize("name", CASES)
def test_the_previewed_report_is_the_report_after_submission(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    submission = _load_submission(**changes)
    _, imagined = _imagine(store, submission)
    recorded = _post(store, PLACEHOLDER_ID, submission)
    assert replace(imagined, recorded_at=recorded.recorded_at) == recorded


@pytest.mark.parametrize("name", CASES)
def test_the_previewed_totals_are_the_totals_after_submission(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    submission = _load_submission(**changes)
    result = _preview(store, submission)
    query = result.after.query
    assert result.before.query == query
    _post(store, "sent", submission)
    reader = RequestReader(MonotonicReader(store), StateCache())
    after = compute_totals(reader, query, reader.seq, TimeBudget(60.0, 600.0))
    previewed_totals = [(each.outcomes, each.text, each.best) for each in result.after.totals]
    assert previewed_totals == [(each.outcomes, each.text, each.best) for each in after.totals]
    assert [each.outcomes for each in result.before.totals] == [
        each[0] for each in previewed_totals
    ]
    assert [each.code for each in result.after.caveats] == [each.code for each in after.caveats]


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_recorded(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    before = _load_state(store)
    _preview(store, _load_submission(**changes))
    assert _load_state(store) == before
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == before.seq


def test_no_text_of_a_preview_is_left_in_a_file(store: Store) -> None:
    _prepare_report(store)
    _preview(store, _load_submission(quote="a name that nobody may keep"))
    assert b"a name that nobody may keep" not in engines.read_everything_stored(store)


def test_a_preview_of_a_known_report_changes_no_total(store: Store) -> None:
    _prepare_report(store)
    result = _preview(store, _load_submission(ref="a"))
    assert result.is_known
    assert result.recorded.report.id == "r1"
    assert result.before.totals == result.after.totals


def test_a_preview_lists_new_entities(store: Store) -> None:
    _prepare_report(store)
    result = _preview(
        store,
        _load_submission(
            places=[bodies.make_place("new"), bodies.make_place("in-new", parent="new"), "plekhovo"]
        ),
    )
    assert [(each.id, parent_of(each)) for each in result.new_entities] == [
        ("new", None),
        ("in-new", "new"),
    ]
    assert result.before.name == "New, In-New, Plekhovo"


def test_before_and_after_differ_by_the_report(store: Store) -> None:
    _prepare_report(store)
    result = _preview(
        store,
        _load_submission(
            reporter=OTHER_REPORTER, figures=[bodies.make_figure(wording="at least 40")]
        ),
    )
    texts = {
        each.outcomes: (each.text, before.text)
        for each, before in zip(result.after.totals, result.before.totals, strict=True)
    }
    assert texts[frozenset({"killed", "wounded"})] == (
        "at least 40 killed or wounded",
        "at least 30 killed or wounded",
    )


def test_a_joint_set_stands_in_both_answers_though_one_of_them_does_not_use_it(
    store: Store,
) -> None:
    result = _preview(store, _load_submission())
    assert frozenset({"killed", "wounded"}) in [each.outcomes for each in result.before.totals]
    assert not any(each.total.is_reported for each in result.before.totals)


@pytest.mark.parametrize(
    ("figures", "first", "last"),
    [
        ([{}], "2024-12-14", "2024-12-15"),
        ([{"period": {"from": None, "to": "2024-12-01"}}, {}], None, "2024-12-15"),
        ([{"period": {"from": "2024-12-20", "to": "2024-12-31"}}, {}], "2024-12-14", "2024-12-31"),
    ],
)
def test_the_query_of_a_preview_covers_all_days_of_the_report(
    store: Store, figures: list[dict[str, Any]], first: str | None, last: str
) -> None:
    submission = _load_submission(figures=[bodies.make_figure(**each) for each in figures])
    state, recorded = _imagine(store, submission)
    period = make_query_for(recorded, Snapshot(state)).period
    assert (period.first and period.first.isoformat()) == first
    assert period.last is not None and period.last.isoformat() == last


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"places": ["nowhere"]}, InvalidInputError),
        ({"relays": PLACEHOLDER_ID}, InvalidInputError),
        ({"supersedes": PLACEHOLDER_ID}, InvalidInputError),
        (
            {
                "figures": [
                    bodies.make_figure(reclassifies={"figure": "preview-1", "from": "killed"})
                ]
            },
            InvalidInputError,
        ),
        ({"ref": "a", "note": "other"}, ConflictError),
        ({"places": [bodies.make_place(kind="town")]}, ConflictError),
        ({"figures": [bodies.make_figure(wording="umpteen")]}, InvalidInputError),
    ],
)
def test_a_preview_is_refused_with_the_error_of_submission(
    store: Store, changes: dict[str, Any], error: type[Exception]
) -> None:
    _prepare_report(store)
    before = _load_state(store)
    with pytest.raises(error) as preview_error:
        _preview(store, _load_submission(**changes))
    with pytest.raises(error) as submit_error:
        _post(store, "r2", _load_submission(**changes))
    assert preview_error.value.errors == submit_error.value.errors  # type: ignore[attr-defined]
    assert _load_state(store) == before


def test_a_key_bound_to_another_reporter_may_not_preview(store: Store) -> None:
    principal = Principal("k", "report", ("us-dod",))
    with pytest.raises(ForbiddenError):
        preview.preview_report(
            store,
            StateCache(),
            _load_submission(),
            now=START_TIME,
            time_budget=TimeBudget(60.0, 600.0),
            principal=principal,
        )


def test_a_preview_does_not_wait_for_the_write_lock(store: Store) -> None:
    _prepare_report(store)
    with store.write_transaction() as db:
        seq = event_log.last_seq(db)
        result = _preview(store, _load_submission(note="n"))
        assert event_log.last_seq(db) == seq
    assert not result.is_known
    assert [each.seq for each in _load_state(store).reports.values()] == [seq]


@pytest.mark.parametrize("first", [["everyone"], ["women"], ["civilians"]])
def test_a_preview_asks_for_everybody_whom_a_figure_is_about(
    store: Store, first: list[str]
) -> None:
    """Groups of different facets would select only the people who are in all of them."""
    groups = [
        {"id": "women", "name": "Women", "facet": "sex"},
        {"id": "civilians", "name": "Civilians", "facet": "status"},
    ]
    figures = [
        bodies.make_figure(wording="12 killed", outcomes=["killed"], groups=each)
        for each in (first, ["civilians"])
    ]
    result = _preview(store, _load_submission(groups=groups, figures=figures))
    assert next(each.total.low for each in result.after.totals) == 12
