"""The route of exports: the whole record, or what a filter selects, as one file."""

from typing import Final

from flask import Response

from schemas.csv_form import CsvForm
from schemas.exports import ExportParameters
from service.domain.list_queries import ReportListQuery
from service.http.auth import requires
from service.http.export_response import EXPORT_FILES, send_export
from service.http.negotiation import document_formats
from service.http.smorest import Blueprint

blueprint = Blueprint(
    "exports", __name__, url_prefix="/v1", description="The whole record as files."
)

_FORMATS: Final = tuple(dict.fromkeys(each.rpartition(".")[2] for each in EXPORT_FILES))


@blueprint.route(
    "/exports/<file>",
    parameters=[
        {
            "name": "file",
            "in": "path",
            "required": True,
            "description": "The name of the file. `figures` has the endings `.csv`, `.ndjson`, "
            "`.geojson`, `.xlsx` and `.parquet`, and so has `places`; `groups` and `reporters` "
            "have all but `.geojson`. The others are `reports.ndjson`, `casualties.zip`, "
            "`casualties.db` and `datapackage.json`.",
            "schema": {"type": "string"},
        }
    ],
)
@requires("read")
@blueprint.arguments(ExportParameters, location="query")
@blueprint.response(200, description="The file.")
@blueprint.doc(responses=document_formats(*_FORMATS))
def export_file(arguments: tuple[ReportListQuery, CsvForm], file: str) -> Response:
    """Get everything as one file.

    A table of figures, places, groups or reporters, the reports, a database, or an archive of all
    of them. Filters select reports: they are for the files of figures and reports. Withdrawn and
    replaced reports are left out, unless `state` is sent.
    """
    return send_export(file, *arguments)
