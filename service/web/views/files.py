"""Charts as files, everything as an archive, and the assets."""

from dataclasses import dataclass

from flask import Response, render_template, request, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.base import Parameters
from schemas.csv_form import CsvForm
from service.domain.errors import NotFoundError
from service.domain.list_queries import ReportListQuery
from service.exports.archive import ARCHIVE_FILE
from service.http.auth import requires
from service.http.context import request_time
from service.http.costly_work import take_slot
from service.http.export_response import send_export
from service.http.kept_answers import allow_keeping
from service.http.request_parsing import make_invalid_input_error, parse_parameters
from service.http.smorest import compute_etag
from service.web import messages
from service.web.charts.png import SCALE, draw_png
from service.web.query.compare_query import parse_compare_query
from service.web.query.page_query import parse_page_query, read_parameters
from service.web.responses import assets
from service.web.viewmodels.chart_file import make_card, make_document_text, select_chart
from service.web.viewmodels.comparison import Comparison
from service.web.viewmodels.comparison_file import layout_comparison
from service.web.viewmodels.place_page import PlacePage
from service.web.views.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as SVG, its size in pixels, and by how much a PNG is larger.

    It ``is_lasting`` if it is the same for every later request of this state of the record.
    """

    svg: str
    width: int
    height: int
    scale: float
    is_lasting: bool


@blueprint.get("/chart.svg")
@requires("read")
def send_chart() -> Response:
    """Return one chart as an SVG file with its sentence, source, caveats, date and address."""
    return Response(_make_picture().svg, mimetype="image/svg+xml")


@blueprint.get("/chart.png")
@requires("read")
def send_chart_as_png() -> WerkzeugResponse:
    """Return the same as a PNG file, for programs and link previews that show no SVG."""
    return _send_png(_make_picture())


def _send_png(picture: Picture) -> WerkzeugResponse:
    """Return the picture as PNG; the bytes are kept until the record changes."""
    take_slot()
    png = draw_png(picture.svg, picture.width, picture.height, picture.scale)
    response = Response(png, mimetype="image/png")
    if picture.is_lasting:
        response.set_etag(compute_etag(png))
        allow_keeping()
    return response.make_conditional(request)


def _make_picture() -> Picture:
    """Return the chart of the query; raises NotFoundError if it has nothing to draw."""
    view = PlacePage(parse_page_query(request_time()))
    if view.page_query.chart == "card":
        kind, chart, layout = "card", None, make_card(view)
    else:
        selected = select_chart(view, is_file=True)
        if not selected.chart:
            raise NotFoundError(messages.plain_text("embed.nothing"))
        kind, chart = selected.kind, selected.chart
        text = make_document_text(view, selected.title, selected.omission)
        layout = chart.layout_document(text)
    svg = render_template("chart.svg", kind=kind, chart=chart, layout=layout).strip()
    scale = 1 if kind == "card" else SCALE
    return Picture(svg, layout.width, layout.height, scale, view.is_lasting)


@blueprint.get("/compare.svg")
@requires("read")
def send_comparison() -> Response:
    """Return the bars of both sides of a comparison as an SVG file."""
    return Response(_make_comparison_picture().svg, mimetype="image/svg+xml")


@blueprint.get("/compare.png")
@requires("read")
def send_comparison_as_png() -> WerkzeugResponse:
    """Return the same as a PNG file."""
    return _send_png(_make_comparison_picture())


def _make_comparison_picture() -> Picture:
    parameters, errors = read_parameters()
    if errors:
        raise make_invalid_input_error(errors)
    view = Comparison(parse_compare_query(request_time(), parameters))
    chart, layout = layout_comparison(view)
    svg = render_template("chart.svg", kind="parts", chart=chart, layout=layout).strip()
    return Picture(svg, layout.width, layout.height, SCALE, view.is_lasting)


@blueprint.get("/download")
@requires("read")
def send_everything() -> Response:
    """Return the whole record as an archive of tables."""
    parse_parameters(Parameters())
    return send_export(ARCHIVE_FILE, ReportListQuery(), CsvForm())


@blueprint.get("/assets/<version>/<path:name>")
def send_asset(version: str, name: str) -> Response:
    """Return an asset; below one version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    response.headers["Cache-Control"] = assets.choose_cache_control(version)
    return response
