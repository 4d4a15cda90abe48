"""The proof of a number: the figures that make its ends, in their reporters' words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

from service.domain.entities import Reporter
from service.domain.figure import Figure
from service.domain.record_state import ReportState
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.total import Term
from service.domain.totals_result import ExcludedFigure, OutcomeTotal, Part
from service.domain.wording.range_text import range_text
from service.http.consistency import get_reader
from service.usecases import reports
from service.web.messages import plain
from service.web.query.page_query import Asked
from service.web.viewmodels.base import View
from service.web.viewmodels.relays import relays
from service.web.viewmodels.truncated import Some, first

MOST: Final = 40
"""So many are shown of each kind of figures, and of reporters; the interface lists them all."""


@dataclass(frozen=True, slots=True)
class Said:
    """One figure as its reporter gave it, with the report that it stands in."""

    figure: Figure
    told: ReportedFigure
    recorded: RecordedReport
    reporter: Reporter
    relays: int

    @property
    def range(self) -> str:
        """How it is read, in words."""
        return range_text(self.told.low, self.told.high)


class Proof(View):
    """One number with everything that makes it."""

    def __init__(self, asked: Asked) -> None:
        """Work out the number; raises InvalidInputError for what cannot be answered."""
        question = replace(asked.question, outcomes=(asked.show,), explain=True, by_reporter=True)
        super().__init__(replace(asked, question=question))

    @property
    def stated(self) -> OutcomeTotal:
        """The number that is proved."""
        return self.whole.totals[0]

    @cached_property
    def low(self) -> Some[Term]:
        """What adds up to the low, and then what is taken off."""
        return first(MOST, sorted(self.stated.total.low_terms, key=_taken_off))

    @cached_property
    def high(self) -> Some[Term]:
        """What adds up to the high, and then what is taken off."""
        return first(MOST, sorted(self.stated.total.high_terms, key=_taken_off))

    @cached_property
    def floors_aside(self) -> Some[Figure]:
        """The figures whose floor contradicts others."""
        return first(MOST, self.stated.total.lows_set_aside)

    @cached_property
    def ceilings_aside(self) -> Some[Figure]:
        """The figures whose ceiling contradicts others."""
        return first(MOST, self.stated.total.highs_set_aside)

    @cached_property
    def also(self) -> Some[Figure]:
        """The counted figures that move neither end."""
        total = self.stated.total
        named = {step.figure.id for step in (*total.low_terms, *total.high_terms)}
        named |= {each.id for each in (*total.lows_set_aside, *total.highs_set_aside)}
        return first(MOST, [each for each in total.figures if each.id not in named])

    @cached_property
    def left_out(self) -> Some[ExcludedFigure]:
        """The figures that speak of what was asked and are not counted."""
        return first(MOST, self.whole.excluded)

    @cached_property
    def alone(self) -> Some[Part]:
        """What each reporter's figures alone say."""
        return first(MOST, self.whole.by_reporter or ())

    def said(self, figure: Figure) -> Said:
        """Return one of the figures that are shown, with the report that it stands in."""
        recorded = self._reports[figure.report]
        told = next(each for each in recorded.report.figures if each.id == figure.id)
        reporter = self.claims.reporters[figure.reporter]
        return Said(figure, told, recorded, reporter, len(self._relays.get(figure.report, ())))

    @cached_property
    def _reports(self) -> dict[str, RecordedReport]:
        """The reports of all figures that are shown, by id."""
        shown = (
            *(step.figure for step in (*self.low.shown, *self.high.shown)),
            *(left.figure for left in self.left_out.shown),
            *self.floors_aside.shown,
            *self.ceilings_aside.shown,
            *self.also.shown,
        )
        ids = {each.report for each in shown}
        return reports.several(get_reader(), ids, self.seq)

    @cached_property
    def _relays(self) -> Mapping[str, list[ReportState]]:
        return relays(self.claims)

    @property
    def nearest(self) -> str:
        """What bends the reports least, in words."""
        low, high = self.stated.total.nearest or (0, None)
        return plain("proof.nearest", range=range_text(low, high))

    def term(self, step: Term) -> str:
        """Return the step as a term of a sum, in words."""
        key = "proof.taken_off" if step.multiplier < 0 else "proof.added"
        times = abs(step.multiplier)
        factor = "" if times == 1 else plain("proof.times", times=str(times))
        return plain(key, people=step.people, factor=factor, end=plain(f"proof.end.{step.end}"))

    def sum(self, steps: Iterable[Term]) -> int | str:
        """Return what the steps add up to; as a fraction where that is no whole number."""
        added = sum((step.multiplier * step.people for step in steps), Fraction())
        return int(added) if added.denominator == 1 else str(added)


def _taken_off(step: Term) -> bool:
    return step.multiplier < 0
