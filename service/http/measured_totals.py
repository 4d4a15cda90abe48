"""Totals for the API and the dashboard: counted in the metrics, and logged if slow."""

from collections.abc import Sequence

import structlog

from service.bounds.solver_effort import Effort, measure_effort
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.http import metrics
from service.http.consistency import get_reader
from service.http.context import get_services
from service.http.costly_work import take_slot
from service.usecases import totals
from service.usecases.time_budget import TimeBudget


def compute_measured_totals(
    query: TotalsQuery, seq: int, budget: TimeBudget, compared_seq: int | None = None
) -> TotalsResult:
    """Return the totals as of the event ``seq``; raises as ``totals.compute_totals`` does.

    If they are not in memory, this takes a slot for costly work, and raises OverloadedError if
    there is none.
    """
    services, reader = get_services(), get_reader()
    is_cached = compared_seq is None and totals.is_cached(reader, query, seq)
    if not is_cached:
        budget.postpone(take_slot())
    with measure_effort() as efforts:
        try:
            result = totals.compute_totals(reader, query, seq, budget, compared_seq)
        finally:
            metrics.get_current_metrics().count_solver_effort(efforts)
            if not is_cached:
                reader.measure_again()
    all_totals = result.all_totals
    metrics.get_current_metrics().count_totals(all_totals)
    _log_if_slow(all_totals, efforts, services.settings.solver_seconds / 2)
    return result


def _log_if_slow(
    all_totals: Sequence[Total], efforts: Sequence[Effort], slow_seconds: float
) -> None:
    """Log the effort if time ran out for a total, or the solver took ``slow_seconds``."""
    seconds = sum(effort.seconds for effort in efforts)
    inexact = sum(not total.is_final for total in all_totals)
    if inexact or seconds >= slow_seconds:
        structlog.get_logger().warning(
            "slow totals",
            totals=len(all_totals),
            inexact=inexact,
            solver_seconds=round(seconds, 3),
            solver_columns=max((effort.columns for effort in efforts), default=0),
        )
