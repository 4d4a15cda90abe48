"""A large report is planned before the write lock is taken, and recorded as if it were not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.errors import InvalidInputError
from service.domain.submission import BatchOptions, Submission
from service.store.idempotency import IdempotencyKey
from service.store.interface import Store
from service.usecases import batches, submission_plans
from service.usecases.batches import RecordedItem, submit_batch
from service.usecases.reports import SubmitResult, submit_report
from service.usecases.submission_plans import MAX_ATTEMPTS, MAX_PLAIN_SIZE, AdvancePlan, size_of
from tests.conftest import START_TIME
from tests.support import bodies

SCHEMA = ReportIn()


@pytest.fixture
def ids() -> Iterator[str]:
    """Ids of reports: r0, r1 …"""
    return (f"r{number}" for number in count())


def _load(body: dict[str, Any]) -> Submission:
    loaded: Submission = SCHEMA.load(body)
    return loaded


def _make_large_report(low: int = 100, **changes: Any) -> dict[str, Any]:
    figures = [
        bodies.make_figure(wording=None, low=low, high=low + 5) for _ in range(MAX_PLAIN_SIZE)
    ]
    body: dict[str, Any] = bodies.make_report(figures=figures, **changes)
    return body


def _submit(store: Store, body: dict[str, Any], ids: Iterator[str], **changes: Any) -> SubmitResult:
    return submit_report(
        store, _load(body), actor=None, now=START_TIME, new_id=ids.__next__, **changes
    )


def _list_contradicted(result: SubmitResult) -> list[str]:
    """Return the reports of the same reporter that the recorded one contradicts."""
    return [
        report_id
        for warning in result.recorded.warnings
        if warning.code == "same_reporter_conflict"
        for report_id in warning.reports
    ]


@dataclass
class Interference:
    """What is done between the planning of a report and its turn, once each; and the plans."""

    actions: list[Callable[[], object]]
    plans: list[AdvancePlan]


@pytest.fixture
def interference(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interference]:
    """An interference without actions, all of which must have had their turn in the end."""
    plan_in_advance, interference = submission_plans._plan_in_advance, Interference([], [])

    def plan_and_interfere(*args: Any, **options: Any) -> AdvancePlan:
        interference.plans.append(plan_in_advance(*args, **options))
        plan = interference.plans[-1]
        if interference.actions:
            interference.actions.pop(0)()
        return plan

    monkeypatch.setattr(submission_plans, "_plan_in_advance", plan_and_interfere)
    yield interference
    assert not interference.actions


def _record_contradicting(store: Store, ids: Iterator[str]) -> Callable[[], object]:
    """Return the action that records a smaller count of the same reporter."""
    figure = bodies.make_figure(wording=None, low=1, high=2)
    return lambda: _submit(store, bodies.make_report(figures=[figure]), ids)


def test_the_size_of_a_report_counts_each_mention() -> None:
    figure = bodies.make_figure(places=["a", "b"], groups=["c"])
    body = bodies.make_report(figures=[figure, bodies.make_figure()], places=["a"], groups=["c"])
    assert size_of(_load(body)) == 2 + 2 + 3


def test_nothing_that_concerns_the_plan_leaves_it_as_it_is(
    store: Store, ids: Iterator[str], interference: Interference
) -> None:
    _submit(store, bodies.make_report(), ids)
    elsewhere = bodies.make_report(
        reporter={"id": "sky", "name": "Sky"}, places=[{"id": "kyiv", "name": "Kyiv"}]
    )
    interference.actions.append(lambda: _submit(store, elsewhere, ids))
    result = _submit(store, _make_large_report(), ids)
    assert result.is_new
    assert len(interference.plans) == 1


@pytest.mark.parametrize("count", [1, MAX_ATTEMPTS])
def test_a_report_that_comes_between_is_contradicted_too(
    store: Store, ids: Iterator[str], interference: Interference, count: int
) -> None:
    _submit(store, bodies.make_report(), ids)
    interference.actions += [_record_contradicting(store, ids) for _ in range(count)]
    result = _submit(store, _make_large_report(), ids)
    assert len({*_list_contradicted(result)} - {"r0"}) == count
    assert len(interference.plans) == min(count + 1, MAX_ATTEMPTS)


def test_a_place_that_comes_between_may_be_named(
    store: Store, ids: Iterator[str], interference: Interference
) -> None:
    body = _make_large_report(places=["kyiv"])
    with pytest.raises(InvalidInputError, match="There is no place kyiv"):
        _submit(store, body, ids)
    place = bodies.make_report(places=[{"id": "kyiv", "name": "Kyiv"}])
    interference.actions.append(lambda: _submit(store, place, ids))
    assert _submit(store, body, ids).is_new


def test_a_repeated_large_report_has_the_stored_response(store: Store, ids: Iterator[str]) -> None:
    key = IdempotencyKey("", "POST /", "k", "f" * 64, START_TIME)
    body = _make_large_report(supersedes="r0")
    _submit(store, bodies.make_report(), ids)
    first = _submit(store, body, ids, idempotency_key=key)
    # Planned anew, it would be refused: the report is superseded already.
    again = _submit(store, body, ids, idempotency_key=key)
    assert (again.recorded.report.id, again.is_replay) == (first.recorded.report.id, True)


def test_a_known_large_report_is_not_recorded_again(store: Store, ids: Iterator[str]) -> None:
    body = _make_large_report(ref="a")
    first = _submit(store, body, ids)
    again = _submit(store, body, ids)
    assert (again.recorded.report.id, again.is_new) == (first.recorded.report.id, False)


def test_large_reports_of_a_batch_are_recorded_alone_and_in_their_order(
    store: Store, ids: Iterator[str]
) -> None:
    items = [bodies.make_report(), _make_large_report(), bodies.make_report(), {}, {}]
    items += [_make_large_report(places=["nowhere"]), bodies.make_report()]
    (results, _) = submit_batch(
        store,
        items,
        options=BatchOptions(),
        actor=None,
        now=START_TIME,
        new_id=ids.__next__,
        load_item=lambda body: _load(body) if body else InvalidInputError("empty"),
    )
    assert [isinstance(each, RecordedItem) for each in results] == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    recorded = [each for each in results if isinstance(each, RecordedItem)]
    assert [each.report_id for each in recorded] == ["r0", "r1", "r2", "r4"]
    with store.read_transaction() as db:
        rows = db.execute("SELECT request FROM events WHERE kind = 'reported' ORDER BY seq")
        requests = [row[0] for row in rows.fetchall()]
    assert len(set(requests)) == 4


@pytest.mark.parametrize(("place_count", "plan_count"), [(5, 0), (300, 1)])
def test_a_report_that_is_compared_with_many_places_is_planned_in_advance(
    store: Store,
    ids: Iterator[str],
    interference: Interference,
    monkeypatch: pytest.MonkeyPatch,
    place_count: int,
    plan_count: int,
) -> None:
    monkeypatch.setattr("service.usecases.reports.MAX_WIDE_SIZE", 1_000)
    names = [f"place-{number}" for number in range(place_count)]
    places = [{"id": name, "name": name} for name in names]
    wide = bodies.make_report(places=places, figures=[bodies.make_figure(wording=None, exactly=1)])
    _submit(store, wide, ids)
    interference.plans.clear()
    figure = bodies.make_figure(wording=None, low=100, high=105)
    result = _submit(store, bodies.make_report(places=["place-1"], figures=[figure]), ids)
    assert _list_contradicted(result) == ["r0"]
    assert len(interference.plans) == plan_count


def test_an_atomic_batch_with_large_reports_is_one_request(
    store: Store, ids: Iterator[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_TRANSACTION_SIZE", 1)
    items = [bodies.make_report(), _make_large_report(), bodies.make_report()]
    submit_batch(
        store,
        items,
        options=BatchOptions(is_atomic=True),
        actor=None,
        now=START_TIME,
        new_id=ids.__next__,
        load_item=_load,
    )
    with store.read_transaction() as db:
        rows = db.execute("SELECT DISTINCT request FROM events WHERE kind = 'reported'")
        assert len(rows.fetchall()) == 1
