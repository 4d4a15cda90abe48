"""The proof of a total: the figures that determine its low and high, as they were reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from werkzeug.utils import cached_property

from service.domain.entities import Reporter
from service.domain.figure import Figure
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.report_state import ReportState
from service.domain.term_list import TermList, list_both_terms, list_terms
from service.domain.total import End, RoundedSum, Term, Total
from service.domain.totals_result import ExcludedFigure, OutcomeTotal, Part, TotalsResult
from service.domain.wording.range_text import format_count, join_words, range_text
from service.http.consistency import get_reader
from service.usecases import reports
from service.web.charts.data_table import NumberedNotes, number_notes
from service.web.messages import plain_text
from service.web.query.page_query import PageQuery
from service.web.sentences import write_range
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.drawn_range import DrawnRange, choose_drawn_range
from service.web.viewmodels.notes import list_notes
from service.web.viewmodels.relays import find_relays
from service.web.viewmodels.truncated import Truncated, truncate

MAX_ITEMS: Final = 40
"""The most figures of each kind, and reporters, that are shown."""

MAX_SUMMANDS: Final = 3
"""The most terms that a sum in words names."""

MAX_NAMED_TERMS: Final = 12
"""The most terms of a rounded sum that are named one by one."""


@dataclass(frozen=True, slots=True)
class ProofFigure:
    """One figure as it was reported, with its report."""

    figure: Figure
    reported_figure: ReportedFigure
    recorded_report: RecordedReport
    reporter: Reporter
    relay_count: int

    @property
    def range_words(self) -> str:
        """The range of the figure in words."""
        return range_text(self.reported_figure.low, self.reported_figure.high)


@dataclass(frozen=True, slots=True)
class ReporterSum:
    """What the figures of one reporter add to a sum; a string such as "3 1/2" if not an integer."""

    name: str
    figure_count: int
    people: int | str


class Proof(ViewModel):
    """The view model of the proof page."""

    def __init__(self, page_query: PageQuery) -> None:
        """Resolve the query; raises InvalidInputError for unknown ids or an invalid `as_of`."""
        query = replace(page_query.query, explain=True, by_reporter=True)
        super().__init__(replace(page_query, query=query))

    @cached_property
    def proved_result(self) -> TotalsResult:
        """The total that is proved, with that of each reporter alone."""
        return self.compute_totals(outcomes=(self.lead_outcomes,))

    @property
    def outcome_total(self) -> OutcomeTotal:
        """The total that is proved."""
        return self.proved_result.totals[0]

    @cached_property
    def _drawn(self) -> DrawnRange:
        return choose_drawn_range(self.outcome_total)

    @property
    def total(self) -> Total:
        """The total that is proved: the one that the page of the subject states."""
        return self._drawn.total

    @property
    def is_open(self) -> bool:
        """Whether no upper limit is stated."""
        return self._drawn.high is None or not self._drawn.is_placed

    @property
    def range_words(self) -> str:
        """The stated range in words."""
        return write_range(self.total.low or 0, None if self.is_open else self._drawn.high)

    @cached_property
    def low_terms(self) -> TermList:
        """The terms of the low, the largest first: there can be hundreds of thousands."""
        return list_terms(self.total, "low")

    @cached_property
    def high_terms(self) -> TermList:
        """The terms of the high, the largest first."""
        return list_terms(self.total, "high")

    def truncate(self, terms: TermList) -> Truncated[Term]:
        """Return the terms that are shown, and the number of all."""
        return truncate(MAX_ITEMS, terms)

    @property
    def has_one_sum(self) -> bool:
        """Whether the same figures make both ends, each once: then one list proves both."""
        if self.total.high is None or self._drawn.high is None or not self.low_terms:
            return False
        if self.total.low_roundings or self.total.high_roundings:
            return False
        return self.low_terms.has_figures_of(self.high_terms)

    def write_sum(self, terms: TermList) -> str:
        """Return the sum of the terms in words: "8,179 + 2,056 and 12 more, together 10,300"."""
        if len(terms) < 2 or not terms.is_plain_sum:
            return ""
        named = " + ".join(format_count(each.people) for each in terms[:MAX_SUMMANDS])
        rest = len(terms) - MAX_SUMMANDS
        key = "proof.sum.more" if rest > 0 else "proof.sum"
        return plain_text(key, sum=named, count=rest, people=self.add_terms(terms))

    @cached_property
    def low_roundings(self) -> list[str]:
        """The sums in the low that are rounded, in words, the largest first."""
        return _format_roundings("low", self.total.low_roundings, self.low_terms)

    @cached_property
    def high_roundings(self) -> list[str]:
        """The sums in the high that are rounded, in words, the largest first."""
        return _format_roundings("high", self.total.high_roundings, self.high_terms)

    def sum_by_reporter(self, terms: TermList) -> list[ReporterSum]:
        """Return what each reporter's figures add to the sum, the largest first.

        Empty unless there are several terms: one term needs no sum.
        """
        if len(terms) < 2:
            return []
        sums = terms.sum_by_reporter()
        ordered = sorted(sums, key=lambda each: (-abs(sums[each].people), each))
        return [
            ReporterSum(
                self.state.reporters[reporter].name,
                sums[reporter].figure_count,
                format_fraction(sums[reporter].people),
            )
            for reporter in ordered[:MAX_ITEMS]
        ]

    @property
    def wider_text(self) -> str:
        """What figures that also count other people make of the range; empty if it is the same."""
        drawn = self._drawn
        if drawn.beyond is None:
            return ""
        key = "proof.wider" if drawn.is_placed else "proof.not_placed"
        return plain_text(key, range=write_range(*drawn.beyond))

    @property
    def open_reason(self) -> str:
        """Why no upper limit is stated."""
        return plain_text(
            "proof.open_why" if self.outcome_total.total.high is None else "proof.open_wider"
        )

    @cached_property
    def lows_set_aside(self) -> Truncated[Figure]:
        """The figures whose low contradicts others."""
        return truncate(MAX_ITEMS, self.total.lows_set_aside)

    @cached_property
    def highs_set_aside(self) -> Truncated[Figure]:
        """The figures whose high contradicts others."""
        return truncate(MAX_ITEMS, self.total.highs_set_aside)

    @cached_property
    def other_figures(self) -> Truncated[Figure]:
        """The counted figures that determine neither end."""
        total, proved = self.total, self.outcome_total
        is_placed = total.figures is proved.placed.figures
        figures = proved.placed_figures if is_placed else proved.figures
        others = figures.exclude(list_both_terms(total).figures)
        return truncate(MAX_ITEMS, others.exclude((*total.lows_set_aside, *total.highs_set_aside)))

    @cached_property
    def excluded_figures(self) -> Truncated[ExcludedFigure]:
        """The figures inside the scope that are not counted."""
        return truncate(MAX_ITEMS, self.proved_result.excluded)

    @cached_property
    def reporter_parts(self) -> Truncated[Part]:
        """The total of each reporter's figures alone."""
        return truncate(MAX_ITEMS, self.proved_result.by_reporter or ())

    @cached_property
    def reporter_notes(self) -> NumberedNotes:
        """What qualifies the totals of the reporters; each is of one reporter, as the row says."""
        return number_notes(
            list_notes(each for each in part.caveats if each.code != "single_reporter")
            for part in self.reporter_parts.shown
        )

    def make_proof_figure(self, figure: Figure) -> ProofFigure:
        """Return a shown figure with its report."""
        recorded_report = self._reports[figure.report]
        reported_figure = next(
            each for each in recorded_report.report.figures if each.id == figure.id
        )
        reporter = self.state.reporters[figure.reporter]
        return ProofFigure(
            figure,
            reported_figure,
            recorded_report,
            reporter,
            len(self._relays.get(figure.report, ())),
        )

    @cached_property
    def _reports(self) -> dict[str, RecordedReport]:
        """The reports of all shown figures, by id."""
        shown_figures = (
            *(
                term.figure
                for terms in (self.low_terms, self.high_terms)
                for term in self.truncate(terms).shown
            ),
            *(excluded.figure for excluded in self.excluded_figures.shown),
            *self.lows_set_aside.shown,
            *self.highs_set_aside.shown,
            *self.other_figures.shown,
        )
        report_ids = {each.report for each in shown_figures}
        return reports.get_reports(get_reader(), report_ids, self.seq)

    @cached_property
    def _relays(self) -> Mapping[str, list[ReportState]]:
        return find_relays(self.state, self._reports.keys())

    @property
    def nearest_text(self) -> str:
        """The range of least violation, and how much that is, in words."""
        total = self.total
        low, high = total.nearest or (0, None)
        people = total.contradiction or 0
        return plain_text("proof.nearest", range=range_text(low, high), count=people)

    def format_term(self, term: Term) -> str:
        """Return the term of a sum in words."""
        key = "proof.taken_off" if term.multiplier < 0 else "proof.added"
        multiplier = abs(term.multiplier)
        factor = "" if multiplier == 1 else plain_text("proof.times", times=str(multiplier))
        return plain_text(
            key, people=term.people, factor=factor, end=plain_text(f"proof.end.{term.end}")
        )

    def add_terms(self, terms: TermList) -> int | str:
        """Return the sum of the terms, as a string such as "3 1/2" if it is not an integer."""
        return format_fraction(terms.add_people())


def _format_roundings(end: End, roundings: Sequence[RoundedSum], terms: TermList) -> list[str]:
    """Return the steps from sums to whole people, the largest first."""
    numbers = {term: number for number, term in enumerate(terms[:MAX_ITEMS], 1)}
    ordered = sorted(roundings, key=lambda each: -abs(each.people))
    steps = [_format_rounding(end, each, numbers) for each in ordered[:MAX_ITEMS]]
    if len(ordered) > MAX_ITEMS:
        people = sum(each.people for each in ordered[MAX_ITEMS:])
        steps.append(
            plain_text("proof.more_roundings", count=len(ordered) - MAX_ITEMS, people=people)
        )
    return steps


def _format_rounding(end: End, rounding: RoundedSum, numbers: Mapping[Term, int]) -> str:
    """Return one step; the terms are named by their ``numbers`` in the list, if they are few."""
    count = len(rounding.terms)
    # A sum can have as many terms as the proof: they become objects only if they are few.
    few = rounding.terms if count <= MAX_NAMED_TERMS else ()
    named = sorted(numbers[term] for term in few if term in numbers)
    if len(named) < count:
        terms = plain_text("proof.terms.count", count=count)
    else:
        words = join_words([str(number) for number in named])
        terms = plain_text("proof.terms", count=len(named), numbers=words)
    if rounding.needs_search:
        key = f"proof.searched.{end}"
    else:
        key = "proof.rounded_up" if rounding.people > rounding.terms_sum else "proof.rounded_down"
    terms_sum = format_fraction(rounding.terms_sum)
    return plain_text(key, terms=terms, sum=terms_sum, people=rounding.people)


def format_fraction(number: Fraction) -> int | str:
    """Return the number, as a string such as "3 1/2" or "1/2" if it is not an integer."""
    whole, rest = divmod(abs(number.numerator), number.denominator)
    if not rest:
        return int(number)
    fraction = f"{rest}/{number.denominator}"
    sign = "-" if number < 0 else ""
    return f"{sign}{whole:,} {fraction}" if whole else f"{sign}{fraction}"
