"""The figures of a query for totals, page by page, with their shares in the proofs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from service.domain.figure import Figure
from service.domain.term_list import join_lists, list_terms
from service.domain.total import ENDS, End, Term
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.store import reports as stored_reports
from service.usecases.request_reader import RequestReader

CHUNK_REPORTS: Final = 10_000
"""How many reports one statement looks up."""


@dataclass(frozen=True, slots=True)
class Share:
    """One term of the proof of one bound of one total."""

    outcomes: frozenset[str]
    bound: End
    term: Term


@dataclass(frozen=True, slots=True)
class QueryFigure:
    """A figure that covers people of a query; ``reason`` is None if it is counted."""

    figure: Figure
    reporter_name: str
    published_at: str | None
    wording: str | None
    state: str
    reason: str | None
    shares: Sequence[Share]


@dataclass(frozen=True, slots=True)
class FigurePage:
    """A page of the figures of a result; ``next_offset`` is None on the last page."""

    result: TotalsResult
    figures: Sequence[QueryFigure]
    next_offset: int | None


def simplify_query(query: TotalsQuery) -> TotalsQuery:
    """Return the query of the same whole without its parts and its comparison."""
    return replace(
        query, by=None, by2=None, facet=None, by_reporter=False, explain=False, compare=None
    )


def make_figure_page(
    reader: RequestReader,
    result: TotalsResult,
    offset: int,
    limit: int,
    *,
    is_largest_first: bool = False,
) -> FigurePage:
    """Return the figures of the result from ``offset`` on: the counted ones, then the others.

    Both are in the order of recording. If ``is_largest_first``, the counted ones begin with those
    that contribute most to a low, then to a high.
    """
    # Only the figures of the page become objects: a query can have a million.
    used = _sort_largest_first(result) if is_largest_first else result.used
    counted = used[offset : offset + limit]
    shares = _find_shares(result, counted)
    shown: list[tuple[Figure, str | None]] = [(figure, None) for figure in counted]
    used_count = len(used)
    excluded_offset = max(offset - used_count, 0)
    excluded = result.excluded[excluded_offset : excluded_offset + limit - len(shown)]
    shown += [(each.figure, each.reason) for each in excluded]
    state = reader.load_snapshot(result.seq).state
    states = state.find_reports({figure.report for figure, _ in shown})
    with reader.read_transaction() as db:
        report_ids = dict.fromkeys(figure.report for figure, _ in shown)
        recorded = {
            each.report.id: each.report
            for each in stored_reports.get_many(db, report_ids, result.seq)
        }
    figures = []
    for figure, reason in shown:
        report = recorded[figure.report]
        figures.append(
            QueryFigure(
                figure,
                state.reporters[figure.reporter].name,
                report.published_at,
                next((each.wording for each in report.figures if each.id == figure.id), None),
                states[figure.report].state,
                reason,
                shares.get(figure.id, ()),
            )
        )
    end = offset + len(shown)
    return FigurePage(result, figures, end if end < used_count + len(result.excluded) else None)


def _sort_largest_first(result: TotalsResult) -> Sequence[Figure]:
    """Return the counted figures, those that contribute most to a low, then to a high, first.

    Those that contribute nothing follow in the order of recording.
    """
    lows, highs = (
        join_lists([list_terms(each.total, end) for each in result.totals]) for end in ENDS
    )
    return lows.sort_figures(highs, result.used)


def _find_shares(result: TotalsResult, figures: Collection[Figure]) -> dict[str, list[Share]]:
    """Return the shares of the figures by their ids, in the order of the totals."""
    shares: dict[str, list[Share]] = {}
    for each in result.totals:
        for end in ENDS:
            for term in list_terms(each.total, end).select_of(figures):
                share = Share(each.outcomes, end, term)
                shares.setdefault(term.figure.id, []).append(share)
    return shares


def find_last_publication(reader: RequestReader, result: TotalsResult) -> str | None:
    """Return the latest date of publication of the counted figures, None if none is known.

    Their reports are known only once the totals are computed, without a transaction.
    """
    report_ids = result.used.list_reports(result.used.count_reports())
    if not report_ids:
        return None
    with reader.read_transaction() as db:
        dates = [
            stored_reports.find_last_publication(db, report_ids[start : start + CHUNK_REPORTS])
            for start in range(0, len(report_ids), CHUNK_REPORTS)
        ]
    return max((each for each in dates if each is not None), default=None)
