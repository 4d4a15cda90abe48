"""The list of all figures of a total, page by page, those that contribute most first."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from werkzeug.utils import cached_property

from service.columns.record_state import RecordState
from service.domain.total import End
from service.domain.totals_result import TotalsResult
from service.domain.wording.range_text import outcomes_text, range_text
from service.http.consistency import get_reader
from service.usecases.query_figures import FigurePage, QueryFigure, make_figure_page
from service.web import labels
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.proof import format_fraction

PAGE_SIZE: Final = 100
"""How many figures one page has."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure in words; ``reason`` is None if it is counted.

    ``low`` and ``high`` are what it adds to the ends of the total: None if it adds nothing, and a
    string such as "1 1/2" if it is not an integer.
    """

    number: int
    report_id: str
    reporter_name: str
    published_at: str | None
    words: str | None
    range_words: str
    scope_words: str
    low: int | str | None
    high: int | str | None
    reason: str | None


class FigureList(ViewModel):
    """The view model of one page of the list."""

    @cached_property
    def _lead_result(self) -> TotalsResult:
        return self.compute_totals(outcomes=(self.lead_outcomes,), explain=True)

    @cached_property
    def _page(self) -> FigurePage:
        return self.load_page(PAGE_SIZE)

    def load_page(self, size: int) -> FigurePage:
        """Return so many figures from the start of the page on."""
        return make_figure_page(
            get_reader(),
            self._lead_result,
            self.page_query.start,
            size,
            is_largest_first=True,
        )

    @property
    def rows(self) -> Sequence[FigureRow]:
        """The figures of this page."""
        return [
            _make_row(self.state, number, each)
            for number, each in enumerate(self._page.figures, self.page_query.start + 1)
        ]

    @property
    def used_count(self) -> int:
        """How many figures are counted."""
        return len(self._lead_result.used)

    @property
    def excluded_count(self) -> int:
        """How many figures are not counted."""
        return len(self._lead_result.excluded)

    @property
    def previous_link(self) -> str | None:
        """The address of the page before; None on the first page."""
        start = self.page_query.start
        return self._link_to_start(max(start - PAGE_SIZE, 0)) if start else None

    @property
    def next_link(self) -> str | None:
        """The address of the next page; None on the last page."""
        next_offset = self._page.next_offset
        return None if next_offset is None else self._link_to_start(next_offset)

    def _link_to_start(self, start: int) -> str:
        """Return the address of a page of the same state of the record."""
        return self.page_query.link_to("figures", as_of=str(self.seq), start=str(start))


def _make_row(state: RecordState, number: int, listed: QueryFigure) -> FigureRow:
    figure = listed.figure
    scope = figure.scope
    scope_parts = (
        outcomes_text(scope.outcomes),
        labels.join_group_names(state, scope.groups),
        labels.join_place_names(state, scope.places),
        labels.format_period(scope.period),
    )
    return FigureRow(
        number,
        figure.report,
        listed.reporter_name,
        listed.published_at,
        listed.wording,
        range_text(figure.quantity.low, figure.quantity.high),
        " · ".join(part for part in scope_parts if part),
        _add_shares(listed, "low"),
        _add_shares(listed, "high"),
        listed.reason,
    )


def _add_shares(listed: QueryFigure, bound: End) -> int | str | None:
    """Return what the figure adds to the end of the total; None if it adds nothing."""
    people = sum_shares(listed, bound)
    return None if people is None else format_fraction(people)


def sum_shares(listed: QueryFigure, bound: End) -> Fraction | None:
    """Return what the figure adds to the end of the total; None if it adds nothing."""
    shares = [each.term for each in listed.shares if each.bound == bound]
    return sum((term.multiplier * term.people for term in shares), Fraction()) if shares else None
