"""Coverage: what the counted figures of a query are about, and who reported them."""

from collections import Counter
from collections.abc import Sequence

from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.record_state import RecordState
from service.domain.totals_result import Coverage, ReporterCoverage


def make_coverage(state: RecordState, figures: Sequence[Figure]) -> Coverage:
    """Return what the figures are about; the date of publication is left out."""
    counts = Counter(figure.reporter for figure in figures)
    reporters = [
        ReporterCoverage(
            reporter, state.reporters[reporter].name, state.reporters[reporter].party, count
        )
        for reporter, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    reports = {figure.report for figure in figures}
    return Coverage(_enclose(figures), len(reports), len(figures), reporters)


def _enclose(figures: Sequence[Figure]) -> Period:
    """Return the period from the first to the last day of the figures; open if one is."""
    periods = [figure.scope.period for figure in figures]
    first_days = [each.first for each in periods if each.first is not None]
    last_days = [each.last for each in periods if each.last is not None]
    return Period(
        min(first_days) if first_days and len(first_days) == len(periods) else None,
        max(last_days, default=None),
    )
