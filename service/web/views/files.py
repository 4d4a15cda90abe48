"""One chart alone, in a frame or as a file; tiny pictures of rows; and the assets."""

from dataclasses import dataclass

from flask import Response, render_template, send_from_directory

from service.domain.errors import NotFoundError
from service.http.auth import requires
from service.http.context import request_time
from service.http.costly_work import take_slot
from service.web import messages
from service.web.charts.png import SCALE, draw_png
from service.web.query.page_query import parse_page_query
from service.web.responses import assets
from service.web.viewmodels.chart_file import make_card, make_document_text, select_chart
from service.web.viewmodels.place_page import PlacePage
from service.web.views.blueprint import blueprint


@blueprint.get("/embed")
@requires("read")
def show_embed() -> str:
    """Show one chart with its caveats, for a frame in another page."""
    page_query = parse_page_query(request_time())
    view = PlacePage(page_query)
    return render_template(
        "embed.html", view=view, page_query=page_query, selected_chart=select_chart(view)
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as SVG, its size in pixels, and by how much a PNG is larger."""

    svg: str
    width: int
    height: int
    scale: float


@blueprint.get("/chart.svg")
@requires("read")
def send_chart() -> Response:
    """Return one chart as an SVG file with its sentence, source, caveats, date and address."""
    return Response(_make_picture().svg, mimetype="image/svg+xml")


@blueprint.get("/chart.png")
@requires("read")
def send_chart_as_png() -> Response:
    """Return the same as a PNG file, for programs and link previews that show no SVG."""
    picture = _make_picture()
    take_slot()
    png = draw_png(picture.svg, picture.width, picture.height, picture.scale)
    return Response(png, mimetype="image/png")


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
    return Picture(svg, layout.width, layout.height, 1 if kind == "card" else SCALE)


@blueprint.get("/assets/<version>/<path:name>")
def send_asset(version: str, name: str) -> Response:
    """Return an asset; below one version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    response.headers["Cache-Control"] = assets.choose_cache_control(version)
    return response
