"""Totals as flat rows: for the parts, the whole, and the people in no one part."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.entities import Place
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal, Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import outcomes_text, total_range_text
from service.exports.fields import Field
from service.exports.table_cells import (
    PLACE_FIELDS,
    TOTAL_FIELDS,
    find_shape,
    locate_place,
    make_total_cells,
)

PAIR_FIELDS: Final = (
    Field("key2", "the id of the part in the second dimension of `by`"),
    Field("name2", "its name"),
)
"""The columns of the second dimension of a breakdown."""

FIELDS: Final = (
    Field("row", "`part`, `whole` or `unplaced`"),
    Field("key", "the id of the part; in a row of the whole the places of the query"),
    Field("name", "its name; `everywhere` if the query has no place"),
    Field("from", "first day of the part; empty if unbounded", "date"),
    Field("to", "last day of the part; empty if unbounded", "date"),
    *TOTAL_FIELDS,
    Field("caveats", "the codes of its caveats, separated by `; `"),
)

COMPARISON_FIELDS: Final = (
    Field("then_low", "the fewest people then; empty if nothing was reported", "integer"),
    Field("then_high", "the most people then; empty if open or nothing was reported", "integer"),
)
"""The columns of a comparison: the bounds in the earlier state."""


def list_fields(result: TotalsResult, *, has_places: bool) -> tuple[Field, ...]:
    """Return the columns of the result, with where the place of each row is if ``has_places``."""
    fields = list(FIELDS)
    if len(result.query.breakdown) > 1:
        after_name = 1 + [field.name for field in fields].index("name")
        fields[after_name:after_name] = PAIR_FIELDS
    if result.compared is not None:
        fields += COMPARISON_FIELDS
    if has_places:
        fields += PLACE_FIELDS
    return tuple(fields)


def iterate_rows(
    result: TotalsResult, places: Mapping[str, Place] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a row for each part and set of outcomes.

    After the parts come the rows of the whole and, if the parts are disjoint, of the people in no
    one part. An open upper bound is None. With a comparison, a row ends with the earlier bounds;
    only the JSON answer has the events. With ``places`` the last cells say where the place of each
    row is.
    """
    rows = _iterate_rows(result)
    return rows if places is None else _add_places(result, rows, places)


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
