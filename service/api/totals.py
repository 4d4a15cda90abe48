"""The routes of totals, in all their formats."""

from dataclasses import replace
from io import BytesIO
from typing import Any, Final

from flask import Response, request

from schemas.csv_form import CsvForm
from schemas.totals import (
    PlaceTotalsParameters,
    TotalsOut,
    TotalsParameters,
    TotalsRequest,
    dump_totals,
)
from schemas.totals_figures import FiguresRequest, QueryFiguresOut, TotalsFiguresParameters
from service.api.csv_about import write_about
from service.domain.errors import invalid_field
from service.domain.totals_result import TotalsResult
from service.exports import geojson, total_rows
from service.exports.csv_writer import write_csv
from service.exports.export_files import BINARY_FORMATS, write_tables
from service.exports.question_texts import EMPTY_HIGH, ask_totals
from service.exports.record_stamp import RecordStamp
from service.exports.text_formats import iterate_ndjson
from service.exports.total_tables import make_totals_tables
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.kept_answers import allow_keeping
from service.http.links import link_to, make_absolute
from service.http.measured_totals import compute_measured_totals
from service.http.negotiation import (
    LINK_HEADER,
    check_csv_form,
    choose_format,
    document_formats,
    make_response,
    to_json_text,
)
from service.http.pagination import link_after
from service.http.preconditions import holds_if_match
from service.http.request_parsing import list_parameters
from service.http.smorest import Blueprint, compute_etag
from service.usecases import entities, query_figures
from service.usecases.comparison import resolve_compare
from service.version import __version__

blueprint = Blueprint(
    "totals", __name__, url_prefix="/v1", description="Totals with their caveats and proofs."
)

OTHER_FORMATS: Final = ("csv", "geojson", "ndjson", "xlsx", "parquet")
"""The formats besides JSON; GeoJSON requires a breakdown by place."""

NEGOTIATED_FORMATS: Final = ("csv", "geojson", "xlsx", "parquet")
"""Those of them that `Accept` can choose. Before there was NDJSON, the answer to it was JSON."""


@blueprint.route("/totals")
@requires("read")
@blueprint.arguments(TotalsParameters, location="query")
@blueprint.response(200, TotalsOut, description="The totals.")
@blueprint.doc(responses=document_formats(*OTHER_FORMATS))
def get_totals(arguments: TotalsRequest) -> Any:
    """Get the fewest and the most people for which all counted figures can be true.

    One total for each requested set of outcomes; by default for each outcome, every joint set of
    the counted figures in the scope, and all four outcomes. Unknown ids are a 422.
    """
    return _answer_query(arguments)


@blueprint.route("/places/<id>/totals")
@requires("read")
@blueprint.arguments(PlaceTotalsParameters, location="query")
@blueprint.response(200, TotalsOut, description="The totals.")
@blueprint.doc(responses=document_formats(*OTHER_FORMATS))
def get_totals_of_place(arguments: TotalsRequest, id: str) -> Any:  # noqa: A002
    """Get the totals of one place and everything below it.

    The answer is that of `/v1/totals` with the parameter `place`. Unlike there, an unknown id of
    the place is a 404.
    """
    entities.get_entity(get_reader(), "place", id)
    query = replace(arguments.query, places=(id,))
    return _answer_query(arguments._replace(query=query), id)


@blueprint.route("/totals/figures")
@requires("read")
@blueprint.arguments(TotalsFiguresParameters, location="query")
@blueprint.response(200, QueryFiguresOut, description="A page of figures.")
@blueprint.doc(responses={200: {"headers": LINK_HEADER}})
def list_figures_of_totals(arguments: FiguresRequest) -> Any:
    """List the figures of a query for totals, counted or not, page by page.

    It takes the parameters of `/v1/totals`. Each figure has its words, its reporter, its scope, its
    state, and its share in the proof of each total.
    """
    reader = get_reader()
    query = query_figures.simplify_query(arguments.query)
    as_of = query.as_of if arguments.seq is None else arguments.seq
    name = "as_of" if arguments.seq is None else "after"
    seq = reader.resolve_as_of(as_of, request_time(), name)
    result = compute_measured_totals(query, seq, start_time_budget())
    if result.is_final:
        allow_keeping()
    page = query_figures.make_figure_page(reader, result, arguments.offset, arguments.limit)
    content = _FIGURES_SCHEMA.to_json(page)
    headers = {}
    if page.next_offset is not None:
        content["next"] = link_after("figures", f"{seq}-{page.next_offset}", as_of=str(seq))
        headers["Link"] = f'<{content["next"]}>; rel="next"'
    response = make_response("json", to_json_text(content) + "\n")
    response.headers.update(headers)
    return response


_FIGURES_SCHEMA: Final = QueryFiguresOut()


def _answer_query(arguments: TotalsRequest, place_id: str | None = None) -> Response:
    """Return the answer, or 304 without computing it if the client has it already.

    ``place_id`` is the place in the path of the request, if there is one.
    """
    reader, query = get_reader(), arguments.query
    format_name = choose_format(arguments.format, *NEGOTIATED_FORMATS)
    if format_name == "geojson" and "place" not in query.breakdown:
        raise invalid_field("by", "GeoJSON requires by=place: it has one feature for each place.")
    check_csv_form(arguments.csv, format_name)
    seq = reader.resolve_as_of(query.as_of, request_time())
    compared_seq = resolve_compare(reader, query, seq, request_time())
    # A CSV that says what it is about names its address.
    base = make_absolute("") if arguments.csv.about else ""
    redaction_seq = reader.load_last_redaction_seq()
    etag = _compute_totals_etag(seq, compared_seq, redaction_seq, format_name, base)
    held_etags = request.if_none_match
    has_it = not held_etags.star_tag and held_etags.contains_weak(etag)
    if has_it and holds_if_match(etag):
        response = Response(status=304)
        response.set_etag(etag)
        allow_keeping()
        return response
    result = compute_measured_totals(query, seq, start_time_budget(), compared_seq)
    if format_name == "csv":
        content: str | bytes = _to_csv(result, arguments.csv)
    elif format_name in ("ndjson", *BINARY_FORMATS):
        content = _to_tables(result, format_name)
    else:
        content = _to_json(result, place_id, format_name)
    response = make_response(format_name, content)
    if result.is_final:  # A total that ran out of time may be narrower in the next answer.
        response.set_etag(etag)
        allow_keeping()
    return response


def _compute_totals_etag(
    seq: int, compared_seq: int | None, last_redaction_seq: int, format_name: str, base: str
) -> str:
    """Return the ETag: a hash of the version, the state of the record, the format and the query."""
    request_target = request.path.encode() + b"?" + request.query_string
    state = f"{__version__} {seq} {compared_seq} {last_redaction_seq} {format_name} "
    state += base
    return compute_etag(state.encode() + request_target)


def _to_csv(result: TotalsResult, form: CsvForm) -> str:
    columns = [field.name for field in total_rows.list_fields(result, has_places=form.about)]
    if not form.about:
        return write_csv(columns, total_rows.iterate_rows(result), bom=form.bom)
    state = get_reader().load_snapshot(result.seq).state
    about = write_about(state, ask_totals(state, result), EMPTY_HIGH)
    rows = total_rows.iterate_rows(result, state.places)
    return write_csv(columns, rows, bom=form.bom, about=about)


def _to_tables(result: TotalsResult, format_name: str) -> str | bytes:
    """Return the rows of the CSV with where the places are, and in a spreadsheet the caveats."""
    stamp = RecordStamp(result.seq, result.recorded_at, request_time(), make_absolute(""))
    tables = make_totals_tables(get_reader(), result, stamp)
    if format_name == "ndjson":
        return "".join(iterate_ndjson(tables[0].rows))
    file = BytesIO()
    write_tables(format_name, tables, file)
    return file.getvalue()


def _to_json(result: TotalsResult, place_id: str | None, format_name: str) -> str:
    """Return the answer as JSON or GeoJSON."""
    reader = get_reader()
    published = query_figures.find_last_publication(reader, result)
    result = replace(result, coverage=replace(result.coverage, published=published))
    content = dump_totals(result, _link_to_figures(result.seq, place_id))
    if format_name == "geojson":
        snapshot = reader.load_snapshot(result.seq)
        name = "key" if result.query.by == "place" else "key2"
        points = snapshot.find_points({part[name] for part in content["parts"]})
        content = geojson.make_part_features(content, points, name)
    return to_json_text(content) + "\n"


_PARAMETERS_OF_FORM: Final = (
    "by",
    "facet",
    "by_reporter",
    "explain",
    "compare",
    "format",
    "bom",
    "about",
)
"""The parameters that decide how an answer is divided and written, not which figures it is of."""


def _link_to_figures(seq: int, place_id: str | None) -> str:
    """Return the link to the figures of this query, in the state that was answered from."""
    parameters = [
        (name, value)
        for name, value in list_parameters(request)
        if name not in ("as_of", *_PARAMETERS_OF_FORM)
    ]
    if place_id is not None:
        parameters.append(("place", place_id))
    path = "totals/figures" if place_id is None else "../../totals/figures"
    return link_to(path, [*parameters, ("as_of", str(seq))])
