"""Where the figures of one reporter contradict those of others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from service.columns.record_state import RecordState
from service.domain.figure import Figure
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import ROOT_GROUP, sort_outcomes
from service.domain.wording.range_text import outcomes_text, range_text
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject
from service.usecases.time_budget import TimeBudget
from service.web import labels
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels.outcome_numbers import compute_spoken_totals
from service.web.viewmodels.report_lines import describe_where

MAX_SUBJECTS: Final = 3
"""In how many subjects of a reporter disputes are looked for."""

MAX_DISPUTES: Final = 5
MAX_SIDE_FIGURES: Final = 4
"""How many figures of each side are listed; the proof has all."""


@dataclass(frozen=True, slots=True)
class SideFigure:
    """One of the figures that contradict each other; the texts are in words."""

    reporter_name: str
    is_party: bool
    range_text: str
    scope_text: str
    report_href: str


@dataclass(frozen=True, slots=True)
class ReporterDispute:
    """Figures of the reporter, and those of others that contradict them.

    ``others`` are empty if it contradicts itself. ``csv_href`` leads to all figures of the total.
    """

    where: str
    outcomes: str
    proof_href: str
    csv_href: str
    own: Sequence[SideFigure]
    others: Sequence[SideFigure]


@dataclass(frozen=True, slots=True)
class FoundDisputes:
    """The first disputes of a reporter; not complete if there was no time for all totals."""

    disputes: Sequence[ReporterDispute]
    is_complete: bool


def find_disputes(
    snapshot: Snapshot, reporter: str, subjects: Sequence[RecordSubject], budget: TimeBudget
) -> FoundDisputes:
    """Return the first disputes of the reporter in the first of the subjects."""
    is_complete = True
    disputes: dict[tuple[Figure, ...], ReporterDispute] = {}
    for subject in subjects[:MAX_SUBJECTS]:
        groups = tuple(each for each in subject.groups if each != ROOT_GROUP)
        query = TotalsQuery(places=subject.places, groups=groups or (ROOT_GROUP,))
        outcome_totals = compute_spoken_totals(snapshot, query, budget)
        is_complete = is_complete and outcome_totals is not None
        for each in outcome_totals or ():
            aside = tuple(dict.fromkeys((*each.total.lows_set_aside, *each.total.highs_set_aside)))
            if aside not in disputes and any(figure.reporter == reporter for figure in aside):
                disputes[aside] = _make_dispute(snapshot.state, reporter, query, each, aside)
    return FoundDisputes(list(disputes.values())[:MAX_DISPUTES], is_complete)


def _make_dispute(
    state: RecordState,
    reporter: str,
    query: TotalsQuery,
    outcome_total: OutcomeTotal,
    figures: Sequence[Figure],
) -> ReporterDispute:
    groups = [each for each in query.groups if each != ROOT_GROUP]
    proof = {
        "place": ",".join(query.places),
        "group": ",".join(groups),
        "outcomes": ",".join(sort_outcomes(outcome_total.outcomes)),
    }
    names = (
        labels.join_place_names(state, query.places), labels.join_group_names(state, groups),
    )  # fmt: skip
    return ReporterDispute(
        ", ".join(each for each in names if each),
        outcomes_text(outcome_total.outcomes),
        link_to_page("why", proof, find_root()),
        link_to_page("figures.csv", {**proof, **CSV_LINK}, find_root()),
        _make_side(state, (each for each in figures if each.reporter == reporter)),
        _make_side(state, (each for each in figures if each.reporter != reporter)),
    )


def _make_side(state: RecordState, figures: Iterable[Figure]) -> list[SideFigure]:
    ordered = sorted(
        figures, key=lambda each: (-each.scope.period.stop, each.scope.places, each.id)
    )
    return [_make_side_figure(state, each) for each in ordered[:MAX_SIDE_FIGURES]]


def _make_side_figure(state: RecordState, figure: Figure) -> SideFigure:
    scope, reporter = figure.scope, state.reporters[figure.reporter]
    parts = (
        describe_where(state, scope.places),
        labels.join_group_names(state, scope.groups),
        labels.format_period(scope.period),
    )
    return SideFigure(
        reporter.name,
        reporter.party,
        f"{range_text(figure.quantity.low, figure.quantity.high)} {outcomes_text(scope.outcomes)}",
        ", ".join(each for each in parts if each),
        link_to_page(f"report/{figure.report}", {}, find_root()),
    )
