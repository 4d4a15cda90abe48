"""Reports that are recorded together give the record that they would give one by one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.report_in import ReportIn
from service.domain.errors import DomainError
from service.domain.report import RecordedReport
from service.domain.submission import Submission
from service.store import figure_lookup, redactable_text
from service.store.entity_cache import EntityCache, KeptEntities
from service.store.figure_lookup import FigureLookup
from service.store.interface import Connection, Store
from service.store.tables import TABLES
from service.usecases import (
    entities,
    reports,
    resolve_entities,
    submission_plans,
    submission_warnings,
)
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.reports import ReportRecorder, SubmitResult
from tests.conftest import START_TIME

PLACES = (
    {"id": "land", "name": "Land"},
    {"id": "basin", "name": "Basin", "parent": "land", "division": "river"},
    {"id": "east", "name": "East", "parent": "land"},
    {"id": "west", "name": "West", "parent": "land"},
    {"id": "birch", "name": "Birch", "parent": "east"},
    {"id": "maple", "name": "Maple", "parent": "east", "pcode": "X1"},
    {"id": "elm", "name": "Elm", "parent": "west"},
    {"id": "old-elm", "name": "Old Elm", "parent": "west"},
)
NEW_PLACES = (
    {"id": "oak", "name": "Oak", "parent": "birch"},
    {"id": "ash", "name": "Birch", "parent": "east"},
    {"id": "yew", "name": "Yew", "parent": "west", "pcode": "X1"},
    {"id": "birch", "name": "Another name", "parent": "east"},
    {"id": "fir", "name": "Fir", "parent": {"id": "north", "name": "North", "parent": "land"}},
    {"id": "pine", "name": "Pine", "parent": {"id": "north", "name": "North"}},
    {"id": "larch", "name": "Larch", "parent": "beech"},
    "beach",
    {"id": "birch", "parent": "west"},
)
REPORTERS = ({"id": "a", "name": "A"}, {"id": "b", "name": "B"}, {"id": "b-before", "name": "B"})
SHORT_LIMITS = {"MAX_COMPARABLE": 3, "MAX_OF_SCOPE": 2, "MAX_RELATED": 3, "MAX_CONTRADICTIONS": 3}

UNSTABLE_COLUMNS = {"recorded_at", "request", "hash"}
"""Columns that depend on how reports share requests."""

few_days = st.integers(1, 3)


@st.composite
def _periods(draw: Any) -> dict[str, Any]:
    first, last = sorted((draw(few_days), draw(few_days)))
    if draw(st.booleans()):
        first = last
    is_open = draw(st.integers(0, 5)) == 0
    return {"from": None if is_open else f"2025-03-0{first}", "to": f"2025-03-0{last}"}


@st.composite
def _figures(draw: Any) -> dict[str, Any]:
    low = draw(st.integers(0, 6))
    high = draw(st.one_of(st.none(), st.integers(low, low + 3)))
    figure = {
        "outcomes": draw(st.sampled_from((["killed"], ["killed"], ["killed", "wounded"]))),
        "low": low,
        "high": high,
    }
    if draw(st.integers(0, 3)) == 0:
        figure["wording"] = draw(st.sampled_from(("at least 3", "some words")))
    if draw(st.integers(0, 3)) == 0:
        figure["places"] = draw(_place_lists())
    if draw(st.integers(0, 7)) == 0:
        number = draw(st.integers(0, 15))
        figure["reclassifies"] = {"figure": f"r{number:02}-1", "from": "killed"}
        figure["outcomes"] = ["wounded"]
    return figure


def _place_lists() -> st.SearchStrategy[list[Any]]:
    places = ("land", "east", "birch", "birch", "elm", "old-elm", "basin", "maple", *NEW_PLACES)
    return st.one_of(
        st.sampled_from(places).map(lambda place: [place]),
        st.lists(
            st.sampled_from(places),
            min_size=1,
            max_size=2,
            unique_by=lambda each: each if isinstance(each, str) else each["id"],
        ),
    )


@st.composite
def _bodies(draw: Any) -> dict[str, Any]:
    return {
        "reporter": draw(st.sampled_from((REPORTERS[0], REPORTERS[0], *REPORTERS))),
        "ref": draw(st.sampled_from([None, "x", "y"])),
        "period": draw(_periods()),
        "places": draw(_place_lists()),
        "incident": draw(st.sampled_from([None, None, None, "own", "acled:1", "acled:2"])),
        "groups": draw(
            st.sampled_from(
                (["everyone"], ["everyone"], ["everyone"], [{"id": "women", "name": "W"}])
            )
        ),
        "quote": draw(st.sampled_from([None, "The same words."])),
        "relays": draw(st.sampled_from([None, None, None, {"ref": "x"}, "r03", "r12"])),
        "supersedes": draw(st.sampled_from([None, None, None, None, {"ref": "y"}, "r04"])),
        "figures": draw(st.lists(_figures(), min_size=1, max_size=3)),
    }


@pytest.fixture
def store_with_places(store: Store) -> Store:
    """A store with places, with two ids of one reporter, and with two ids of one place."""
    for reporter in REPORTERS:
        body = {
            "reporter": reporter,
            "period": {"from": "2020-01-01", "to": "2020-01-01"},
            "places": list(PLACES),
            "stance": "declines_to_say",
        }
        reports.submit_report(
            store,
            _load_submission(body),
            actor=None,
            now=START_TIME,
            new_id=iter([f"stance-{reporter['id']}"]).__next__,
        )
    for kind, merged, into in (("place", "old-elm", "elm"), ("reporter", "b-before", "b")):
        entities.merge_entities(store, kind, merged, into, actor=None, now=START_TIME)
    return store


def _load_submission(body: dict[str, Any]) -> Submission:
    loaded: Submission = ReportIn().load({k: v for k, v in body.items() if v is not None})
    return loaded


def _normalize(
    bodies: Sequence[dict[str, Any]], new_id: Callable[[], str]
) -> list[NormalizedSubmission]:
    submissions = [_load_submission(body) for body in bodies]
    return [reports.check_and_normalize(each, new_id(), None) for each in submissions]


def _record(
    db: Connection,
    items: Sequence[NormalizedSubmission],
    kept_entities: KeptEntities | None = None,
) -> list[Any]:
    """Record the items together; return what was recorded of each, or the error."""
    recorder = ReportRecorder(db, items, None, START_TIME, kept_entities=kept_entities)
    results = [_record_item(recorder, item) for item in items]
    recorder.flush()
    return results


@dataclass
class _OpenTransaction:
    """A store whose read transactions are the open transaction."""

    db: Connection

    def read_transaction(self) -> AbstractContextManager[Connection]:
        return nullcontext(self.db)


def _record_planned(db: Connection, item: NormalizedSubmission) -> Any:
    """Record the item by a plan made in advance; return what was recorded, or the error."""
    store: Any = _OpenTransaction(db)
    plan = submission_plans._plan_in_advance(store, item, True, is_last=False)
    recorder = ReportRecorder(db, [item], None, START_TIME, plan)
    result = _record_item(recorder, item)
    recorder.flush()
    return result


def _record_item(recorder: ReportRecorder, item: NormalizedSubmission) -> Any:
    try:
        return recorder.record(item, supersede_known=True)
    except DomainError as error:
        return error.detail, error.errors


def _without_time(result: Any) -> Any:
    if isinstance(result, SubmitResult):
        return replace(result, recorded=replace(result.recorded, recorded_at=""))
    return result


def _list_plain(results: Sequence[Any]) -> list[RecordedReport]:
    """Return the new reports without reclassifications, which no later event changes."""
    new = [each.recorded for each in results if isinstance(each, SubmitResult) and each.is_new]
    return [each for each in new if not any(f.reclassifies for f in each.report.figures)]


def _read_record(db: Connection) -> dict[str, list[Any]]:
    """Return all rows but for the times and requests, which are those of the transaction."""
    rows_by_table = {}
    for table in TABLES:
        columns = [each for each in table.columns if each not in UNSTABLE_COLUMNS]
        sql = f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {', '.join(table.order)}"  # noqa: S608
        rows_by_table[table.name] = db.execute(sql).fetchall()
    return rows_by_table


@pytest.mark.parametrize("limits", [{}, SHORT_LIMITS])
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    earlier=st.lists(_bodies(), max_size=6),
    batch=st.lists(_bodies(), min_size=6, max_size=16),
)
def test_reports_that_are_recorded_together_are_recorded_as_one_by_one(
    store_with_places: Store,
    limits: dict[str, int],
    earlier: list[dict[str, Any]],
    batch: list[dict[str, Any]],
) -> None:
    numbers = count()
    new_id = lambda: f"r{next(numbers):02}"  # noqa: E731 - as short as it is used
    with (
        pytest.MonkeyPatch.context() as patch,
        store_with_places.write_transaction() as db,
        db.savepoint("example") as undo,
    ):
        patch.setattr(redactable_text, "generate_salt", lambda: "salt")
        for name, value in limits.items():
            patch.setattr(figure_lookup, name, value)
        for item in _normalize(earlier, new_id):
            _record(db, [item])
        items = _normalize(batch, new_id)
        with db.savepoint("plain") as undo_plain:
            one_by_one = [result for item in items for result in _record(db, [item])]
            record_of_single = _read_record(db)
            undo_plain()
        with db.savepoint("planned") as undo_planned:
            planned = [_record_planned(db, item) for item in items]
            record_of_planned = _read_record(db)
            undo_planned()
        with db.savepoint("divided") as undo_divided:
            kept_entities = KeptEntities()
            parts = [_record(db, items[at : at + 3], kept_entities) for at in range(0, 16, 3)]
            divided = [result for part in parts for result in part]
            record_of_divided = _read_record(db)
            undo_divided()
        together = _record(db, items)
        record_of_batch = _read_record(db)
        recorded_now = [
            reports.get_report_or_fail(db, each.report.id, each.seq)
            for each in _list_plain(together)
        ]
        undo()
    assert list(map(_without_time, together)) == list(map(_without_time, one_by_one))
    assert record_of_batch == record_of_single
    assert list(map(_without_time, divided)) == list(map(_without_time, one_by_one))
    assert record_of_divided == record_of_single
    assert list(map(_without_time, planned)) == list(map(_without_time, one_by_one))
    assert record_of_planned == record_of_single
    assert recorded_now == _list_plain(together)


GROUPS = (
    {"id": "civilians", "name": "Civilians", "facet": "status"},
    {"id": "women", "name": "Women", "parent": {"id": "civilians", "name": "Civilians"}},
    {"id": "soldiers", "name": "Soldiers", "facet": "status"},
    {"id": "a-side", "name": "A side", "facet": "side"},
)


@st.composite
def _events(draw: Any) -> dict[str, Any]:
    """Return a row of a register: most figures of one event differ in their groups alone."""
    figures = []
    for group in draw(st.lists(st.sampled_from((None, *GROUPS)), min_size=1, max_size=5)):
        low = draw(st.integers(0, 5))
        figure: dict[str, Any] = {"outcomes": ["killed"], "low": low, "high": low}
        if group is not None:
            figure["groups"] = [group]
        if draw(st.integers(0, 4)) == 0:
            figure["high"] = draw(st.one_of(st.none(), st.integers(low, low + 3)))
        if draw(st.integers(0, 5)) == 0:
            figure["places"] = [draw(st.sampled_from(("east", "birch", "maple")))]
        figures.append(figure)
    return {
        "reporter": REPORTERS[0],
        "period": draw(_periods()),
        "places": [draw(st.sampled_from(("east", "birch", "elm")))],
        "incident": draw(st.sampled_from([None, *(f"acled:{number}" for number in range(9))])),
        "figures": figures,
    }


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(_events(), min_size=1, max_size=6))
def test_events_get_the_warnings_that_they_would_get_without_short_cuts(
    store_with_places: Store, events: list[dict[str, Any]]
) -> None:
    found = []
    for is_short in (True, False):
        with (
            pytest.MonkeyPatch.context() as patch,
            store_with_places.write_transaction() as db,
            db.savepoint("example") as undo,
        ):
            if not is_short:
                patch.setattr(FigureLookup, "are_alone", lambda *_: False)
                patch.setattr(FigureLookup, "is_alone", lambda *_: False)
                patch.setattr(FigureLookup, "_leave_out_empty", lambda _, windows: windows)
                patch.setattr(EntityCache, "is_agreeing", lambda *_: False)
                patch.setattr(submission_warnings, "have_room", lambda _: False)
                patch.setattr(submission_warnings, "MAX_REMEMBERED_PLACES", 0)
                patch.setattr(resolve_entities, "MAX_REMEMBERED_PLACES", 0)
            numbers = count()
            items = _normalize(events, lambda numbers=numbers: f"r{next(numbers)}")  # type: ignore[misc]
            found.append(list(map(_without_time, _record(db, items))))
            undo()
    assert found[0] == found[1]


def _count_killed(low: int, high: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return a report of the people killed in Elm on one day."""
    return {
        "reporter": REPORTERS[0],
        "period": {"from": "2025-03-01", "to": "2025-03-01"},
        "places": ["elm"],
        "figures": [{"outcomes": ["killed"], "low": low, "high": high}],
        **changes,
    }


@pytest.fixture
def record_batch(
    store_with_places: Store,
) -> Iterator[Callable[..., list[Any]]]:
    """Record the reports, with the ids r0, r1 ..., and return the warnings of a batch of them."""
    numbers = count()
    with store_with_places.write_transaction() as db:

        def record(*bodies: dict[str, Any]) -> list[Any]:
            items = _normalize(bodies, lambda: f"r{next(numbers)}")
            return [result.recorded.warnings for result in _record(db, items)]

        yield record


def test_a_report_that_its_batch_supersedes_is_compared_with_no_more(
    record_batch: Callable[..., list[Any]],
) -> None:
    same = _count_killed(9, 9)
    assert record_batch(_count_killed(5, 5, ref="x"), {**same, "ref": "x"}, same) == [(), (), ()]
    ((warning,),) = record_batch(_count_killed(7, 7))
    assert warning.reports == ("r2", "r1")


def test_a_place_of_the_same_name_that_a_batch_adds_is_asked_about(
    record_batch: Callable[..., list[Any]],
) -> None:
    birches = [
        _count_killed(1, 1, places=["birch"], incident=f"acled:{number}") for number in range(3)
    ]
    other = _count_killed(1, 1, places=[{"id": "ash", "name": "Birch", "parent": "east"}])
    warnings = record_batch(*birches[:2], other, birches[2])
    codes = [[warning.code for warning in each] for each in warnings]
    assert codes == [[], [], ["ambiguous_place"], ["ambiguous_place"]]


def test_a_place_has_the_children_that_its_batch_adds(
    record_batch: Callable[..., list[Any]],
) -> None:
    child = {"id": "oak", "name": "Oak", "parent": "elm"}
    *_, (warning,) = record_batch(
        _count_killed(5, 9), _count_killed(8, places=[child]), _count_killed(5, 5)
    )
    assert warning.reports == ("r1",)


def test_parts_with_incidents_that_the_batch_does_not_name_are_found(
    record_batch: Callable[..., list[Any]],
) -> None:
    whole, part = _count_killed(0, 10, places=["west"]), _count_killed(6, incident="acled:2")
    assert record_batch(whole, part) == [(), ()]
    ((warning,),) = record_batch(_count_killed(6, incident="acled:1"))
    assert warning.reports == ("r0", "r1")
