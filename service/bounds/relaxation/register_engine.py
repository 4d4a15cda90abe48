"""Totals of a register with a million figures: exact once these are prepared, wider before."""

from dataclasses import replace
from functools import cached_property
from typing import Final

from service.bounds.relaxation.engine import RelaxedEngine
from service.bounds.relaxation.local_engine import MAX_NEARBY_FIGURES, LocalEngine
from service.bounds.solver import Deadline
from service.columns.column_figures import ColumnFigures
from service.domain.figure import Scope
from service.domain.total import Total

PREPARATION_SHARE: Final = 0.5
"""A total of few figures takes this share of its time to prepare all of them."""


class RegisterEngine(RelaxedEngine):
    """The counted figures of a very large register; threads may share it.

    Each new state of the record has to be prepared anew, which takes ten seconds for a million
    figures. Until then a total of few figures is computed from the figures nearby.
    """

    @cached_property
    def _local(self) -> LocalEngine:
        """The engine of totals from the figures nearby."""
        return LocalEngine(self._counted, *self._trees, self._cache)

    def _compute(self, figures: ColumnFigures, scope: Scope, seconds: float) -> Total:
        """Return the total of the figures, which are those that overlap the scope.

        Before all figures are prepared, it is neither exact nor final.
        """
        if len(figures) <= MAX_NEARBY_FIGURES:
            deadline = Deadline(PREPARATION_SHARE * seconds)
            if self._preparation.run(deadline) is None:
                return replace(self._local.total(scope, seconds), is_relaxed=False)
        return super()._compute(figures, scope, seconds)
