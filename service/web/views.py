"""The pages and their routes, all at one level, so that they work below any path of a proxy."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
    stream_template,
)
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import ErrorDetail, InvalidInputError, NotFoundError
from service.domain.vocabulary import OUTCOMES, STANCES
from service.domain.wording.range_text import chart_range_text, format_count
from service.http.auth import requires
from service.http.consistency import get_reader
from service.http.context import request_time
from service.web import labels, messages
from service.web.charts.paints import inline_styles
from service.web.query.page_query import (
    PageQuery,
    parse_page_query,
    read_parameter,
    read_parameters,
)
from service.web.query.place_search import find_places
from service.web.query.reporters import list_reporters
from service.web.responses import assets, error_pages, headers, streaming
from service.web.responses.streaming import FLUSH_MARKER
from service.web.viewmodels import report_form, report_page
from service.web.viewmodels.base import NamedLink
from service.web.viewmodels.dashboard import Dashboard
from service.web.viewmodels.figure_list import FigureList
from service.web.viewmodels.proof import Proof

blueprint = Blueprint("web", __name__, template_folder="templates")
blueprint.after_request(headers.finish_response)
blueprint.add_app_template_filter(inline_styles)
error_pages.register(blueprint)


@blueprint.app_context_processor
def _make_template_context() -> dict[str, Any]:
    """Return the functions that every template has: messages, labels and addresses of assets.

    All pages are at one level. Only an error page may answer a deeper path, so its links need the
    prefix ``root_prefix``.
    """
    root_prefix = "../" * (request.path.count("/") - 1)
    make_address = assets.make_address
    return {
        "t": messages.markup,
        "chart_range_text": chart_range_text,
        "format_count": format_count,
        "format_period": labels.format_period,
        "join_group_names": labels.join_group_names,
        "join_place_names": labels.join_place_names,
        "asset_address": lambda name: root_prefix + make_address(name),
        "root_prefix": root_prefix,
    }


@blueprint.get("/")
@requires("read")
def show_dashboard() -> WerkzeugResponse:
    """Show the dashboard.

    If a parameter is invalid, the page shows the errors beside the fields of the form and no
    number, since the total of another query could be mistaken for the answer.
    """
    parameters, errors = read_parameters()
    field_errors = _group_by_field(errors)
    while True:
        try:
            return _render_dashboard(parse_page_query(request_time(), parameters), field_errors)
        except InvalidInputError as error:
            new_errors = _group_by_field(error.errors)
            if new_errors.keys().isdisjoint(parameters):
                raise
            field_errors |= new_errors
            parameters = {
                name: value for name, value in parameters.items() if name not in new_errors
            }


@blueprint.get("/proof")
@requires("read")
def show_proof() -> str:
    """Show the figures that prove a total, and those that are not counted."""
    page_query = parse_page_query(request_time())
    return render_template("proof.html", view=Proof(page_query), page_query=page_query)


@blueprint.get("/figures")
@requires("read")
def show_figures() -> str:
    """Show all figures of a total, page by page, those that contribute most first."""
    page_query = parse_page_query(request_time())
    return render_template("figures.html", view=FigureList(page_query), page_query=page_query)


@blueprint.get("/report")
@requires("read")
def show_report() -> str:
    """Show a report with its history."""
    report_id = read_parameter("id")
    if not report_id:
        raise NotFoundError(messages.plain_text("report.none"))
    return render_template("report.html", report_page=report_page.make_report_page(report_id))


@blueprint.get("/places")
@requires("read")
def show_places() -> str:
    """Show one level of the tree of places."""
    return render_template("places.html", **report_page.make_places_page(read_parameter("place")))


@blueprint.get("/enter")
def show_report_form() -> str:
    """Show an empty report form. Input stays in the browser until it is sent."""
    script_messages = report_form.select_script_messages()
    return render_template(
        "report_form.html", outcomes=OUTCOMES, stances=STANCES, script_messages=script_messages
    )


@blueprint.get("/find")
@requires("read")
def suggest_places() -> Response:
    """Return the places whose names contain the words, for the combobox."""
    words = read_parameter("words")
    page_query = parse_page_query(request_time(), {"find": words} if words else {})
    matches = [
        {"id": each.key, "shown": f"{each.name} ({each.about})" if each.about else each.name}
        for each in _find_matches(page_query)
    ]
    return jsonify({"places": matches})


@blueprint.get("/embed")
@requires("read")
def show_embed() -> str:
    """Show one chart with its caveats, for a frame in another page."""
    page_query = parse_page_query(request_time())
    view = Dashboard(page_query)
    return render_template(
        "embed.html", view=view, page_query=page_query, selected_chart=_select_chart(view)
    )


@blueprint.get("/chart.svg")
@requires("read")
def send_chart() -> Response:
    """Return one chart as an SVG file that contains its caveats."""
    page_query = parse_page_query(request_time())
    view = Dashboard(page_query)
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


def _select_chart(view: Dashboard) -> SelectedChart:
    kind = view.page_query.chart or "parts"
    title = messages.plain_text(f"parts.title.{view.page_query.by}", where=view.place_names)
    if kind == "times":
        scale = view.time_series.scale or "day"
        return SelectedChart(
            kind, messages.plain_text(f"times.title.{scale}"), view.time_series.time_chart
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


def _group_by_field(errors: Iterable[ErrorDetail]) -> dict[str, str]:
    """Return the details of the errors by the name of the parameter."""
    details: dict[str, str] = {}
    for each in errors:
        previous = details.get(each.pointer)
        details[each.pointer] = f"{previous} {each.detail}" if previous else each.detail
    return details


def _render_dashboard(page_query: PageQuery, field_errors: dict[str, str]) -> WerkzeugResponse:
    """Return the page, or a redirect to the place if exactly one matches the words of a search."""
    matches = _find_matches(page_query)
    if len(matches) == 1 and not field_errors and not page_query.parameters.get("place"):
        return redirect(matches[0].href, HTTPStatus.SEE_OTHER)
    view = Dashboard(page_query)
    selected_reporters = (*view.query.reporters, *view.query.exclude_reporters)
    context = {
        "view": view,
        "page_query": page_query,
        "field_errors": field_errors,
        "has_address_errors": bool(field_errors),
        "matches": matches,
        "reporters": list_reporters(view.state, selected_reporters),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field_errors else HTTPStatus.OK
    if page_query.find and not matches:
        context["field_errors"] = {**field_errors, "find": messages.plain_text("ask.not_found")}
    get_reader().release()  # A slow client must not hold a transaction open while it receives.
    page_stream = stream_template("dashboard.html", **context, flush_marker=FLUSH_MARKER)
    return Response(streaming.stream_chunks(page_stream), status, mimetype="text/html")


def _find_matches(page_query: PageQuery) -> list[NamedLink]:
    """Return the places that match the words of the search, each with its ancestors."""
    if not page_query.find:
        return []
    return [
        NamedLink(
            place.id, place.name, page_query.link_to("./", place=place.id, find=None), ancestors
        )
        for place, ancestors in find_places(page_query.find)
    ]
