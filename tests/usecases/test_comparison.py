"""Whatever happens to the record: what a comparison says of then is true, and nothing is missed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.report_in import ReportIn
from service.domain.errors import DomainError, InvalidInputError
from service.domain.periods import Period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import OUTCOMES
from service.store import event_log
from service.store.sqlite.engine import SqliteStore
from service.usecases import comparison, entities, lifecycle, reports, totals
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import TotalsCalculation
from tests.conftest import START_TIME

PLACES = {"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None}
GROUPS = {"g": "everyone", "h": "everyone"}
REPORTERS = ("x", "y", "z")
EXAMPLE_COUNT = 50

DAYS = st.integers(1, 4).map(lambda day: f"2024-12-{day:02}")
PLACE_IDS = st.sampled_from(sorted(PLACES))
OUTCOME_SETS = st.sets(st.sampled_from(OUTCOMES[:3]), min_size=1, max_size=2).map(sorted)
RANGES = st.one_of(
    st.integers(0, 6).map(lambda low: {"low": low}),
    st.integers(0, 6).map(lambda high: {"high": high}),
    st.integers(0, 6).map(lambda exactly: {"exactly": exactly}),
    st.tuples(st.integers(0, 4), st.integers(4, 9)).map(
        lambda both: {"low": both[0], "high": both[1]}
    ),
)


@st.composite
def _figures(draw: st.DrawFn) -> dict[str, Any]:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    figure: dict[str, Any] = {
        "outcomes": draw(OUTCOME_SETS),
        "period": {"from": draw(st.sampled_from([first, None])), "to": last},
        "places": sorted(draw(st.sets(st.sampled_from(sorted(PLACES)), min_size=1, max_size=2))),
        "groups": [draw(st.sampled_from(["everyone", "everyone", "g", "h"]))],
        **draw(RANGES),
    }
    if draw(st.integers(0, 4)) == 0:
        figure["reclassifies"] = draw(st.integers(1, 6))
    return figure


@st.composite
def _close_figures(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a figure of those killed on one day, so that one soon bears on another far away."""
    return {
        "outcomes": ["killed"],
        "period": {"from": "2024-12-02", "to": "2024-12-02"},
        "places": [draw(PLACE_IDS)],
        **draw(RANGES),
    }


@st.composite
def _reports(draw: st.DrawFn, figures: Any) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "reporter": draw(st.sampled_from(REPORTERS)),
        "figures": draw(st.lists(figures, min_size=1, max_size=2)),
    }
    link = draw(st.sampled_from([None, None, None, "relays", "supersedes"]))
    if link:
        body[link] = f"r{draw(st.integers(1, 6))}"
    return "report", body


OTHER_STEPS = (
    st.tuples(st.just("retract"), st.integers(1, 6)),
    st.tuples(st.just("move"), PLACE_IDS, st.one_of(st.none(), PLACE_IDS)),
    st.tuples(st.just("place"), PLACE_IDS, PLACE_IDS),
    st.tuples(st.just("group"), st.sampled_from(["g", "h"]), st.sampled_from(["g", "h"])),
    st.tuples(st.just("reporter"), st.sampled_from(REPORTERS), st.sampled_from(REPORTERS)),
    st.tuples(st.just("party"), st.sampled_from(REPORTERS), st.booleans()),
)
STEPS = st.one_of(*[_reports(_figures())] * 3, *OTHER_STEPS)
CLOSE_STEPS = st.one_of(*[_reports(_close_figures())] * 5, *OTHER_STEPS[:2])


@st.composite
def _queries(draw: st.DrawFn) -> TotalsQuery:
    return TotalsQuery(
        places=tuple(sorted(draw(st.sets(PLACE_IDS, max_size=2)))),
        period=draw(
            st.sampled_from(
                [
                    Period(date(2024, 12, 1), date(2024, 12, 4)),
                    Period(date(2024, 12, 2), date(2024, 12, 2)),
                ]
            )
        ),
        outcomes=draw(st.sampled_from([(), (frozenset({"killed"}),), (frozenset({"missing"}),)])),
        groups=draw(st.sampled_from([("everyone",), ("everyone",), ("g",)])),
        reporters=draw(st.sampled_from([(), (), ("x",), ("x", "y")])),
        exclude_parties=draw(st.booleans()),
        straddling=draw(st.booleans()),
        by=draw(st.sampled_from([None, "place", "day", "outcome", "group", "reporter"])),
        by_reporter=draw(st.booleans()),
    )


PLACE_QUERIES = PLACE_IDS.map(
    lambda entity_id: TotalsQuery(places=(entity_id,), outcomes=(frozenset({"killed"}),))
)


class ChangingRecord:
    """A record of its own that things happen to."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self._numbers, self._snapshots = store, count(1), StateCache()
        store.migrate()
        for entity_id, above in PLACES.items():
            self._describe("place", entity_id, {"name": entity_id, "parent": above})
        for entity_id, above in GROUPS.items():
            self._describe("group", entity_id, {"name": entity_id, "parent": above})
        for entity_id in REPORTERS:
            self._describe("reporter", entity_id, {"name": entity_id})

    def _describe(self, kind: str, entity_id: str, fields: dict[str, Any]) -> None:
        entities.describe_entity(
            self.store, kind, entity_id, fields, may_change=True, actor=None, now=START_TIME
        )

    def apply_step(self, step: Sequence[Any]) -> None:
        """Let it happen, if it can."""
        with suppress(DomainError):
            getattr(self, f"_{step[0]}")(*step[1:])

    def _report(self, body: dict[str, Any]) -> None:
        figures = [dict(figure) for figure in body["figures"]]
        for figure in figures:
            if "reclassifies" in figure:
                earlier = {"figure": f"r{figure['reclassifies']}-1", "from": "missing"}
                figure["reclassifies"] = earlier
        submission = ReportIn().load({**body, "figures": figures})
        reports.submit_report(
            self.store,
            submission,
            actor=None,
            now=START_TIME,
            new_id=lambda: f"r{next(self._numbers)}",
        )

    def _retract(self, number: int) -> None:
        lifecycle.retract_report(
            self.store,
            f"r{number}",
            "a mistake",
            actor=None,
            now=START_TIME,
        )

    def _move(self, entity_id: str, parent: str | None) -> None:
        self._describe("place", entity_id, {"name": entity_id, "parent": parent})

    def _party(self, entity_id: str, party: bool) -> None:
        self._describe("reporter", entity_id, {"name": entity_id, "party": party})

    def _place(self, entity_id: str, into: str) -> None:
        entities.merge_entities(self.store, "place", entity_id, into, actor=None, now=START_TIME)

    def _group(self, entity_id: str, into: str) -> None:
        entities.merge_entities(self.store, "group", entity_id, into, actor=None, now=START_TIME)

    def _reporter(self, entity_id: str, into: str) -> None:
        entities.merge_entities(self.store, "reporter", entity_id, into, actor=None, now=START_TIME)

    def read_last_seq(self) -> int:
        """Return the present end of the event log."""
        with self.store.read_transaction() as db:
            return event_log.last_seq(db)

    def compute_totals(
        self, query: TotalsQuery, seq: int, earlier_seq: int | None = None
    ) -> TotalsResult:
        """Return the answer as of the entry, compared with another."""
        reader = RequestReader(MonotonicReader(self.store), self._snapshots)
        return totals.compute_totals(reader, query, seq, TimeBudget(60.0, 600.0), earlier_seq)


@contextmanager
def make_record() -> Iterator[ChangingRecord]:
    """Yield a world with a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        world = ChangingRecord(SqliteStore(Path(folder) / "x.db"))
        yield world
        world.store.close()


def comparable_fields_of(outcome_total: OutcomeTotal) -> tuple[Any, ...]:
    """Return everything that is told of a total but its proof."""
    total = outcome_total.total
    set_aside = [each.id for each in (*total.lows_set_aside, *total.highs_set_aside)]
    reporters = {figure.reporter for figure in total.figures}
    figures = [each.id for each in total.figures]
    ends = (total.low, total.high, total.nearest, total.exact)
    return (*ends, outcome_total.text, outcome_total.best, figures, reporters, set_aside)


def iterate_totals(answer: TotalsResult) -> Iterator[tuple[str, str, OutcomeTotal]]:
    """Yield every total with the list that it stands in and the part's key there."""
    parts_by_list = {"whole": [], "parts": answer.parts or [], "alone": answer.by_reporter or []}
    for outcome_total in answer.totals:
        yield "whole", "", outcome_total
    for name, parts in parts_by_list.items():
        for part in parts:
            for outcome_total in part.totals:
                yield name, part.key, outcome_total


def check_comparison(world: ChangingRecord, query: TotalsQuery, earlier_seq: int, seq: int) -> None:
    """Assert all that a comparison promises."""
    try:
        answer = world.compute_totals(query, seq, earlier_seq)
    except InvalidInputError:
        return  # More than can be cut, or an id that is merged into one that is not asked for.
    current_totals = list(iterate_totals(answer))
    earlier_query = replace(
        query, outcomes=tuple({each.outcomes: None for *_, each in current_totals})
    )
    if query.by == "outcome":
        earlier_query = replace(earlier_query, by=None)
    try:
        earlier_answer = world.compute_totals(earlier_query, earlier_seq)
    except InvalidInputError:  # The groups were of several facets then.
        earlier_answer = world.compute_totals(replace(earlier_query, by=None), earlier_seq)
    earlier_totals = {(name, key, s.outcomes): s for name, key, s in iterate_totals(earlier_answer)}
    for name, key, outcome_total in current_totals:
        assert outcome_total.change is not None
        events, earlier_total = outcome_total.change.events, outcome_total.change.then
        assert outcome_total.change.events_left_out == 0
        assert all(earlier_seq < each.seq <= seq for each in events)
        assert [each.seq for each in events] == sorted({each.seq for each in events})
        earlier_separate = earlier_totals.get((name, key, outcome_total.outcomes))
        if name == "whole":
            assert comparable_fields_of(earlier_total) == comparable_fields_of(
                earlier_totals[name, key, outcome_total.outcomes]
            )
        elif earlier_separate is not None:
            assert comparable_fields_of(earlier_total) == comparable_fields_of(earlier_separate)
        if comparable_fields_of(earlier_total)[:-1] != comparable_fields_of(outcome_total)[:-1]:
            assert events, (outcome_total, earlier_total)
    counted_reports = [figure.report for *_, s in current_totals for figure in s.total.figures]
    listed_reports = {
        each.subject
        for *_, s in current_totals
        if s.change
        for each in s.change.events
        if each.kind == "reported"
    }
    new_reports = _list_reports_since(world, earlier_seq, seq)
    assert set(counted_reports) & new_reports <= listed_reports


def _list_reports_since(world: ChangingRecord, earlier_seq: int, seq: int) -> set[str]:
    with world.store.read_transaction() as db:
        events = event_log.load_events(db, earlier_seq)
    return {each.subject for each in events if each.kind == "reported" and each.seq <= seq}


def apply_steps(world: ChangingRecord, steps: Sequence[Sequence[Any]]) -> list[int]:
    """Return the ends of the event log before the steps and after each of them."""
    seqs = [world.read_last_seq()]
    for step in steps:
        world.apply_step(step)
        seqs.append(world.read_last_seq())
    return seqs


@settings(max_examples=EXAMPLE_COUNT, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=12), st.lists(_queries(), min_size=1), st.data())
def test_a_comparison_has_the_earlier_total_and_lists_what_changed_it(
    steps: Any, queries: Any, data: st.DataObject
) -> None:
    with make_record() as world:
        seqs = apply_steps(world, steps)
        for query in queries[:3]:
            check_comparison(world, query, data.draw(st.sampled_from(seqs)), seqs[-1])


@settings(max_examples=EXAMPLE_COUNT, deadline=None)
@given(st.lists(CLOSE_STEPS, min_size=3, max_size=8), PLACE_QUERIES)
def test_an_event_at_another_place_is_listed_where_it_changes_a_total(
    steps: Any, query: TotalsQuery
) -> None:
    with make_record() as world:
        seqs = apply_steps(world, steps)
        for earlier_seq, seq in pairwise(seqs):
            check_comparison(world, query, earlier_seq, seq)


def make_report_step(place: str, **ends: int) -> tuple[str, dict[str, Any]]:
    """Return the step that records so many killed in the place on one day."""
    day = {"from": "2024-12-02", "to": "2024-12-02"}
    figure = {"outcomes": ["killed"], "period": day, "places": [place], **ends}
    return "report", {"reporter": "x", "figures": [figure]}


def compute_total_in_a(world: ChangingRecord, earlier_seq: int, seq: int) -> OutcomeTotal:
    """Return the total of those killed in a, compared."""
    (outcome_total,) = world.compute_totals(
        TotalsQuery(places=("a",), outcomes=(frozenset({"killed"}),)), seq, earlier_seq
    ).totals
    return outcome_total


def event_kinds_of(outcome_total: OutcomeTotal) -> list[tuple[str, str]]:
    """Return kind and subject of what touched the total."""
    assert outcome_total.change is not None
    return [(each.kind, each.subject) for each in outcome_total.change.events]


def test_a_figure_of_another_place_is_listed_where_a_bound_depends_on_it() -> None:
    with make_record() as world:
        _, first, second, last = apply_steps(
            world,
            [make_report_step("r", exactly=9), make_report_step("b", exactly=4), ("retract", 2)],
        )
        total_in_a = compute_total_in_a(world, first, second)
        assert (total_in_a.total.high, event_kinds_of(total_in_a)) == (5, [("reported", "r2")])
        total_in_a = compute_total_in_a(world, second, last)
        assert (total_in_a.total.high, event_kinds_of(total_in_a)) == (9, [("retracted", "r2")])


def test_a_figure_that_sets_aside_an_end_that_a_bound_depended_on_is_listed() -> None:
    with make_record() as world:
        *_, before, after = apply_steps(
            world,
            [
                make_report_step("r", exactly=9),
                make_report_step("b", low=6),
                make_report_step("b", high=4),
            ],
        )
        total_in_a = compute_total_in_a(world, before, after)
        assert total_in_a.change is not None
        assert (total_in_a.change.then.total.high, total_in_a.total.high) == (3, 9)
        assert event_kinds_of(total_in_a) == [("reported", "r3")]


def test_an_event_without_effect_on_the_total_is_not_listed() -> None:
    with make_record() as world:
        _, before, after = apply_steps(
            world, [make_report_step("r", exactly=9), make_report_step("s", exactly=4)]
        )
        assert event_kinds_of(compute_total_in_a(world, before, after)) == []


class _HurriedCalculation:
    """A calculation that has no time: its totals are wider than they could be."""

    def __init__(self, snapshot: Snapshot, query: TotalsQuery) -> None:
        self._calculation = TotalsCalculation(snapshot, query, TimeBudget(60.0, 600.0))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calculation, name)

    def compute_outcome_totals(self, outcome_sets: Sequence[frozenset[str]]) -> list[OutcomeTotal]:
        return [
            replace(each, total=replace(each.total, low=0, exact=False))
            for each in self._calculation.compute_outcome_totals(outcome_sets)
        ]


def test_an_inexact_earlier_total_is_shown_only_where_an_event_touched_it() -> None:
    """Less time for the earlier total must not look like a change of the record."""
    query = TotalsQuery(places=("a",), outcomes=(frozenset({"killed"}),))
    with make_record() as world:
        _, first, elsewhere, here = apply_steps(
            world,
            [
                make_report_step("a", exactly=9),
                make_report_step("s", exactly=4),
                make_report_step("a", low=5),
            ],
        )
        for seq, expected_low in ((elsewhere, 9), (here, 0)):
            reader = RequestReader(MonotonicReader(world.store), StateCache())
            snapshot = reader.load_snapshot(seq)
            past = comparison.load_earlier_state(reader, snapshot, first)
            result = comparison.add_comparison(
                world.compute_totals(query, seq), query, snapshot, past, _HurriedCalculation
            )
            (outcome_total,) = result.totals
            assert outcome_total.total.low == 9
            assert outcome_total.change is not None
            assert outcome_total.change.then.total.low == expected_low
