"""Totals as rows for a spreadsheet: an open high is an empty cell."""

from collections.abc import Iterator
from typing import Any, Final

from service.domain.totals_result import Part, TotalsResult
from service.domain.vocabulary import sort_outcomes
from service.http.csv_writer import table

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

THEN: Final = ("then_low", "then_high")
"""More columns, of a comparison: both empty where nothing was reported, the second where open."""


def as_csv(answer: TotalsResult) -> str:
    """Return the header and one row for each part and set of outcomes.

    Without a cut the whole is the one part; its key is the asked places. Compared, a row ends with
    the bounds of then; the events between stand in the JSON answer alone.
    """
    columns = COLUMNS if answer.compared is None else (*COLUMNS, *THEN)
    return table(columns, _rows(answer))


def _rows(answer: TotalsResult) -> Iterator[dict[str, Any]]:
    parts = answer.parts
    if parts is None:
        key = " ".join(answer.query.places)
        parts = [Part(key, answer.name, answer.totals, answer.caveats)]
    for part in parts:
        for stated in part.totals:
            total = stated.total
            codes = [each.code for each in part.caveats if each.outcomes == stated.outcomes]
            then = stated.change.then.total if stated.change else None
            yield {
                "key": part.key,
                "name": part.name,
                "outcomes": ",".join(sort_outcomes(stated.outcomes)),
                "reported": total.is_reported,
                "low": total.low,
                "high": total.high,
                "text": stated.text,
                "disputed": total.is_disputed,
                "exact": total.exact,
                "caveats": "; ".join(codes),
                "then_low": then and then.low,
                "then_high": then and then.high,
            }
