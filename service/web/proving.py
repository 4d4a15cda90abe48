"""The proof of a number: the figures that make its ends, in their reporters' words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

from service.api.freshness import record
from service.api.parts import now
from service.domain.answer import Part, Stated
from service.domain.figure import Figure
from service.domain.phrases import range_text
from service.domain.registry import Reporter
from service.domain.report import Recorded, ReportedFigure
from service.domain.total import Step
from service.domain.vocabulary import ROOT_GROUP
from service.usecases import reports
from service.web.asking import Asked, asked
from service.web.texts import plain
from service.web.view import View

MOST_CARDS: Final = 40
"""So many figures are shown of those that move no end, and of those that are not counted."""


@dataclass(frozen=True, slots=True)
class Said:
    """One figure as its reporter gave it, with the report that it stands in."""

    figure: Figure
    told: ReportedFigure
    recorded: Recorded
    reporter: Reporter
    relays: int

    @property
    def range(self) -> str:
        """How it is read, in words."""
        return range_text(self.told.low, self.told.high)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sum that makes an end: so many times this end of this figure."""

    said: Said
    times: Fraction
    people: int
    end: str

    @property
    def sum(self) -> Fraction:
        """What the line adds; below zero where it is taken off."""
        return self.times * self.people


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A figure that speaks of what was asked and is not counted, and the reason's code."""

    said: Said
    reason: str


class Proof(View):
    """One number with everything that makes it."""

    def __init__(self, asked: Asked) -> None:
        """Work out the number; raises Invalid for what cannot be answered."""
        question = replace(asked.question, outcomes=(asked.show,), explain=True, by_reporter=True)
        super().__init__(replace(asked, question=question))

    @property
    def stated(self) -> Stated:
        """The number that is proved."""
        return self.whole.totals[0]

    @property
    def low(self) -> list[Line]:
        """What adds up to the low."""
        return [self._line(step) for step in self.stated.total.because_low]

    @property
    def high(self) -> list[Line]:
        """What adds up to the high."""
        return [self._line(step) for step in self.stated.total.because_high]

    @property
    def floors_aside(self) -> list[Said]:
        """The figures whose floor contradicts others."""
        return self._all(self.stated.total.floors_set_aside)

    @property
    def ceilings_aside(self) -> list[Said]:
        """The figures whose ceiling contradicts others."""
        return self._all(self.stated.total.ceilings_set_aside)

    @property
    def also(self) -> list[Said]:
        """The counted figures that move neither end."""
        total = self.stated.total
        named = {step.figure.id for step in (*total.because_low, *total.because_high)}
        named |= {each.id for each in (*total.floors_set_aside, *total.ceilings_set_aside)}
        return self._all([each for each in total.figures if each.id not in named][:MOST_CARDS])

    @property
    def left_out(self) -> list[LeftOut]:
        """The figures that speak of what was asked and are not counted."""
        excluded = self.whole.excluded[:MOST_CARDS]
        return [LeftOut(self._one(left.figure), left.reason) for left in excluded]

    @property
    def more_left_out(self) -> int:
        """How many more are not counted than the page shows."""
        return max(len(self.whole.excluded) - MOST_CARDS, 0)

    @property
    def alone(self) -> Sequence[Part]:
        """What each reporter's figures alone say."""
        return self.whole.by_reporter or ()

    @cached_property
    def _relays(self) -> dict[str, int]:
        """How many reports repeat a report, by its id."""
        found: dict[str, int] = {}
        for each in self.claims.statements.values():
            if each.origin is not None:
                found[each.origin] = found.get(each.origin, 0) + 1
        return found

    @property
    def more(self) -> int:
        """How many more figures are counted than the page shows."""
        shown = {each.said.figure.id for each in (*self.low, *self.high)}
        shown |= {each.figure.id for each in (*self.floors_aside, *self.ceilings_aside, *self.also)}
        return len({each.id for each in self.stated.total.figures} - shown)

    def _line(self, step: Step) -> Line:
        return Line(self._one(step.figure), step.times, step.people, step.end)

    def _all(self, figures: Iterable[Figure]) -> list[Said]:
        return [self._one(figure) for figure in figures]

    def _one(self, figure: Figure) -> Said:
        recorded = self._recorded(figure.report)
        told = next(each for each in recorded.report.figures if each.id == figure.id)
        reporter = self.claims.reporters[figure.reporter]
        return Said(figure, told, recorded, reporter, self._relays.get(figure.report, 0))

    @cached_property
    def _found(self) -> dict[str, Recorded]:
        return {}

    def _recorded(self, id: str) -> Recorded:
        if id not in self._found:
            self._found[id] = reports.show(record(), id, self.seq, now())
        return self._found[id]

    @property
    def nearest(self) -> str:
        """What bends the reports least, in words."""
        low, high = self.stated.total.nearest or (0, None)
        return plain("proof.nearest", range=range_text(low, high))

    def term(self, line: Line) -> str:
        """Return the line as a term of a sum, in words."""
        key = "proof.taken_off" if line.times < 0 else "proof.added"
        times = abs(line.times)
        factor = "" if times == 1 else plain("proof.times", times=str(times))
        return plain(key, people=line.people, factor=factor, end=plain(f"proof.end.{line.end}"))

    def groups_named(self, ids: Iterable[str]) -> str:
        """Return the groups by name, with commas between; nothing for everyone."""
        present = [id for id in self.claims.present("group", ids) if id != ROOT_GROUP]
        return ", ".join(self.claims.groups[id].name for id in present)

    def named(self, ids: Iterable[str]) -> str:
        """Return the places by name, with commas between."""
        present = self.claims.present("place", ids)
        return ", ".join(self.claims.places[id].name for id in present)


def proof() -> Proof:
    """Return the number that the address of this request asks to see proved."""
    return Proof(asked(now()))
