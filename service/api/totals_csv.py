"""Totals as CSV; an open upper bound is an empty cell."""

from collections.abc import Iterator
from typing import Any, Final

from service.domain.totals_result import Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.http.csv_writer import write_csv

COLUMNS: Final = (
    "key",
    "name",
    "outcomes",
    "reported",
    "low",
    "high",
    "text",
    "disputed",
    "exact",
    "caveats",
)

COMPARISON_COLUMNS: Final = ("then_low", "then_high")
"""The columns of a comparison: both empty if nothing was reported, the second if it was open."""


def to_csv(result: TotalsResult) -> str:
    """Return the CSV table: a header, and one row for each part and set of outcomes.

    Without a breakdown the whole is the only part; its key is the places of the query. With a
    comparison, a row ends with the earlier bounds; only the JSON answer has the events.
    """
    columns = COLUMNS if result.compared is None else (*COLUMNS, *COMPARISON_COLUMNS)
    return write_csv(columns, _iterate_rows(result))


def _iterate_rows(result: TotalsResult) -> Iterator[dict[str, Any]]:
    parts = result.parts
    if parts is None:
        key = " ".join(result.query.places)
        parts = [Part(key, result.name, result.totals, result.caveats)]
    for part in parts:
        for outcome_total in part.totals:
            total = outcome_total.total
            caveat_codes = [
                caveat.code for caveat in part.caveats if caveat.outcomes == outcome_total.outcomes
            ]
            compared_total = outcome_total.change.then.total if outcome_total.change else None
            yield {
                "key": part.key,
                "name": part.name,
                "outcomes": ",".join(sort_outcomes(outcome_total.outcomes)),
                "reported": total.is_reported,
                "low": total.low,
                "high": total.high,
                "text": outcome_total.text,
                "disputed": total.is_disputed,
                "exact": total.exact,
                "caveats": "; ".join(caveat_codes),
                "then_low": compared_total and compared_total.low,
                "then_high": compared_total and compared_total.high,
            }
