"""Coverage: what the counted figures of a query are about, and who reported them."""

from service.columns.record_state import RecordState
from service.domain.figure_set import FigureSet
from service.domain.totals_result import Coverage, ReporterCoverage


def make_coverage(state: RecordState, figures: FigureSet) -> Coverage:
    """Return what the figures are about; the date of publication is left out."""
    counts = figures.count_by_reporter()
    reporters = [
        ReporterCoverage(
            reporter, state.reporters[reporter].name, state.reporters[reporter].party, count
        )
        for reporter, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Coverage(figures.enclose_period(), figures.count_reports(), len(figures), reporters)
