"""Totals for commands: computed from the database of the settings."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.exports.fields import ExportTable
from service.exports.record_stamp import RecordStamp
from service.exports.total_tables import make_totals_tables
from service.settings import load_settings
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals

TOTAL_SECONDS: Final = 10
"""How long one total may be solved for before it is wider."""

ANSWER_SECONDS: Final = 600
"""How long all totals of a command may take."""


class TotalsReader(RequestReader):
    """Reads one state of the record, and computes totals of it; a context manager."""

    def __init__(self, store: Store) -> None:
        """Read from an open store."""
        super().__init__(MonotonicReader(store), StateCache())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @staticmethod
    def start_budget() -> TimeBudget:
        """Return the time for all totals of a command, which begins to run."""
        return TimeBudget(TOTAL_SECONDS, ANSWER_SECONDS)

    def compute(self, query: TotalsQuery) -> TotalsResult:
        """Return the totals; raises InvalidInputError for ids that nothing has."""
        seq = self.resolve_as_of(query.as_of, datetime.now(UTC))
        return compute_totals(self, query, seq, self.start_budget())

    def make_tables(self, query: TotalsQuery) -> tuple[list[ExportTable], RecordStamp]:
        """Return the table of the totals and that of their caveats, with their state."""
        result = self.compute(query)
        address = load_settings().public_url
        stamp = RecordStamp(result.seq, result.recorded_at, datetime.now(UTC), address)
        return make_totals_tables(self, result, stamp), stamp
