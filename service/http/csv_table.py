"""A table that a page offers as CSV, with what it is about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

from schemas.csv_form import CsvForm
from service.columns.record_state import RecordState
from service.exports.csv_writer import describe_state, write_csv
from service.http.links import make_absolute
from service.http.negotiation import make_response


@dataclass(frozen=True, slots=True)
class CsvTable:
    """One page of a table: its rows by columns, and what it is about.

    ``texts`` are the question in words and what to know of the numbers, ``address`` that of the
    page with the same content, and ``next_address`` that of the next page of the table, None if
    there is none. Both addresses are relative to the index.
    """

    name: str
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]
    texts: Sequence[str]
    state: RecordState
    address: str
    next_address: str | None = None

    @property
    def about(self) -> list[str]:
        """The lines before the header."""
        moment = describe_state(self.state.seq, self.state.recorded_at)
        lines = [*self.texts, moment, make_absolute(self.address)]
        if self.next_address is not None:
            lines.append(f"More rows: {make_absolute(self.next_address)}")
        return lines


def send_table(table: CsvTable, form: CsvForm) -> Response:
    """Return the table as a file, with a link to its next page if there is one."""
    about = table.about if form.about else ()
    text = write_csv(table.columns, table.rows, bom=form.bom, about=about)
    response = make_response("csv", text)
    response.headers.set("Content-Disposition", "attachment", filename=f"{table.name}.csv")
    if table.next_address is not None:
        response.headers["Link"] = f'<{make_absolute(table.next_address)}>; rel="next"'
    return response
