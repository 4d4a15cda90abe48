"""The figures of a query for totals, page by page, with their shares in the proofs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from service.domain.figure import Figure
from service.domain.total import End, Term
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.store import reports as stored_reports
from service.usecases.request_reader import RequestReader


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
    used: Sequence[Figure] = result.used
    if is_largest_first:
        contributions = _add_contributions(result)
        used = tuple(sorted(used, key=lambda each: [-abs(n) for n in contributions[each.id]]))
    listed: list[tuple[Figure, str | None]] = [(figure, None) for figure in used]
    listed += [(each.figure, each.reason) for each in result.excluded]
    shown = listed[offset : offset + limit]
    shares = _find_shares(result, {figure.id for figure, _ in shown})
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
    return FigurePage(result, figures, end if end < len(listed) else None)


def _add_contributions(result: TotalsResult) -> dict[str, list[Fraction]]:
    """Return what each counted figure adds to the lows and to the highs, by its id."""
    sums = {figure.id: [Fraction(0), Fraction(0)] for figure in result.used}
    for share in _iterate_shares(result):
        if share.term.figure.id in sums:
            bound = 0 if share.bound == "low" else 1
            sums[share.term.figure.id][bound] += share.term.multiplier * share.term.people
    return sums


def _find_shares(result: TotalsResult, figure_ids: set[str]) -> dict[str, list[Share]]:
    """Return the shares of the figures by their ids, in the order of the totals."""
    shares: dict[str, list[Share]] = {}
    for share in _iterate_shares(result):
        if share.term.figure.id in figure_ids:
            shares.setdefault(share.term.figure.id, []).append(share)
    return shares


def _iterate_shares(result: TotalsResult) -> Iterator[Share]:
    for each in result.totals:
        for term in each.total.low_terms:
            yield Share(each.outcomes, "low", term)
        for term in each.total.high_terms:
            yield Share(each.outcomes, "high", term)


def find_last_publication(reader: RequestReader, result: TotalsResult) -> str | None:
    """Return the latest date of publication of the counted figures, None if none is known.

    Their reports are known only once the totals are computed, without a transaction.
    """
    report_ids = sorted({figure.report for figure in result.used})
    if not report_ids:
        return None
    with reader.read_transaction() as db:
        return stored_reports.find_last_publication(db, report_ids)
