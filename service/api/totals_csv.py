"""Totals as CSV: rows for the parts, the whole, and the people in no one part."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.entities import Place
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal, Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import outcomes_text, total_range_text
from service.http.csv_writer import write_csv
from service.http.table_cells import (
    PLACE_COLUMNS,
    TOTAL_COLUMNS,
    find_shape,
    locate_place,
    make_total_cells,
)

PAIR_COLUMNS: Final = ("key2", "name2")
"""The columns of the second dimension of a breakdown."""

COLUMNS: Final = ("row", "key", "name", "from", "to", *TOTAL_COLUMNS, "caveats")

COMPARISON_COLUMNS: Final = ("then_low", "then_high")
"""The columns of a comparison: both empty if nothing was reported, the second if it was open."""


def to_csv(
    result: TotalsResult,
    bom: bool = False,
    about: Iterable[str] = (),
    places: Mapping[str, Place] | None = None,
) -> str:
    """Return the CSV table: a header, and a row for each part and set of outcomes.

    After the parts come the rows of the whole and, if the parts are disjoint, of the people in no
    one part. An open upper bound is an empty cell. With a comparison, a row ends with the earlier
    bounds; only the JSON answer has the events. With ``places`` the last columns say where the
    place of each row is.
    """
    columns = list(COLUMNS)
    if len(result.query.breakdown) > 1:
        after_name = columns.index("name") + 1
        columns[after_name:after_name] = PAIR_COLUMNS
    if result.compared is not None:
        columns += COMPARISON_COLUMNS
    rows = _iterate_rows(result)
    if places is not None:
        columns += PLACE_COLUMNS
        rows = _add_places(result, rows, places)
    return write_csv(columns, rows, bom=bom, about=about)


def _add_places(
    result: TotalsResult, rows: Iterable[dict[str, Any]], places: Mapping[str, Place]
) -> Iterator[dict[str, Any]]:
    """Yield the rows with where the place of each is: of the part, or of the whole query."""
    query = result.query
    key = "key" if query.by == "place" else "key2"
    for row in rows:
        is_of_place = row["row"] == "part" and "place" in query.breakdown
        place_ids = (row[key],) if is_of_place else query.places
        yield {**row, **locate_place(places, place_ids)}


def _iterate_rows(result: TotalsResult) -> Iterator[dict[str, Any]]:
    for part in result.parts or ():
        for outcome_total in part.totals:
            yield _make_row("part", part, outcome_total)
    key = " ".join(result.query.places)
    whole = Part(key, result.name, result.totals, result.caveats, period=result.query.period)
    for outcome_total in whole.totals:
        yield _make_row("whole", whole, outcome_total)
    for outcome_total, unplaced in zip(result.totals, result.unplaced or (), strict=False):
        yield _make_unplaced_row(whole, outcome_total, unplaced.low)


def _make_row(row: str, part: Part, outcome_total: OutcomeTotal) -> dict[str, Any]:
    codes = [each.code for each in part.caveats if each.outcomes == outcome_total.outcomes]
    compared_total = outcome_total.change.then.total if outcome_total.change else None
    return {
        "row": row,
        "key": part.key,
        "name": part.name,
        "key2": part.key2,
        "name2": part.name2,
        "from": part.period.first,
        "to": part.period.last,
        **make_total_cells(outcome_total),
        "caveats": "; ".join(codes),
        "then_low": compared_total and compared_total.low,
        "then_high": compared_total and compared_total.high,
    }


def _make_unplaced_row(whole: Part, outcome_total: OutcomeTotal, people: int) -> dict[str, Any]:
    """Return the row of the people in no one part; its low is a difference of two lows."""
    total = outcome_total.total
    low = people if total.is_reported else None
    words = outcomes_text(outcome_total.reach.spoken_outcomes or outcome_total.outcomes)
    text = f"{total_range_text(Total(low=low))} {words}, in no one part" if people else ""
    return {
        "row": "unplaced",
        "from": whole.period.first,
        "to": whole.period.last,
        "outcomes": ",".join(sort_outcomes(outcome_total.outcomes)),
        "reported": total.is_reported,
        "shape": find_shape(low, None),
        "low": low,
        "text": text,
        "disputed": total.is_disputed,
        "exact": total.exact,
    }
