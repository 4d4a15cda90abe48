"""What became of the rows of a file that were sent."""

import re
from typing import Any

from service.imports.converted_rows import ConvertedRow, RefusedRow
from service.imports.mapping import Mapping
from service.imports.receivers import ItemOutcome


def find_end(row: ConvertedRow, outcome: ItemOutcome) -> str:
    """Return what became of the row: one of ROW_ENDS, but never "skipped"."""
    if outcome.id is None:
        return "refused"
    if not outcome.is_new:
        return "known"
    # A running total that falls supersedes an earlier row of the same file.
    is_revision = outcome.replaced is not None and "supersedes" not in row.report
    return "revised" if is_revision else "added"


def make_refused_row(mapping: Mapping, row: ConvertedRow, outcome: ItemOutcome) -> RefusedRow:
    """Return the row as one that was refused, with the column at fault."""
    column = _find_named_cell(row, outcome.pointer) or find_column(mapping, outcome.pointer)
    return RefusedRow(row.line, row.cells, column, outcome.reason)


def _find_named_cell(row: ConvertedRow, pointer: str) -> str:
    """Return the column that has the name of the place or group at fault; "" if there is none.

    It may be one around the place that the row is about.
    """
    value: Any = row.report
    found = None
    for name in pointer.strip("/").split("/"):
        try:
            value = value[int(name) if isinstance(value, list) else name]
        except (LookupError, TypeError, ValueError):
            break
        if isinstance(value, dict) and "name" in value:
            found = value["name"]
    return next((column for column, cell in row.cells.items() if found and cell == found), "")


def find_column(mapping: Mapping, pointer: str) -> str:
    """Return the column from which the field of the report was made; "" if there is no one such."""
    name = pointer.strip("/").partition("/")[0]
    if name == "figures":
        match = re.match(r"/figures/[0-9]+/(\w+)", pointer)
        for rule in mapping.figures:
            for number, template in rule.numbers.items():
                if match is not None and match[1] in (number, "wording"):
                    return template.column
        return ""
    if name == "places":
        return mapping.places[-1].name.column
    templates = {
        "ref": mapping.ref,
        "incident": mapping.incident,
        "period": mapping.period.last,
        **mapping.texts,
    }
    found = templates.get(name)
    return "" if found is None else found.column
