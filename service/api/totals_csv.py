"""Totals as CSV: rows for the parts, the whole, and the people in no one part."""

from collections.abc import Iterator
from typing import Any, Final

from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal, Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import classify_range, outcomes_text, total_range_text
from service.http.csv_writer import write_csv

PAIR_COLUMNS: Final = ("key2", "name2")
"""The columns of the second dimension of a breakdown."""

COLUMNS: Final = (
    "row",
    "key",
    "name",
    "from",
    "to",
    "outcomes",
    "reported",
    "shape",
    "low",
    "high",
    "placed_low",
    "placed_high",
    "best",
    "text",
    "disputed",
    "exact",
    "figures",
    "reporters",
    "caveats",
)

COMPARISON_COLUMNS: Final = ("then_low", "then_high")
"""The columns of a comparison: both empty if nothing was reported, the second if it was open."""

_SHAPES: Final = {"nobody": "exactly", "between": "range"}
"""The shapes that have another name than the kind of range."""


def to_csv(result: TotalsResult, bom: bool = False) -> str:
    """Return the CSV table: a header, and a row for each part and set of outcomes.

    After the parts come the rows of the whole and, if the parts are disjoint, of the people in no
    one part. An open upper bound is an empty cell. With a comparison, a row ends with the earlier
    bounds; only the JSON answer has the events.
    """
    columns = list(COLUMNS)
    if len(result.query.breakdown) > 1:
        after_name = columns.index("name") + 1
        columns[after_name:after_name] = PAIR_COLUMNS
    if result.compared is not None:
        columns += COMPARISON_COLUMNS
    return write_csv(columns, _iterate_rows(result), bom=bom)


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
    total, placed = outcome_total.total, outcome_total.placed
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
        "outcomes": ",".join(sort_outcomes(outcome_total.outcomes)),
        "reported": total.is_reported,
        "shape": _find_shape(total.low, total.high),
        "low": total.low,
        "high": total.high,
        "placed_low": placed.low,
        "placed_high": placed.high,
        "best": outcome_total.best,
        "text": outcome_total.text,
        "disputed": total.is_disputed,
        "exact": total.exact,
        "figures": len(outcome_total.figures),
        "reporters": len(outcome_total.figures.count_by_reporter()),
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
        "shape": _find_shape(low, None),
        "low": low,
        "text": text,
        "disputed": total.is_disputed,
        "exact": total.exact,
    }


def _find_shape(low: int | None, high: int | None) -> str:
    """Return how a chart draws the range; ``low`` None means that nothing was reported."""
    if low is None:
        return "not_reported"
    kind = classify_range(low, high)
    return _SHAPES.get(kind, kind)
