"""What engines of large records have in common: their figures are rows of columns."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from service.bounds.component_cache import ComponentCache
from service.bounds.constraints import Reclassifications, is_elsewhere
from service.columns.column_figures import ColumnFigures, CountedRows
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.trees import Tree


class ColumnEngine(ABC):
    """The counted figures of one selection of a large record."""

    def __init__(
        self, counted: CountedRows, places: Tree, groups: Tree, cache: ComponentCache | None
    ) -> None:
        """``cache`` has the components of earlier engines; None is one of its own."""
        self._counted, self._trees = counted, (places, groups)
        self._cache = cache or ComponentCache()
        self._reclassifications = _find_reclassifications(counted)

    @property
    def counted_figures(self) -> ColumnFigures:
        """All counted figures, in the order of recording."""
        return self._counted.select(self._counted.is_counted)

    def overlapping_figures(self, scope: Scope) -> ColumnFigures:
        """Return the counted figures that overlap the scope, in the order of recording."""
        return self._counted.find_overlapping(scope)

    @abstractmethod
    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None."""

    def find_set_aside(self, scope: Scope, seconds: float) -> tuple[Figure, ...]:
        """Return the figures that have an end set aside in the total of the scope."""
        total = self.total(scope, seconds)
        return tuple(dict.fromkeys((*total.lows_set_aside, *total.highs_set_aside)))

    def outcomes_of(self, figure: Figure) -> frozenset[str]:
        """Return the outcomes of a counted figure and of the figures that reclassify its people."""
        later = self._reclassifications.find_reclassifying(figure)
        return figure.scope.outcomes.union(*(each.scope.outcomes for each in later))

    def _select_elsewhere(
        self, figures: Iterable[Figure], others: Iterable[Figure]
    ) -> list[Figure]:
        """Return those of the figures whose incident one of the others puts elsewhere."""
        by_incident: dict[str | None, list[Figure]] = {}
        for other in others:
            by_incident.setdefault(other.scope.incident, []).append(other)
        return [
            figure
            for figure in figures
            if figure.scope.incident is not None
            and any(
                is_elsewhere(figure, other, *self._trees)
                for other in by_incident.get(figure.scope.incident, ())
            )
        ]


def _find_reclassifications(counted: CountedRows) -> Reclassifications:
    """Return the counted figures that reclassify others, with what they reclassify."""
    state = counted.state
    rows = [row for chain in state.reclassified_rows.items() for row in (chain[0], *chain[1])]
    chosen = (row for row in dict.fromkeys(rows) if counted.is_counted[row])
    return Reclassifications(list(state.make_figures(chosen)), state.reclassifiable_figures)
