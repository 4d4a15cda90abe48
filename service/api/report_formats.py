"""A page of reports in each of its formats."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Response

from schemas.report_out import ReportOut, ReportsOut
from service.domain.report import RecordedReport
from service.exports import figure_rows, geojson
from service.exports.csv_writer import write_csv
from service.http.negotiation import make_response, to_json_text
from service.http.smorest import compute_etag

FindPoints = Callable[[Sequence[RecordedReport]], geojson.PointsByPlace]
"""Returns the coordinates of the places of some reports."""

_REPORT_SCHEMA: Final = ReportOut()
_PAGE_SCHEMA: Final = ReportsOut()

OTHER_FORMATS: Final = ("ndjson", "csv", "geojson")
"""The formats besides JSON."""


def make_page_response(
    format_name: str,
    reports: Sequence[RecordedReport],
    next_link: str | None,
    find_points: FindPoints,
    bom: bool = False,
) -> Response:
    """Return the page in the format, with a link to the next page if there is one."""
    if format_name == "csv":
        rows = figure_rows.iterate_figure_rows(reports)
        text = write_csv(figure_rows.COLUMNS, rows, bom=bom)
    else:
        text = _render_page(format_name, reports, next_link, find_points)
    return finish_page(format_name, text, next_link)


def finish_page(format_name: str, text: str, next_link: str | None) -> Response:
    """Return the page with its text, with the link to the next page if there is one."""
    response = make_response(format_name, text)
    if next_link is not None:
        response.headers["Link"] = f'<{next_link}>; rel="next"'
    # The ETag covers the link: a last page that has become full has a new one.
    tagged_bytes = f"{format_name} {next_link} ".encode() + response.get_data()
    response.set_etag(compute_etag(tagged_bytes))
    return response


def _render_page(
    format_name: str,
    reports: Sequence[RecordedReport],
    next_link: str | None,
    find_points: FindPoints,
) -> str:
    if format_name == "ndjson":
        lines = _REPORT_SCHEMA.dump(reports, many=True)
        return "".join(f"{to_json_text(line)}\n" for line in lines)
    if format_name == "geojson":
        return to_json_text(geojson.make_report_collection(reports, find_points(reports)))
    content: dict[str, Any] = {"reports": reports, "next": next_link}
    return to_json_text(_PAGE_SCHEMA.dump(content)) + "\n"
