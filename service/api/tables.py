"""Totals as rows for a spreadsheet: an open high is an empty cell."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from service.domain.answer import Answer, Part
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


def as_csv(answer: Answer) -> str:
    """Return the header and one row for each part and set of outcomes.

    Without a cut the whole is the one part; its key is the asked places.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
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
                "" if total.low is None else str(total.low),
                "" if total.high is None else str(total.high),
                stated.text,
                _flag(total.disputed),
                _flag(total.exact),
                _cell("; ".join(codes)),
            ]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
