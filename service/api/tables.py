"""Totals as rows for a spreadsheet: an open high is an empty cell."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from service.domain.answer import Answer, Part
from service.domain.total import Total
from service.domain.vocabulary import in_order

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


def as_csv(answer: Answer) -> str:
    """Return the header and one row for each part and set of outcomes.

    Without a cut the whole is the one part; its key is the asked places. Compared, a row ends with
    the bounds of then; the events between stand in the JSON answer alone.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS if answer.compared is None else (*COLUMNS, *THEN))
    writer.writerows(_rows(answer))
    return text.getvalue()


def _rows(answer: Answer) -> Iterator[list[str]]:
    parts = answer.parts
    if parts is None:
        key = " ".join(answer.question.places)
        parts = [Part(key, answer.name, answer.totals, answer.caveats)]
    for part in parts:
        for stated in part.totals:
            total = stated.total
            codes = [each.code for each in part.caveats if each.outcomes == stated.outcomes]
            yield [
                _cell(part.key),
                _cell(part.name),
                ",".join(in_order(stated.outcomes)),
                _flag(total.reported),
                *_ends(total),
                stated.text,
                _flag(total.disputed),
                _flag(total.exact),
                _cell("; ".join(codes)),
                *(_ends(stated.change.then.total) if stated.change else ()),
            ]


def _ends(total: Total) -> tuple[str, str]:
    low, high = total.low, total.high
    return "" if low is None else str(low), "" if high is None else str(high)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
