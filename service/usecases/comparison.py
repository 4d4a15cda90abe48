"""What every total of an answer was at an earlier moment, and what happened since that touches it.

An entry of the ledger touches a total when it is about a report with a figure, or a stance, whose
scope meets the total's, then or now; about the reporter of one; about a place or group that such a
figure names or lies in; about one that lies in the asked ones or holds them. So does an entry about
a figure from elsewhere that a bound leans on, then or now. If the numbers changed and none of that
accounts for it, whatever is tied to the total by overlapping scopes touches it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from service.domain.errors import invalid_field
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.public_event import PublicEvent
from service.domain.total import Total
from service.domain.totals_query import CALENDAR_UNITS, TotalsQuery, split_period
from service.domain.totals_result import (
    ComparedState,
    OutcomeTotal,
    Part,
    TotalChange,
    TotalsResult,
)
from service.domain.wording.range_text import total_text
from service.store.event_window import load_public_events
from service.store.interface import Connection, Reader
from service.usecases.as_of import seq_asked
from service.usecases.dependencies import Inquiry, Side, union
from service.usecases.event_window import Interval
from service.usecases.state_cache import Snapshot, Snapshots

MOST_EVENTS: Final = 10_000
"""How many entries one answer lists altogether; each of its totals gets the same share."""

MOST_OF_A_TOTAL: Final = 1_000


Inquire = Callable[[Snapshot, TotalsQuery], Inquiry]


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier state of the record, and what happened from then until now."""

    snapshot: Snapshot
    interval: Interval


def moment_compared(store: Reader, question: TotalsQuery, seq: int, now: datetime) -> int | None:
    """Return the entry with which the answer as of ``seq`` is compared; None where it is not.

    Raises InvalidInputError for a moment that is still to come or later than that of the answer.
    """
    if question.compare is None:
        return None
    with store.read_transaction() as db:
        then = seq_asked(db, question.compare, now, "compare")
    moments = (question.as_of, question.compare)
    later = all(isinstance(each, str) for each in moments) and str(moments[0]) < str(moments[1])
    if then > seq or later:
        raise invalid_field("compare", "Compare with a moment that is not later than as_of.")
    return then


def past(db: Connection, snapshots: Snapshots, snapshot: Snapshot, then: int) -> Past:
    """Return the state after the entry ``then``, and all that happened up to the later one."""
    earlier = snapshots.at(db, then)
    entries = load_public_events(db, then, snapshot.claims.seq)
    return Past(earlier, Interval(earlier.claims, snapshot.claims, entries))


def compared(
    answer: TotalsResult, question: TotalsQuery, snapshot: Snapshot, past: Past, inquire: Inquire
) -> TotalsResult:
    """Return the answer with what each of its totals was then, and what touched it since.

    ``question`` is as it was asked: an id that was merged since stood for something of its own.
    A place, group or reporter that was not known then had nothing reported of it.
    """
    alone, parts = answer.by_reporter or (), answer.parts or ()
    told = len(answer.totals) + sum(len(part.totals) for part in (*alone, *parts))
    share = min(MOST_OF_A_TOTAL, max(MOST_EVENTS // max(told, 1), 1))

    def changed(stated: Sequence[OutcomeTotal], asked: TotalsQuery) -> list[OutcomeTotal]:
        return list(_Comparison(snapshot, past, inquire, asked, share).changes(stated))

    periods = (
        dict(split_period(question.period, question.by)) if question.by in CALENDAR_UNITS else {}
    )

    def inside(part: Part, by: str | None) -> Part:
        asked = _narrowed(question, by, part.key, periods)
        return replace(part, totals=changed(part.totals, asked))

    then = past.snapshot.claims
    return replace(
        answer,
        totals=changed(answer.totals, question),
        parts=answer.parts and [inside(part, question.by) for part in parts],
        by_reporter=answer.by_reporter and [inside(part, "reporter") for part in alone],
        compared=ComparedState(then.seq, then.recorded_at),
    )


def _narrowed(
    question: TotalsQuery, by: str | None, key: str, periods: Mapping[str, Period]
) -> TotalsQuery:
    """Return the question that the part with the key answers."""
    if by in CALENDAR_UNITS:
        return replace(question, period=periods[key])
    if by == "place":
        return replace(question, places=(key,))
    if by == "group":
        return replace(question, groups=(key,))
    if by == "reporter":
        return replace(question, reporters=(key,))
    return question


def _of_the_known(snapshot: Snapshot, question: TotalsQuery) -> TotalsQuery | None:
    """Return the question about those of its ids that were known; None where none was."""
    claims = snapshot.claims

    def known(kind: str, ids: tuple[str, ...], entries: Collection[str]) -> tuple[str, ...]:
        return tuple(id for id in ids if claims.resolve_merged(kind, (id,))[0] in entries)

    places = known("place", question.places, claims.places)
    groups = known("group", question.groups, claims.groups)
    reporters = known("reporter", question.reporters, claims.reporters)
    excluded = known("reporter", question.exclude_reporters, claims.reporters)
    asked = (question.places, places), (question.groups, groups), (question.reporters, reporters)
    if any(all_of_them and not left for all_of_them, left in asked):
        return None
    return replace(
        question, places=places, groups=groups, reporters=reporters, exclude_reporters=excluded
    )


class _Comparison:
    """One scope, now and then."""

    def __init__(
        self, snapshot: Snapshot, past: Past, inquire: Inquire, question: TotalsQuery, share: int
    ) -> None:
        self._interval, self._share = past.interval, share
        earlier = _of_the_known(past.snapshot, question)
        self._then = earlier and inquire(past.snapshot, earlier)
        self._sides = [Side(snapshot, question, inquire(snapshot, question))]
        if earlier and self._then:
            self._sides.append(Side(past.snapshot, earlier, self._then))
        self._asked = union(side.asked(past.interval) for side in self._sides)

    def changes(self, stated: Sequence[OutcomeTotal]) -> Iterator[OutcomeTotal]:
        """Yield the totals with what they were, and what touched them since."""
        wanted = [each.outcomes for each in stated]
        thens = self._then.stated(wanted) if self._then else map(_nothing, wanted)
        for now, then in zip(stated, thens, strict=True):
            found = self._touching(now, then)
            if not found and not (now.total.exact and then.total.exact):
                then = now  # Nothing happened: only the time that there was for it differed.
            listed = found[-self._share :]
            yield replace(now, change=TotalChange(then, listed, len(found) - len(listed)))

    def _touching(self, now: OutcomeTotal, then: OutcomeTotal) -> list[PublicEvent]:
        leaned = [*_leaned(now.total), *_leaned(then.total)]
        near = [side.near(now.outcomes, leaned) for side in self._sides]
        found = self._interval.touching(union([self._asked, *near]))
        if _numbers(now) != _numbers(then) and not self._interval.moved(found):
            tied = [side.tied(now.outcomes) for side in self._sides]
            found = self._interval.touching(union([self._asked, *near, *tied]))
        return found


def _leaned(total: Total) -> list[Figure]:
    """Return the figures that the bounds rest on, wherever they lie, and those set aside."""
    steps = (*total.low_terms, *total.high_terms)
    return [
        *(step.figure for step in steps),
        *total.lows_set_aside,
        *total.highs_set_aside,
    ]


def _numbers(stated: OutcomeTotal) -> tuple[object, ...]:
    total = stated.total
    reporters = len({figure.reporter for figure in total.figures})
    return (total.low, total.high, total.nearest, stated.best, len(total.figures), reporters)


def _nothing(outcomes: frozenset[str]) -> OutcomeTotal:
    return OutcomeTotal(outcomes, Total(), total_text(Total(), outcomes), None)
