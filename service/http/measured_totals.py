"""Totals as the API and the dashboard compute them: counted in the metrics, logged where slow."""

from collections.abc import Sequence

import structlog

from service.bounds.solver_effort import Effort, measure_effort
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.http import metrics
from service.http.consistency import record
from service.http.context import parts
from service.usecases import totals
from service.usecases.time_budget import Budget


def worked_out(
    question: TotalsQuery, seq: int, budget: Budget, then: int | None = None
) -> TotalsResult:
    """Return the answer as of the entry ``seq``, counted and, where it was slow, logged."""
    joined = parts()
    with measure_effort() as efforts:
        try:
            answer = totals.totals(record(), joined.snapshots, question, seq, budget, then)
        finally:
            metrics.kept().solved(efforts)
    told = answer.all_totals
    metrics.kept().count(told)
    _log_slow(told, efforts, joined.settings.solver_seconds / 2)
    return answer


def _log_slow(told: Sequence[Total], efforts: Sequence[Effort], slow: float) -> None:
    """Log what the answer took if a total ran out of time, or the solver took so many seconds."""
    seconds = sum(effort.seconds for effort in efforts)
    inexact = sum(not total.exact for total in told)
    if inexact or seconds >= slow:
        structlog.get_logger().warning(
            "slow totals",
            totals=len(told),
            inexact=inexact,
            solver_seconds=round(seconds, 3),
            solver_columns=max((effort.columns for effort in efforts), default=0),
        )
