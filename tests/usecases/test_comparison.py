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
from service.usecases import entities, lifecycle, reports, totals
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from tests.conftest import START_TIME

PLACES = {"r": None, "a": "r", "b": "r", "b1": "b", "b2": "b", "s": None}
GROUPS = {"g": "everyone", "h": "everyone"}
REPORTERS = ("x", "y", "z")
EXAMPLES = 50

DAYS = st.integers(1, 4).map(lambda day: f"2024-12-{day:02}")
IDS = st.sampled_from(sorted(PLACES))
SETS = st.sets(st.sampled_from(OUTCOMES[:3]), min_size=1, max_size=2).map(sorted)
ENDS = st.one_of(
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
        "outcomes": draw(SETS),
        "period": {"from": draw(st.sampled_from([first, None])), "to": last},
        "places": sorted(draw(st.sets(st.sampled_from(sorted(PLACES)), min_size=1, max_size=2))),
        "groups": [draw(st.sampled_from(["everyone", "everyone", "g", "h"]))],
        **draw(ENDS),
    }
    if draw(st.integers(0, 4)) == 0:
        figure["reclassifies"] = draw(st.integers(1, 6))
    return figure


@st.composite
def _tight(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a figure of those killed on one day, so that one soon bears on another far away."""
    return {
        "outcomes": ["killed"],
        "period": {"from": "2024-12-02", "to": "2024-12-02"},
        "places": [draw(IDS)],
        **draw(ENDS),
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


OTHERS = (
    st.tuples(st.just("retract"), st.integers(1, 6)),
    st.tuples(st.just("move"), IDS, st.one_of(st.none(), IDS)),
    st.tuples(st.just("place"), IDS, IDS),
    st.tuples(st.just("group"), st.sampled_from(["g", "h"]), st.sampled_from(["g", "h"])),
    st.tuples(st.just("reporter"), st.sampled_from(REPORTERS), st.sampled_from(REPORTERS)),
    st.tuples(st.just("party"), st.sampled_from(REPORTERS), st.booleans()),
)
STEPS = st.one_of(*[_reports(_figures())] * 3, *OTHERS)
TIGHT = st.one_of(*[_reports(_tight())] * 5, *OTHERS[:2])


@st.composite
def _questions(draw: st.DrawFn) -> TotalsQuery:
    return TotalsQuery(
        places=tuple(sorted(draw(st.sets(IDS, max_size=2)))),
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


PLACED = IDS.map(lambda id: TotalsQuery(places=(id,), outcomes=(frozenset({"killed"}),)))


class World:
    """A record of its own that things happen to."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self._numbers, self._snapshots = store, count(1), StateCache()
        store.migrate()
        for id, above in PLACES.items():
            self._describe("place", id, {"name": id, "parent": above})
        for id, above in GROUPS.items():
            self._describe("group", id, {"name": id, "parent": above})
        for id in REPORTERS:
            self._describe("reporter", id, {"name": id})

    def _describe(self, kind: str, id: str, given: dict[str, Any]) -> None:
        entities.describe_entity(
            self.store, kind, id, given, may_change=True, actor=None, now=START_TIME
        )

    def take(self, step: Sequence[Any]) -> None:
        """Let it happen, if it can."""
        with suppress(DomainError):
            getattr(self, f"_{step[0]}")(*step[1:])

    def _report(self, body: dict[str, Any]) -> None:
        figures = [dict(figure) for figure in body["figures"]]
        for figure in figures:
            if "reclassifies" in figure:
                earlier = {"figure": f"r{figure['reclassifies']}-1", "from": "missing"}
                figure["reclassifies"] = earlier
        sent = ReportIn().load({**body, "figures": figures})
        reports.submit_report(
            self.store, sent, actor=None, now=START_TIME, new_id=lambda: f"r{next(self._numbers)}"
        )

    def _retract(self, number: int) -> None:
        lifecycle.retract_report(
            self.store,
            f"r{number}",
            "a mistake",
            actor=None,
            now=START_TIME,
        )

    def _move(self, id: str, parent: str | None) -> None:
        self._describe("place", id, {"name": id, "parent": parent})

    def _party(self, id: str, party: bool) -> None:
        self._describe("reporter", id, {"name": id, "party": party})

    def _place(self, id: str, into: str) -> None:
        entities.merge_entities(self.store, "place", id, into, actor=None, now=START_TIME)

    def _group(self, id: str, into: str) -> None:
        entities.merge_entities(self.store, "group", id, into, actor=None, now=START_TIME)

    def _reporter(self, id: str, into: str) -> None:
        entities.merge_entities(self.store, "reporter", id, into, actor=None, now=START_TIME)

    def last(self) -> int:
        """Return the present end of the ledger."""
        with self.store.read_transaction() as db:
            return event_log.last_seq(db)

    def ask(self, question: TotalsQuery, seq: int, then: int | None = None) -> TotalsResult:
        """Return the answer as of the entry, compared with another."""
        return totals.compute_totals(
            self.store, self._snapshots, question, seq, TimeBudget(20.0, 600.0), then
        )


@contextmanager
def world_apart() -> Iterator[World]:
    """Yield a world with a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(SqliteStore(Path(folder) / "x.db"))
        yield world
        world.store.close()


def numbers(stated: OutcomeTotal) -> tuple[Any, ...]:
    """Return everything that is told of a total but its proof."""
    total = stated.total
    aside = [each.id for each in (*total.lows_set_aside, *total.highs_set_aside)]
    who = {figure.reporter for figure in total.figures}
    figures = [each.id for each in total.figures]
    ends = (total.low, total.high, total.nearest, total.exact)
    return (*ends, stated.text, stated.best, figures, who, aside)


def all_of(answer: TotalsResult) -> Iterator[tuple[str, str, OutcomeTotal]]:
    """Yield every total with the list that it stands in and the part's key there."""
    listed = {"whole": [], "parts": answer.parts or [], "alone": answer.by_reporter or []}
    for stated in answer.totals:
        yield "whole", "", stated
    for name, parts in listed.items():
        for part in parts:
            for stated in part.totals:
                yield name, part.key, stated


def check(world: World, question: TotalsQuery, then: int, now: int) -> None:
    """Assert all that a comparison promises."""
    try:
        answer = world.ask(question, now, then)
    except InvalidInputError:
        return  # More than can be cut, or an id that is merged into one that is not asked for.
    found = list(all_of(answer))
    earlier = replace(question, outcomes=tuple({each.outcomes: None for *_, each in found}))
    if question.by == "outcome":
        earlier = replace(earlier, by=None)
    before = {(name, key, s.outcomes): s for name, key, s in all_of(world.ask(earlier, then))}
    for name, key, stated in found:
        assert stated.change is not None
        events, was = stated.change.events, stated.change.then
        assert stated.change.events_left_out == 0
        assert all(then < each.seq <= now for each in events)
        assert [each.seq for each in events] == sorted({each.seq for each in events})
        known = before.get((name, key, stated.outcomes))
        if name == "whole":
            assert numbers(was) == numbers(before[name, key, stated.outcomes])
        elif known is not None:
            assert numbers(was) == numbers(known)
        if numbers(was)[:-1] != numbers(stated)[:-1]:
            assert events, (stated, was)
    counted = [figure.report for *_, s in found for figure in s.total.figures]
    fresh = {
        each.subject
        for *_, s in found
        if s.change
        for each in s.change.events
        if each.kind == "reported"
    }
    statements = _reported_since(world, then, now)
    assert set(counted) & statements <= fresh


def _reported_since(world: World, then: int, now: int) -> set[str]:
    with world.store.read_transaction() as db:
        entries = event_log.load_events(db, then, now - then) if now > then else []
    return {each.subject for each in entries if each.kind == "reported"}


def lived(world: World, steps: Sequence[Sequence[Any]]) -> list[int]:
    """Return the ends of the ledger before the steps and after each of them."""
    moments = [world.last()]
    for step in steps:
        world.take(step)
        moments.append(world.last())
    return moments


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=12), st.lists(_questions(), min_size=1), st.data())
def test_what_was_then_is_true_and_what_changed_it_is_listed(
    steps: Any, questions: Any, data: st.DataObject
) -> None:
    with world_apart() as world:
        moments = lived(world, steps)
        for question in questions[:3]:
            check(world, question, data.draw(st.sampled_from(moments)), moments[-1])


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(TIGHT, min_size=3, max_size=8), PLACED)
def test_a_change_far_away_is_listed_where_it_changes_a_total(
    steps: Any, question: TotalsQuery
) -> None:
    with world_apart() as world:
        moments = lived(world, steps)
        for then, now in pairwise(moments):
            check(world, question, then, now)


def said(place: str, **ends: int) -> tuple[str, dict[str, Any]]:
    """Return the step that records so many killed in the place on one day."""
    day = {"from": "2024-12-02", "to": "2024-12-02"}
    figure = {"outcomes": ["killed"], "period": day, "places": [place], **ends}
    return "report", {"reporter": "x", "figures": [figure]}


def in_a(world: World, then: int, now: int) -> OutcomeTotal:
    """Return the total of those killed in a, compared."""
    (told,) = world.ask(
        TotalsQuery(places=("a",), outcomes=(frozenset({"killed"}),)), now, then
    ).totals
    return told


def events(told: OutcomeTotal) -> list[tuple[str, str]]:
    """Return kind and subject of what touched the total."""
    assert told.change is not None
    return [(each.kind, each.subject) for each in told.change.events]


def test_what_is_said_of_elsewhere_is_listed_where_a_bound_leans_on_it() -> None:
    with world_apart() as world:
        _, first, second, last = lived(
            world, [said("r", exactly=9), said("b", exactly=4), ("retract", 2)]
        )
        told = in_a(world, first, second)
        assert (told.total.high, events(told)) == (5, [("reported", "r2")])
        told = in_a(world, second, last)
        assert (told.total.high, events(told)) == (9, [("retracted", "r2")])


def test_what_sets_aside_the_end_that_a_bound_leaned_on_is_listed() -> None:
    with world_apart() as world:
        *_, before, after = lived(
            world, [said("r", exactly=9), said("b", low=6), said("b", high=4)]
        )
        told = in_a(world, before, after)
        assert told.change is not None
        assert (told.change.then.total.high, told.total.high) == (3, 9)
        assert events(told) == [("reported", "r3")]


def test_what_has_no_bearing_is_not_listed() -> None:
    with world_apart() as world:
        _, before, after = lived(world, [said("r", exactly=9), said("s", exactly=4)])
        assert events(in_a(world, before, after)) == []
