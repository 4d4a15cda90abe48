"""The figures with which a new one is compared are those that reading every figure gives."""

from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.report_in import ReportIn
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.store import figure_lookup
from service.store.figure_lookup import FigureLookup
from service.store.interface import Connection, Store
from service.store.tables import FigureRow
from service.usecases.normalized_submissions import NormalizedSubmission, normalize
from service.usecases.reports import ReportRecorder
from tests.conftest import START_TIME

FIRST, LAST = date(2020, 1, 1), date(2022, 12, 31)
INCIDENTS = (None, None, "acled:1", "acled:2", "own")

days = st.dates(FIRST, LAST)
lengths = st.sampled_from((1, 1, 2, 16, 17, 40, 256, 257, 600))


@st.composite
def _periods(draw: Any) -> Period:
    last, length = draw(days), draw(lengths)
    is_open = draw(st.integers(0, 9)) == 0
    return Period(None if is_open else date.fromordinal(last.toordinal() - length + 1), last)


@st.composite
def _bodies(draw: Any) -> dict[str, Any]:
    period = draw(_periods())
    return {
        "reporter": {"id": draw(st.sampled_from(("a", "a", "b"))), "name": "A reporter"},
        "period": {
            "from": None if period.first is None else period.first.isoformat(),
            "to": str(period.last),
        },
        "places": [
            {"id": each, "name": each}
            for each in draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True))
        ],
        "incident": draw(st.sampled_from(INCIDENTS)),
        "figures": [{"outcomes": ["killed"], "exactly": number} for number in range(2)],
    }


def _load(bodies: list[dict[str, Any]]) -> list[NormalizedSubmission]:
    submissions = [
        ReportIn().load({name: value for name, value in body.items() if value is not None})
        for body in bodies
    ]
    return [normalize(each, f"r{number}") for number, each in enumerate(submissions)]


def _is_comparable(row: FigureRow, figure: Figure, places: frozenset[str] | None) -> bool:
    period, incident = figure.scope.period, figure.scope.incident
    return (
        row.reporter == figure.reporter
        and (row.first_day or 0) <= period.stop + 1
        and row.last_day >= period.start - 1
        and (incident is None or row.incident in (None, incident))
        and (places is None or row.single_place in ("", *places))
    )


def _read_figures(db: Connection) -> list[FigureRow]:
    columns = ", ".join(FigureRow._fields)
    rows = db.execute(f"SELECT {columns} FROM figures ORDER BY seq DESC, position DESC")  # noqa: S608
    return [FigureRow(*row) for row in rows.fetchall()]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies=st.lists(_bodies(), min_size=1, max_size=12),
    period=_periods(),
    # An own incident is that of one report, which is not recorded yet.
    incident=st.sampled_from((None, "acled:1", "own/a:new")),
    places=st.sampled_from((None, ("x",), ("y", "z"))),
    is_examined_in_full=st.booleans(),
)
def test_a_figure_is_compared_with_all_of_its_reporter_and_incident_around_its_days(
    store: Store,
    bodies: list[dict[str, Any]],
    period: Period,
    incident: str | None,
    places: tuple[str, ...] | None,
    is_examined_in_full: bool,
) -> None:
    scope = Scope(places or ("x",), period, frozenset({"killed"}), ("everyone",), incident)
    # Its range is below every other, so that all of them may contradict it.
    figure = Figure("new-1", "new", "a", scope, Quantity(1_000, 1_000))
    limit = 100 if is_examined_in_full else 2
    with (
        pytest.MonkeyPatch.context() as patch,
        store.write_transaction() as db,
        db.savepoint("example") as undo,
    ):
        patch.setattr(figure_lookup, "MAX_COMPARABLE", limit)
        items = _load(bodies)
        recorder = ReportRecorder(db, items, None, START_TIME)
        for item in items:
            recorder.record(item)
        recorder.flush()
        lookup = FigureLookup(db)
        chosen = None if places is None else frozenset(places)
        found = lookup._find_comparable(figure, None, places)
        expected = [row for row in _read_figures(db) if _is_comparable(row, figure, chosen)]
        undo()
    assert found == expected[:limit]


def test_the_figures_of_the_only_reporter_are_compared_with_those_of_the_next_one(
    store: Store,
) -> None:
    def make_body(reporter: str, day: int, killed: int) -> dict[str, Any]:
        date = f"2020-01-0{day}"
        return {
            "reporter": {"id": reporter, "name": reporter.upper()},
            "period": {"from": date, "to": date},
            "places": [{"id": "x", "name": "X"}],
            "figures": [{"outcomes": ["killed"], "exactly": killed}],
        }

    numbers = count()
    with store.write_transaction() as db:

        def record(*bodies: dict[str, Any]) -> list[list[str]]:
            items = [
                normalize(each.submission, f"n{next(numbers)}") for each in _load(list(bodies))
            ]
            recorder = ReportRecorder(db, items, None, START_TIME)
            warnings = [recorder.record(item).recorded.warnings for item in items]
            recorder.flush()
            return [[warning.code for warning in each] for each in warnings]

        assert record(make_body("a", 1, 1), make_body("a", 3, 1)) == [[], []]
        assert record(make_body("a", 5, 1), make_body("a", 7, 1)) == [[], []]
        assert record(make_body("b", 1, 5), make_body("b", 3, 5)) == [["contradicts"]] * 2
        assert record(make_body("c", 5, 5), make_body("a", 9, 5)) == [["contradicts"], []]
        assert record(make_body("a", 1, 1), make_body("a", 5, 1)) == [["contradicts"]] * 2


def test_a_figure_of_a_register_reads_no_figure_of_its_other_incidents(store: Store) -> None:
    bodies = [
        {
            "reporter": {"id": "a", "name": "A"},
            "period": {"from": "2020-01-01", "to": "2020-01-01"},
            "places": [{"id": "x", "name": "X"}],
            "incident": f"acled:{number}",
            "figures": [{"outcomes": ["killed"], "exactly": number}],
        }
        for number in range(9)
    ]
    with pytest.MonkeyPatch.context() as patch, store.write_transaction() as db:
        # One entry of an index is examined: the one that is about the incident.
        patch.setattr(figure_lookup, "MAX_EXAMINED", 1)
        items = _load(bodies)
        recorder = ReportRecorder(db, items, None, START_TIME)
        for item in items:
            recorder.record(item)
        recorder.flush()
        (figure,) = items[3][1].figures
        lookup = FigureLookup(db)
        scope = Scope(("x",), figure.period, frozenset({"killed"}), ("everyone",), "acled:3")
        other = Figure("new-1", "new", "a", scope, Quantity(50, 50))
        (row,) = lookup._find_comparable(other, None, ("x",))
        assert row.incident == "acled:3"
        of_next = replace(other, id="new-2", scope=replace(scope, incident="acled:10"))
        assert lookup._find_comparable(of_next, None, ("x",)) == []
