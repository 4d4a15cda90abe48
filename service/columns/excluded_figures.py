"""The figures of a query that are not counted, each with the reason."""

from collections.abc import Iterator, Sequence
from typing import overload

from service.columns.column_figures import ColumnFigures
from service.domain.totals_result import ExcludedFigure
from service.domain.vocabulary import STATES


class ExcludedFigures(Sequence[ExcludedFigure]):
    """First the figures of reports that are not live, then those that straddle the query."""

    def __init__(self, not_live: ColumnFigures, straddling: ColumnFigures) -> None:
        self.not_live, self.straddling = not_live, straddling

    def __len__(self) -> int:
        return len(self.not_live) + len(self.straddling)

    @overload
    def __getitem__(self, index: int) -> ExcludedFigure: ...

    @overload
    def __getitem__(self, index: slice) -> list[ExcludedFigure]: ...

    def __getitem__(self, index: int | slice) -> ExcludedFigure | list[ExcludedFigure]:
        if isinstance(index, slice):
            return [self._get(position) for position in range(*index.indices(len(self)))]
        return self._get(range(len(self))[index])

    def __iter__(self) -> Iterator[ExcludedFigure]:
        return map(self._get, range(len(self)))

    def _get(self, position: int) -> ExcludedFigure:
        if position < len(self.not_live):
            state = self.not_live.report_states[position]
            return ExcludedFigure(self.not_live[position], STATES[state])
        return ExcludedFigure(self.straddling[position - len(self.not_live)], "straddles")
