"""The totals of an archive are as fine as there is time for."""

import pytest

from service.exports.total_tables import NO_TOTALS, compute_overall_totals
from service.store.interface import Store
from service.usecases.time_budget import TimeBudget
from service.usecases.totals_reader import TotalsReader
from tests.conftest import SendRequest
from tests.exports.records import record_everything


@pytest.mark.parametrize(
    ("exhausted", "words"),
    [
        (0, "in Захід, by place and month?"),
        (1, "in Захід, by place and year?"),
        (2, "in Захід, by place?"),
        (3, "in Захід?"),
        (4, NO_TOTALS),
    ],
)
def test_each_breakdown_has_a_budget_of_its_own(
    store: Store, send: SendRequest, exhausted: int, words: str
) -> None:
    record_everything(send)
    budgets = iter([0.0] * exhausted + [60.0] * 4)
    with TotalsReader(store) as reader:
        table = compute_overall_totals(
            reader, reader.seq, lambda: TimeBudget(seconds := next(budgets), seconds)
        )
    assert table.title.endswith(words)
    assert bool(list(table.rows)) == (words != NO_TOTALS)
