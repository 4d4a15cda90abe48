"""The figures with which the warnings about a new report compare its figures."""

from collections.abc import Sequence

from service.domain.figure import Figure
from service.domain.report import Report
from service.store import figure_queries, reports
from service.store.interface import Connection


class FigureLookup:
    """Looks recorded figures up, with a statement for each question."""

    def __init__(self, db: Connection) -> None:
        """Use the connection; nothing is read yet."""
        self._db = db

    def find_possible_contradictions(
        self, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
    ) -> list[Figure]:
        """Return the reporter's other live figures that may contradict this one.

        See ``figure_queries.find_possible_contradictions``.
        """
        return figure_queries.find_possible_contradictions(
            self._db, figure, excluded_report, place_ids
        )

    def find_related_figures(
        self,
        figure: Figure,
        excluded_report: str | None,
        place_ids: Sequence[str] | None,
        *,
        above: int | None,
        below: int | None,
    ) -> list[Figure]:
        """Return live figures of the reporter that may contradict this one together with a third.

        See ``figure_queries.find_related_figures``.
        """
        return figure_queries.find_related_figures(
            self._db, figure, excluded_report, place_ids, above=above, below=below
        )

    def find_same_wording(
        self, figure: Figure, wording: str | None, quote: str | None
    ) -> list[str]:
        """Return the ids of other reporters' reports with the same words for the same scope."""
        if wording is None and quote is None:
            return []
        return reports.find_same_wording(self._db, figure, wording, quote)

    def find_contradicting_reports(
        self, figure: Figure, reporters: Sequence[str], limit: int
    ) -> list[str]:
        """Return the ids of live reports of others with another range for the same scope.

        ``reporters`` are the ids of the figure's reporter.
        """
        return reports.find_contradicting_reports(self._db, figure, reporters, limit)

    def add(self, report: Report, seq: int) -> None:
        """Note that the report was recorded by the event ``seq``."""
