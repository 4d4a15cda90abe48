"""One chart alone, in a frame or as a file; and the assets."""

from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, send_from_directory

from service.domain.errors import NotFoundError
from service.http.auth import requires
from service.http.context import request_time
from service.web import messages
from service.web.query.page_query import parse_page_query
from service.web.responses import assets
from service.web.viewmodels.place_page import PlacePage
from service.web.views.blueprint import blueprint


@blueprint.get("/embed")
@requires("read")
def show_embed() -> str:
    """Show one chart with its caveats, for a frame in another page."""
    page_query = parse_page_query(request_time())
    view = PlacePage(page_query)
    return render_template(
        "embed.html", view=view, page_query=page_query, selected_chart=_select_chart(view)
    )


@blueprint.get("/chart.svg")
@requires("read")
def send_chart() -> Response:
    """Return one chart as an SVG file that contains its caveats."""
    page_query = parse_page_query(request_time())
    view = PlacePage(page_query)
    selected_chart = _select_chart(view)
    if not selected_chart.chart:
        raise NotFoundError(messages.plain_text("embed.nothing"))
    caveats = [each.text for each in view.caveats]
    if selected_chart.omission:
        caveats.append(selected_chart.omission)
    scope = " · ".join(view.scope_words)
    layout = selected_chart.chart.layout_document(view.headline, caveats, view.citation, scope)
    svg = render_template(
        "chart.svg", kind=selected_chart.kind, chart=selected_chart.chart, layout=layout
    )
    return Response(svg.strip(), mimetype="image/svg+xml")


@blueprint.get("/assets/<version>/<path:name>")
def send_asset(version: str, name: str) -> Response:
    """Return an asset; below one version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    response.headers["Cache-Control"] = assets.choose_cache_control(version)
    return response


@dataclass(frozen=True, slots=True)
class SelectedChart:
    """The chart of an embedded page or a file; ``chart`` is None if there is nothing to draw.

    ``omission`` states how many parts the chart leaves out; it is empty if there are none.
    """

    kind: str
    title: str
    chart: Any
    omission: str = ""


def _select_chart(view: PlacePage) -> SelectedChart:
    kind = view.page_query.chart or "parts"
    title = messages.plain_text(f"parts.title.{view.page_query.by}")
    if kind == "times":
        unit = view.time_series.unit or "day"
        return SelectedChart(
            kind, messages.plain_text(f"times.title.{unit}"), view.time_series.time_chart
        )
    if kind == "map":
        count = view.breakdown.without_point_count
        omission = messages.plain_text("map.without", count=count) if count else ""
        return SelectedChart(
            kind, messages.plain_text("map.title"), view.breakdown.map_chart, omission
        )
    count = view.breakdown.omitted_count
    omission = messages.plain_text("parts.left_out", count=count) if count else ""
    return SelectedChart(
        kind, title, view.breakdown.range_chart if view.breakdown.bars else None, omission
    )
