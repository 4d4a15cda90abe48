"""Answers questions about a set of counted figures: the least and the most people, and why."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from threading import Lock

from service.bounds.boxes import Extent, extent
from service.bounds.component import Prepared, Share, Tied
from service.bounds.components import Clusters
from service.bounds.constraints import Lineage, rows_of
from service.bounds.solver import Deadline, without_noise
from service.bounds.solver_effort import one_total
from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
from service.domain.trees import Tree


class Reckoner:
    """The counted figures, cut and settled once for all the questions asked of them.

    Threads may share one: at worst two of them prepare the same cluster.
    """

    def __init__(
        self,
        counted: Sequence[Figure],
        places: Tree,
        groups: Tree,
        known: Mapping[str, Figure] | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        """``known`` holds the figures that a counted one may reclassify, counted or not.

        ``prepared`` keeps what was worked out before of the same figures.
        """
        self.counted = tuple(counted)
        self._places, self._groups = places, groups
        everyone = {figure.id: figure for figure in counted} if known is None else known
        self._lineage = Lineage(counted, everyone)
        self._rows = rows_of(counted, self._lineage, places, groups)
        self._order = {figure.id: index for index, figure in enumerate(counted)}
        self._clusters = Clusters(self._rows)
        self._found: dict[int, Tied] = {}
        self._prepared = prepared or Prepared()
        self._lock = Lock()

    def meeting(self, asked: Scope) -> tuple[Figure, ...]:
        """Return the counted figures that may speak of people asked for, as they were given."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        return self._in_order(figure for row in rows for figure in self._rows[row].figures)

    def _meeting(self, asked: Extent) -> list[int]:
        return [int(row) for row in self._clusters.meeting(asked)]

    def tied(self, asked: Scope) -> tuple[Figure, ...]:
        """Return the counted figures on which the total of the asked scope can depend."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        numbers = self._clusters_of(rows)
        tied = [int(row) for number in numbers for row in self._clusters.members(number)]
        return self._in_order(figure for row in tied for figure in self._rows[row].figures)

    def apart(self, asked: Scope) -> bool:
        """Whether no figure that speaks of the asked scope can share people with another."""
        rows = self._meeting(extent(asked, self._places, self._groups))
        clusters = self._clusters_of(rows)
        return all(len(self._rows[row].figures) == 1 for row in rows) and all(
            len(self._clusters.members(number)) == 1 for number in clusters
        )

    def outcomes(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure, widened by those that reclassify its people."""
        later = self._lineage.later(figure)
        return figure.scope.outcomes.union(*(each.scope.outcomes for each in later))

    def _clusters_of(self, rows: Iterable[int]) -> list[int]:
        with self._lock:
            return list(dict.fromkeys(self._clusters.of(row) for row in rows))

    def _in_order(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        return tuple(sorted(figures, key=lambda figure: self._order[figure.id]))

    def set_aside(self, asked: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the figures with an end that the total of the asked scope sets aside.

        Far quicker than the total, of which nothing else is worked out.
        """
        with one_total():
            where = extent(asked, self._places, self._groups)
            deadline = Deadline(seconds)
            tied = [self._cluster(number) for number in self._clusters_of(self._meeting(where))]
            disputes = [dispute for each in tied for dispute in each.disputes(where, deadline)]
            return self._in_order({f for d in disputes for f in (*d.floors, *d.ceilings)})

    def total(self, asked: Scope, seconds: float) -> Total:
        """Return the total of the asked scope.

        Solving ends after about so many seconds; an answer that needed more is wider than it
        could be, never narrower, and says so by ``exact``. The scope's incident must be None.
        """
        with one_total():
            return self._total(asked, seconds)

    def _total(self, asked: Scope, seconds: float) -> Total:
        where = extent(asked, self._places, self._groups)
        rows = self._meeting(where)
        if not rows:
            return Total()
        deadline = Deadline(seconds)
        numbers = self._clusters_of(rows)
        answers = [self._cluster(number).answer(where, deadline) for number in numbers]
        low = sum((answer.low.value or Fraction(0) for answer in answers), Fraction(0))
        highs = [answer.high.value for answer in answers if answer.high.value is not None]
        disputes = [dispute for answer in answers for dispute in answer.disputes]
        near = _nearest_of(answers, deadline) if disputes else None
        return Total(
            figures=self._in_order(f for row in rows for f in self._rows[row].figures),
            low=floor(low),
            high=ceil(sum(highs, Fraction(0))) if len(highs) == len(answers) else None,
            exact=all(answer.exact for answer in answers) and (near is not None or not disputes),
            lows_set_aside=self._in_order(f for dispute in disputes for f in dispute.floors),
            highs_set_aside=self._in_order(f for dispute in disputes for f in dispute.ceilings),
            nearest=near,
            low_terms=self._steps(answer.steps("low") for answer in answers),
            high_terms=self._steps(answer.steps("high") for answer in answers)
            if len(highs) == len(answers)
            else (),
        )

    def _cluster(self, number: int) -> Tied:
        if number not in self._found:
            members = self._clusters.members(number).tolist()
            self._found[number] = self._prepared.tied(tuple(self._rows[row] for row in members))
        return self._found[number]

    def _steps(self, found: Iterable[list[Term]]) -> tuple[Term, ...]:
        steps = [step for steps in found for step in steps]
        return tuple(sorted(steps, key=lambda step: (step.end, self._order[step.figure.id])))


def _nearest_of(answers: Sequence[Share], by: Deadline) -> tuple[int, int | None] | None:
    """Return the nearest readings together, rounded outward; None where one is unknown."""
    low, high = 0.0, 0.0
    open_above = False
    for answer in answers:
        near = answer.nearest(by)
        if near is None:
            return None
        low += near[0]
        open_above |= near[1] is None
        high += near[1] or 0
    return floor(without_noise(low)), None if open_above else ceil(without_noise(high))
