"""A page of reports in each of the forms that it can be asked for."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

from flask import Response

from schemas.report_out import ReportOut, ReportsOut
from service.api import geojson, report_rows
from service.domain.report import RecordedReport
from service.http.negotiation import answer_in, dumped

Points = Callable[[Sequence[RecordedReport]], geojson.Points]
"""Finds out where the places of some reports lie."""

FORMS: Final = ("ndjson", "csv", "geojson")
"""The forms besides JSON."""


def paged(
    form: str, shown: Sequence[RecordedReport], following: str | None, points: Points
) -> Response:
    """Return the page in the form, with a link to the one that follows it, if there is one."""
    response = answer_in(form, _written(form, shown, following, points))
    if following is not None:
        response.headers["Link"] = f'<{following}>; rel="next"'
    # The link is part of what is answered: a last page that has become full is another one.
    said = f"{form} {following} ".encode() + response.get_data()
    response.set_etag(sha256(said).hexdigest()[:32])
    return response


def _written(
    form: str, shown: Sequence[RecordedReport], following: str | None, points: Points
) -> str:
    if form == "ndjson":
        lines = ReportOut(many=True).dump(shown)
        return "".join(f"{dumped(line)}\n" for line in lines)
    if form == "csv":
        return report_rows.as_csv(shown)
    if form == "geojson":
        return dumped(geojson.of_reports(shown, points(shown)))
    page: dict[str, Any] = {"reports": shown, "next": following}
    return dumped(ReportsOut().dump(page)) + "\n"
