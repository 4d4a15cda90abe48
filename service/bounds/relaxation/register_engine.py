"""Totals of a register with a million figures: exact once these are prepared, wider before."""

from dataclasses import replace
from typing import Final

from service.bounds.component_cache import ComponentCache
from service.bounds.relaxation.engine import RelaxedEngine
from service.bounds.relaxation.local_engine import MAX_NEARBY_FIGURES, LocalEngine
from service.bounds.solver import Deadline
from service.columns.column_figures import CountedRows
from service.domain.figure import Scope
from service.domain.total import Total
from service.domain.trees import Tree

PREPARATION_SHARE: Final = 0.5
"""A total of few figures takes this share of its time to prepare all of them."""


class RegisterEngine(RelaxedEngine):
    """The counted figures of a very large register; threads may share it.

    Each new state of the record has to be prepared anew, which takes ten seconds for a million
    figures. Until then a total of few figures is computed from the figures nearby.
    """

    def __init__(
        self,
        counted: CountedRows,
        places: Tree,
        groups: Tree,
        cache: ComponentCache | None = None,
        whole: RelaxedEngine | None = None,
    ) -> None:
        super().__init__(counted, places, groups, cache, whole)
        self._local = LocalEngine(counted, places, groups, cache)

    def total(self, scope: Scope, seconds: float) -> Total:
        """Return the total of the scope, whose incident must be None.

        Before the figures are prepared, it is neither exact nor final.
        """
        figures = self.overlapping_figures(scope)
        if not figures or len(figures) > MAX_NEARBY_FIGURES:
            return super().total(scope, seconds)
        if self._preparation.run(Deadline(PREPARATION_SHARE * seconds)) is not None:
            return super().total(scope, seconds)
        return replace(self._local.total(scope, seconds), is_relaxed=False)
