"""Totals: what is known of the people in an asked scope, and of its parts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from service.bounds.boxes import make_box
from service.bounds.engine import TotalsEngine
from service.domain.caveats import Caveat, CaveatContext, find_caveats
from service.domain.entities import unknown_id_message
from service.domain.errors import ErrorDetail, InvalidInputError, invalid_field
from service.domain.figure import Figure, Scope
from service.domain.record_state import ReportState
from service.domain.total import Total
from service.domain.totals_query import CALENDAR_UNITS, MAX_PARTS, TotalsQuery, split_period
from service.domain.totals_result import ExcludedFigure, OutcomeTotal, Part, TotalsResult, Unplaced
from service.domain.trees import Tree
from service.domain.vocabulary import LOSSES, OUTCOMES
from service.domain.wording.range_text import total_text
from service.store import event_log
from service.store.interface import Reader
from service.usecases.as_of import seq_asked
from service.usecases.comparison import compared, past
from service.usecases.state_cache import Snapshot, Snapshots
from service.usecases.time_budget import Budget

MOST_FAULTS: Final = 3
"""How many unknown ids of one parameter are named: looking for near ones takes a while each."""


def moment_asked(store: Reader, question: TotalsQuery, now: datetime) -> int:
    """Return the entry of the ledger that the question is to be answered as of.

    Raises InvalidInputError for a moment that is still to come.
    """
    with store.read_transaction() as db:
        return seq_asked(db, question.as_of, now)


def last_redaction(store: Reader) -> int:
    """Return the entry after which no text was blanked; an answer from before may hold one."""
    with store.read_transaction() as db:
        return event_log.last_redaction_seq(db)


def totals(
    store: Reader,
    snapshots: Snapshots,
    question: TotalsQuery,
    seq: int,
    budget: Budget,
    then: int | None = None,
) -> TotalsResult:
    """Return the answer as of the entry ``seq``.

    What is not solved within the budget is wider, never wrong. It is compared with the answer as of
    the entry ``then``, unless that is None. Raises InvalidInputError for ids that were unknown as
    of ``seq`` and for cuts that cannot be made, and TimeBudgetExceededError for what takes far too
    long even so.
    """
    with store.read_transaction() as db:
        snapshot = snapshots.at(db, seq)
        before = None if then is None else past(db, snapshots, snapshot, then)
    answer = totals_of(snapshot, question, budget)
    if before is None:
        return answer

    def inquire(state: Snapshot, asked: TotalsQuery) -> _Inquiry:
        return _Inquiry(state, _present(state, asked), budget)

    return compared(answer, question, snapshot, before, inquire)


def totals_of(snapshot: Snapshot, question: TotalsQuery, budget: Budget) -> TotalsResult:
    """Return the answer in one state of the record; raises as ``totals`` does."""
    asked = by_present_ids(snapshot, question)
    answer: TotalsResult | None = snapshot.answers.known(question)
    if answer is None:
        answer = _Inquiry(snapshot, asked, budget).answer()
        if answer.exact:  # What ran out of time may be told better the next time.
            snapshot.answers.keep(question, answer)
    return answer


def usual_outcomes(states: Iterable[Snapshot], question: TotalsQuery) -> tuple[frozenset[str], ...]:
    """Return the sets of outcomes that answers tell of unless told which, for all of the states.

    So the answers of two states can stand side by side, total by total.
    """
    unsolved = Budget(0.0, 0.0)  # Figures are only looked up.
    inquiries = [_Inquiry(state, _present(state, question), unsolved) for state in states]
    return _usual(outcomes for inquiry in inquiries for outcomes in inquiry.wanted())


def by_present_ids(snapshot: Snapshot, question: TotalsQuery) -> TotalsQuery:
    """Return the question with every merged id replaced by the one that stood for it.

    Raises InvalidInputError for ids that were unknown.
    """
    present = _present(snapshot, question)
    _check(snapshot, present)
    return present


def _present(snapshot: Snapshot, question: TotalsQuery) -> TotalsQuery:
    claims = snapshot.claims
    return replace(
        question,
        places=claims.resolve_merged("place", question.places),
        groups=claims.resolve_merged("group", question.groups),
        reporters=claims.resolve_merged("reporter", question.reporters),
        exclude_reporters=claims.resolve_merged("reporter", question.exclude_reporters),
    )


def _check(snapshot: Snapshot, question: TotalsQuery) -> None:
    claims = snapshot.claims
    faults = [
        ErrorDetail(parameter, unknown_id_message(kind, id, known))
        for parameter, kind, ids, known in (
            ("place", "place", question.places, claims.places),
            ("group", "group", question.groups, claims.groups),
            ("reporter", "reporter", question.reporters, claims.reporters),
            ("exclude_reporter", "reporter", question.exclude_reporters, claims.reporters),
        )
        for id in [id for id in ids if id not in known][:MOST_FAULTS]
    ]
    if faults:
        raise InvalidInputError(faults[0].detail, tuple(faults))


class _Inquiry:
    """One question put to one snapshot, or to one part of it."""

    def __init__(self, snapshot: Snapshot, question: TotalsQuery, budget: Budget) -> None:
        self._snapshot, self._question, self._budget = snapshot, question, budget
        self._filters = (
            question.reporters,
            question.exclude_reporters,
            question.exclude_parties,
        )
        self._asked = make_box(question.scope_for(LOSSES), snapshot.places, snapshot.groups)
        self._straddling: tuple[Figure, ...] = ()
        self._reckoner = self._counting()

    def _counting(self) -> TotalsEngine:
        """Return the reckoner of the counted figures; notes those left out as straddling."""
        snapshot, question = self._snapshot, self._question
        live = snapshot.reckoner(
            ("live", *self._filters), lambda: snapshot.chosen(question, live=True)
        )
        if question.straddling:
            return live
        meeting = live.overlapping_figures(question.scope_for(LOSSES))
        inside = [figure for figure in meeting if self._inside(figure)]
        self._straddling = tuple(figure for figure in meeting if not self._inside(figure))
        key = ("inside", *self._filters, question.places, question.period, question.groups)
        return snapshot.reckoner(key, lambda: inside)

    def _inside(self, figure: Figure) -> bool:
        """Whether the figure lies wholly in the asked places, period and groups."""
        snapshot = self._snapshot
        scope = replace(figure.scope, outcomes=LOSSES)
        return make_box(scope, snapshot.places, snapshot.groups).is_within(self._asked)

    def wanted(self) -> list[frozenset[str]]:
        """Return the sets of outcomes to total: those asked for, or the usual list."""
        if self._question.outcomes:
            return list(self._question.outcomes)
        meeting = self._reckoner.overlapping_figures(self._question.scope_for(LOSSES))
        return list(_usual(figure.scope.outcomes for figure in meeting))

    def answer(self) -> TotalsResult:
        """Return the whole answer."""
        question = self._question
        wanted = self.wanted()
        stated = self.stated(wanted)
        scope = question.scope_for(frozenset().union(*wanted))
        parts = _cut(self._snapshot, question, wanted, self._budget) if question.by else None
        alone = self._alone(wanted, scope) if question.by_reporter else None
        places = self._snapshot.claims.places
        return TotalsResult(
            question,
            ", ".join(places[id].name for id in question.places) or "everywhere",
            self._snapshot.claims.seq,
            self._snapshot.claims.recorded_at,
            stated,
            self.caveats(stated),
            self._reckoner.overlapping_figures(scope),
            self._left_out(scope),
            self._alone(wanted, scope) if question.by == "reporter" else parts,
            _unplaced(stated, parts, question.by) if parts is not None else None,
            alone,
        )

    def part(self, key: str, name: str, wanted: Sequence[frozenset[str]]) -> Part:
        """Return the totals of this scope as a part of a larger one."""
        stated = self.stated(wanted)
        return Part(key, name, stated, self.caveats(stated))

    def stated(self, wanted: Iterable[frozenset[str]]) -> list[OutcomeTotal]:
        """Return the totals of the sets of outcomes."""
        stated = []
        for outcomes in wanted:
            scope = self._question.scope_for(outcomes)
            total = self._reckoner.total(scope, self._budget.seconds())
            text = total_text(total, outcomes)
            stated.append(OutcomeTotal(outcomes, total, text, self._best(scope, total)))
        return stated

    def _best(self, scope: Scope, total: Total) -> int | None:
        """Return the sum of the best estimates where it is one, never made up."""
        inside = make_box(scope, self._snapshot.places, self._snapshot.groups)
        estimates = []
        for figure in total.figures:
            whole = make_box(figure.scope, self._snapshot.places, self._snapshot.groups)
            exact = figure.quantity.low == figure.quantity.high
            best = figure.quantity.low if exact and figure.best is None else figure.best
            if best is None or not whole.is_within(inside):
                return None
            estimates.append(best)
        return sum(estimates) if estimates and self._reckoner.are_disjoint(scope) else None

    def _left_out(self, scope: Scope) -> list[ExcludedFigure]:
        """Return the figures in the scope that were not counted, as they were recorded."""
        snapshot, question = self._snapshot, self._question
        others = snapshot.reckoner(
            ("other", *self._filters), lambda: snapshot.chosen(question, live=False)
        )
        statements = snapshot.claims.reports
        left = [
            ExcludedFigure(f, statements[f.report].state) for f in others.overlapping_figures(scope)
        ]
        where = make_box(scope, snapshot.places, snapshot.groups)
        straddling = [
            ExcludedFigure(figure, "straddles")
            for figure in self._straddling
            if make_box(figure.scope, snapshot.places, snapshot.groups).overlaps(where)
        ]
        return left + straddling

    def caveats(self, stated: Iterable[OutcomeTotal]) -> list[Caveat]:
        """Return the caveats of every total, in the totals' order."""
        silent = self.unnumbered()
        found = []
        for each in stated:
            scope = self._question.scope_for(each.outcomes)
            relays = [left.figure for left in self._left_out(scope) if left.reason == "relay"]
            evidence = CaveatContext(
                scope,
                each.total,
                self._snapshot.claims,
                self._snapshot.places,
                self._snapshot.groups,
                relays,
                silent,
                self._divided(scope, each.total),
                self._reckoner.counted_figures,
                self._reckoner.outcomes_of,
            )
            found += find_caveats(evidence)
        return found

    def near(self, outcomes: frozenset[str]) -> list[Figure]:
        """Return the figures of whatever state that speak of people asked for."""
        scope = self._question.scope_for(outcomes)
        return [
            *self._reckoner.overlapping_figures(scope),
            *(left.figure for left in self._left_out(scope)),
        ]

    def tied(self, outcomes: frozenset[str]) -> tuple[Figure, ...]:
        """Return the counted figures on which the total can depend."""
        return self._reckoner.dependent_figures(self._question.scope_for(outcomes))

    def unnumbered(self) -> list[ReportState]:
        """Return the live reports that speak of people asked for and give no number."""
        return [each for each in self._snapshot.silent(self._question) if self._meets(each)]

    def _meets(self, statement: ReportState) -> bool:
        if statement.period is None:
            return False
        scope = Scope(statement.places, statement.period, LOSSES, statement.groups)
        return make_box(scope, self._snapshot.places, self._snapshot.groups).overlaps(self._asked)

    def _divided(self, scope: Scope, total: Total) -> list[Figure]:
        """Return the figures of the scope in which reporters contradict themselves."""
        aside = (*total.lows_set_aside, *total.highs_set_aside)
        found: list[Figure] = []
        for reporter in dict.fromkeys(figure.reporter for figure in aside):
            alone = self._only(reporter)._reckoner
            found += alone.find_set_aside(scope, self._budget.seconds())
        return found

    def _only(self, reporter: str) -> "_Inquiry":
        """Return the same question put to one reporter's figures alone."""
        alone = replace(self._question, reporters=(reporter,))
        return _Inquiry(self._snapshot, alone, self._budget)

    def _alone(self, wanted: Sequence[frozenset[str]], scope: Scope) -> list[Part]:
        """Return each reporter's totals, of that reporter's counted figures alone."""
        meeting = self._reckoner.overlapping_figures(scope)
        parts = []
        for reporter in sorted({figure.reporter for figure in meeting}):
            name = self._snapshot.claims.reporters[reporter].name
            parts.append(self._only(reporter).part(reporter, name, wanted))
        return parts


def _usual(used: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return each single outcome, every joint set of those in use, and all outcomes."""
    joint = {each for each in used if 1 < len(each) < len(LOSSES)}
    ordered = sorted(joint, key=lambda each: (len(each), sorted(map(OUTCOMES.index, each))))
    return (*(frozenset({outcome}) for outcome in OUTCOMES), *ordered, LOSSES)


def _cut(
    snapshot: Snapshot, question: TotalsQuery, wanted: Sequence[frozenset[str]], budget: Budget
) -> list[Part] | None:
    """Return the parts that do not share people; None for reporters, who do."""
    if question.by == "reporter":
        return None
    if question.by == "outcome":
        inquiry = _Inquiry(snapshot, question, budget)
        single = [o for o in OUTCOMES if any(o in outcomes for outcomes in wanted)]
        return [inquiry.part(outcome, outcome, [frozenset({outcome})]) for outcome in single]
    return [
        _Inquiry(snapshot, part, budget).part(key, name, wanted)
        for key, name, part in _sections(snapshot, question)
    ]


def _sections(snapshot: Snapshot, question: TotalsQuery) -> list[tuple[str, str, TotalsQuery]]:
    """Return key, name and question of each part of the asked scope."""
    claims = snapshot.claims
    if question.by in CALENDAR_UNITS:
        sections = split_period(question.period, question.by)
        return [(key, key, replace(question, period=period)) for key, period in sections]
    if question.by == "place":
        below = _below(snapshot.places, question.places)
        return [(id, claims.places[id].name, replace(question, places=(id,))) for id in below]
    below = _below(snapshot.groups, question.groups)
    return [(id, claims.groups[id].name, replace(question, groups=(id,))) for id in below]


def _below(tree: Tree, asked: Sequence[str]) -> list[str]:
    """Return the children of the asked nodes, the roots if none is asked; nothing stands twice."""
    if not asked:
        found = list(tree.roots())
    else:
        outermost = [id for id in dict.fromkeys(asked) if not _under_another(tree, id, asked)]
        found = [child for id in outermost for child in tree.children(id)]
    if len(found) > MAX_PARTS:
        raise invalid_field("by", f"{len(found):,} parts, more than {MAX_PARTS:,}: ask for less.")
    return found


def _under_another(tree: Tree, id: str, asked: Sequence[str]) -> bool:
    start, stop = tree.interval(id)
    spans_of_others = (tree.interval(other) for other in asked if other != id)
    return any(first <= start and stop <= last for first, last in spans_of_others)


def _unplaced(
    stated: Sequence[OutcomeTotal], parts: Sequence[Part], by: str | None
) -> list[Unplaced]:
    """Return for each total how many people of its low lie in no one part."""
    found = []
    for whole in stated:
        placed = sum(
            each.total.low or 0
            for part in parts
            for each in part.totals
            if each.outcomes == whole.outcomes
            or (by == "outcome" and each.outcomes < whole.outcomes)
        )
        found.append(Unplaced(whole.outcomes, max((whole.total.low or 0) - placed, 0)))
    return found
