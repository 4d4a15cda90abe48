"""The routes of totals, in JSON, CSV and GeoJSON."""

from dataclasses import replace
from typing import Any, Final

from flask import Response, request

from schemas.totals import PlaceTotalsParameters, TotalsOut, TotalsParameters, dump_totals
from service.api import geojson
from service.api.totals_csv import to_csv
from service.domain.errors import invalid_field
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.measured_totals import compute_measured_totals
from service.http.negotiation import choose_format, document_formats, make_response, to_json_text
from service.http.smorest import Blueprint, compute_etag
from service.usecases import entities
from service.usecases.comparison import resolve_compare
from service.version import __version__

blueprint = Blueprint(
    "totals", __name__, url_prefix="/v1", description="Totals with their caveats and proofs."
)

OTHER_FORMATS: Final = ("csv", "geojson")
"""The formats besides JSON; GeoJSON requires a breakdown by place."""


@blueprint.route("/totals")
@requires("read")
@blueprint.arguments(TotalsParameters, location="query")
@blueprint.response(200, TotalsOut, description="The totals.")
@blueprint.doc(responses=document_formats(*OTHER_FORMATS))
def get_totals(arguments: tuple[TotalsQuery, str | None]) -> Any:
    """Get the fewest and the most people for which all counted figures can be true.

    One total for each requested set of outcomes; by default for each outcome, every joint set of
    the counted figures in the scope, and all four outcomes. Unknown ids are a 422.
    """
    return _answer_query(*arguments)


@blueprint.route("/places/<id>/totals")
@requires("read")
@blueprint.arguments(PlaceTotalsParameters, location="query")
@blueprint.response(200, TotalsOut, description="The totals.")
@blueprint.doc(responses=document_formats(*OTHER_FORMATS))
def get_totals_of_place(arguments: tuple[TotalsQuery, str | None], id: str) -> Any:  # noqa: A002
    """Get the totals of one place and everything below it."""
    entities.get_entity(get_reader(), "place", id)
    query, requested_format = arguments
    return _answer_query(replace(query, places=(id,)), requested_format)


def _answer_query(query: TotalsQuery, requested_format: str | None) -> Response:
    """Return the answer, or 304 without computing it if the client has it already."""
    reader = get_reader()
    format_name = choose_format(requested_format, *OTHER_FORMATS)
    if format_name == "geojson" and query.by != "place":
        raise invalid_field("by", "GeoJSON requires by=place: it has one feature for each place.")
    seq = reader.resolve_as_of(query.as_of, request_time())
    compared_seq = resolve_compare(reader, query, seq, request_time())
    etag = _compute_totals_etag(seq, compared_seq, reader.load_last_redaction_seq(), format_name)
    held_etags = request.if_none_match
    if not held_etags.star_tag and held_etags.contains_weak(etag):
        response = Response(status=304)
        response.set_etag(etag)
        return response
    result = compute_measured_totals(query, seq, start_time_budget(), compared_seq)
    response = make_response(format_name, _render_totals(result, format_name))
    if result.exact:  # A total that ran out of time may be narrower in the next answer.
        response.set_etag(etag)
    return response


def _compute_totals_etag(
    seq: int, compared_seq: int | None, last_redaction_seq: int, format_name: str
) -> str:
    """Return the ETag: a hash of the version, the state of the record, the format and the query."""
    request_target = request.path.encode() + b"?" + request.query_string
    state = f"{__version__} {seq} {compared_seq} {last_redaction_seq} {format_name} "
    return compute_etag(state.encode() + request_target)


def _render_totals(result: TotalsResult, format_name: str) -> str:
    if format_name == "csv":
        return to_csv(result)
    content = dump_totals(result)
    if format_name == "geojson":
        places = [part["key"] for part in content["parts"]]
        snapshot = get_reader().load_snapshot(result.seq)
        content = geojson.make_part_features(content, snapshot.find_points(places))
    return to_json_text(content) + "\n"
