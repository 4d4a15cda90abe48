"""The totals that are part of an export of everything: those of the outermost places by month."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from service.columns.record_state import RecordState
from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.exports import total_rows
from service.exports.fields import ExportTable, Field, Row
from service.exports.question_texts import EMPTY_HIGH, ask_totals
from service.exports.record_stamp import RecordStamp
from service.usecases.request_reader import RequestReader
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals

TOTALS: Final = "totals"

NO_TOTALS: Final = "The totals took longer than an export may; ask for them one by one"

_BREAKDOWNS: Final = (("place", "month"), ("place", "year"), ("place", None), (None, None))
"""The breakdowns, from the finest; a record may be too large for the first ones."""

CAVEAT_FIELDS: Final = (
    Field("key", "the id of the part; empty for the whole"),
    Field("key2", "the id of the part in the second dimension; empty without one"),
    Field("name", "the name of the part"),
    Field("outcomes", "the set of outcomes that it is about; empty if it is about all"),
    Field("code", "the code of the caveat"),
    Field("text", "the caveat in English"),
)


def make_totals_tables(
    reader: RequestReader, result: TotalsResult, stamp: RecordStamp
) -> list[ExportTable]:
    """Return the table of the totals, with where the place of each row is, and their caveats.

    ``stamp`` is of the state that the result is of; the table says how to cite it.
    """
    caveats = ExportTable(
        "caveats", "What to know of these totals", CAVEAT_FIELDS, _iterate_caveats(result)
    )
    totals = _make_totals_table(reader, result)
    return [replace(totals, about=(EMPTY_HIGH, stamp.state_text, stamp.citation)), caveats]


def _iterate_caveats(result: TotalsResult) -> Iterator[Row]:
    whole = Part("", result.name, (), result.caveats)
    for part in (whole, *(result.parts or ())):
        for caveat in part.caveats:
            outcomes = ",".join(sort_outcomes(caveat.outcomes)) if caveat.outcomes else None
            yield {
                "key": part.key or None,
                "key2": part.key2,
                "name": part.name if part.name2 is None else f"{part.name}, {part.name2}",
                "outcomes": outcomes,
                "code": caveat.code,
                "text": caveat.text,
            }


def _make_totals_table(reader: RequestReader, result: TotalsResult) -> ExportTable:
    state = reader.load_snapshot(result.seq).state
    return ExportTable(
        TOTALS,
        ask_totals(state, result),
        total_rows.list_fields(result, has_places=True),
        total_rows.iterate_rows(result, state.places),
    )


def compute_overall_totals(
    reader: RequestReader, seq: int, start_budget: Callable[[], TimeBudget]
) -> ExportTable:
    """Return the totals of the outermost places by month, or by what has few enough parts.

    One place that contains everything is divided into those right below it. The rows are in memory.
    Each breakdown that is tried has a budget of its own. A total that was not solved within it is
    wider, never wrong.
    """
    places = _find_outermost(reader.load_snapshot(seq).state)
    for by, by2 in _BREAKDOWNS:
        query = TotalsQuery(places=places, by=by, by2=by2)
        try:
            result = compute_totals(reader, query, seq, start_budget())
        except (InvalidInputError, TimeBudgetExceededError):  # Too many parts, or too costly.
            continue
        table = _make_totals_table(reader, result)
        return replace(table, rows=list(table.rows))
    return ExportTable(TOTALS, NO_TOTALS, total_rows.FIELDS, ())


def _find_outermost(state: RecordState) -> tuple[str, ...]:
    """Return the one place that contains all others, the innermost such; none if there is none."""
    found: tuple[str, ...] = ()
    while True:
        parent = found[0] if found else None
        below = [each.id for each in state.places.values() if each.parent == parent]
        if len(below) != 1:
            return found
        found = (below[0],)
