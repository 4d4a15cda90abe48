"""Totals as rows for a spreadsheet: an open high is an empty cell."""

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
"""More columns, of a comparison: both empty where nothing was reported, the second where open."""


def to_csv(result: TotalsResult) -> str:
    """Return the header and one row for each part and set of outcomes.

    Without a cut the whole is the one part; its key is the asked places. Compared, a row ends with
    the bounds of then; the events between stand in the JSON answer alone.
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
