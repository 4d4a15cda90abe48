"""Totals for commands, which compute several of one state of the record."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals

TOTAL_SECONDS: Final = 10
"""How long one total may be solved for before it is wider."""

ANSWER_SECONDS: Final = 600
"""How long all totals of one query may take."""


class TotalsReader(RequestReader):
    """Reads one state of the record, and computes totals of it; a context manager."""

    def __init__(self, store: Store, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Read from an open store; each query may take so many seconds."""
        super().__init__(MonotonicReader(store), StateCache())
        self._answer_seconds = answer_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def start_budget(self) -> TimeBudget:
        """Return the time for all totals of one query, which begins to run."""
        return TimeBudget(TOTAL_SECONDS, self._answer_seconds)

    def compute(self, query: TotalsQuery) -> TotalsResult:
        """Return the totals; raises InvalidInputError for ids that nothing has."""
        seq = self.resolve_as_of(query.as_of, datetime.now(UTC))
        return compute_totals(self, query, seq, self.start_budget())
