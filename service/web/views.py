"""The pages and their addresses, all at one level, so that they work below any path of a proxy."""

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
from service.http.auth import requires
from service.http.context import request_time
from service.web import labels, messages
from service.web.query.page_query import Asked, asked, sent
from service.web.query.place_search import found
from service.web.query.reporters import listed
from service.web.responses import assets, error_pages, headers, streaming
from service.web.responses.streaming import FLUSH
from service.web.viewmodels import report_form, report_page
from service.web.viewmodels.base import Named
from service.web.viewmodels.dashboard import Desk
from service.web.viewmodels.proof import Proof

blueprint = Blueprint("web", __name__, template_folder="templates")
blueprint.after_request(headers.dress)
error_pages.register(blueprint)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    """Give every template the texts, names and days in words, addresses of files, and the way up.

    All pages lie at one level; only an error can be told of an address that lies deeper.
    """
    up = "../" * (request.path.count("/") - 1)
    address = assets.address
    return {
        "t": messages.text,
        "days": labels.days,
        "groups": labels.groups,
        "places": labels.places,
        "asset": lambda name: up + address(name),
        "up": up,
    }


@blueprint.get("/")
@requires("read")
def look() -> WerkzeugResponse:
    """Show what is known, how sure it is, and who says so.

    What is wrong in the address is left out of the question, and told beside its field.
    """
    given, wrong = sent()
    faults = _by_field(wrong)
    while True:
        try:
            return _shown(asked(request_time(), given), faults)
        except InvalidInputError as error:
            more = _by_field(error.errors)
            if more.keys().isdisjoint(given):
                raise
            faults |= more
            given = {name: value for name, value in given.items() if name not in more}


@blueprint.get("/proof")
@requires("read")
def proof() -> str:
    """Show the figures that make a number, and those that were left out."""
    question = asked(request_time())
    return render_template("proof.html", view=Proof(question), asked=question)


@blueprint.get("/report")
@requires("read")
def report() -> str:
    """Show a report with all that happened to it."""
    id = request.args.get("id")
    if not id:
        raise NotFoundError(messages.plain("report.none"))
    return render_template("report.html", account=report_page.account(id))


@blueprint.get("/places")
@requires("read")
def places() -> str:
    """Show the tree of places, a level at a time."""
    return render_template("places.html", **report_page.places(request.args.get("place") or None))


@blueprint.get("/enter")
def enter() -> str:
    """Show the form for one report, empty: what is typed stays in the browser until it is sent."""
    said = report_form.script_messages()
    return render_template("report_form.html", outcomes=OUTCOMES, stances=STANCES, said=said)


@blueprint.get("/find")
@requires("read")
def find() -> Response:
    """Tell the places whose names hold the words, each with where it lies, for who is typing."""
    words = request.args.get("words", "").strip()
    question = asked(request_time(), {"find": words} if words else {})
    told = [
        {"id": each.key, "shown": f"{each.name} ({each.about})" if each.about else each.name}
        for each in _matches(question)
    ]
    return jsonify({"places": told})


@blueprint.get("/embed")
@requires("read")
def embed() -> str:
    """Show one picture with its caveats, for a frame on another page."""
    question = asked(request_time())
    view = Desk(question)
    return render_template("embed.html", view=view, asked=question, drawn=_drawn(view))


@blueprint.get("/chart.svg")
@requires("read")
def chart() -> Response:
    """Give one picture as a file, with its caveats printed in it."""
    question = asked(request_time())
    view = Desk(question)
    drawn = _drawn(view)
    if not drawn.chart:
        raise NotFoundError(messages.plain("embed.nothing"))
    caveats = [each.text for each in view.caveats]
    told = {"view": view, "drawn": drawn, "caveats": caveats, "title": view.headline}
    return Response(render_template("chart.svg", **told).strip(), mimetype="image/svg+xml")


@blueprint.get("/assets/<version>/<path:name>")
def asset(version: str, name: str) -> Response:
    """Give a file that pages load; under its version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    response.headers["Cache-Control"] = assets.keeping(version)
    return response


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture, what kind it is, and its title; ``chart`` is None where there is none.

    ``missing`` says what it leaves out for want of room or of a point.
    """

    name: str
    title: str
    chart: Any
    missing: str = ""


def _drawn(view: Desk) -> Drawn:
    name = view.asked.chart or "parts"
    title = messages.plain(f"parts.title.{view.asked.by}", where=view.name)
    if name == "times":
        scale = view.course.scale or "day"
        return Drawn(name, messages.plain(f"times.title.{scale}"), view.course.picture)
    if name == "map":
        count = view.cut.without_point
        missing = messages.plain("map.without", count=count) if count else ""
        return Drawn(name, messages.plain("map.title"), view.cut.map, missing)
    count = view.cut.left_out
    missing = messages.plain("parts.left_out", count=count) if count else ""
    return Drawn(name, title, view.cut.picture if view.cut.bars else None, missing)


def _by_field(faults: Iterable[ErrorDetail]) -> dict[str, str]:
    """Return what is wrong, by the name of the parameter."""
    found: dict[str, str] = {}
    for each in faults:
        before = found.get(each.pointer)
        found[each.pointer] = f"{before} {each.detail}" if before else each.detail
    return found


def _shown(question: Asked, faults: dict[str, str]) -> WerkzeugResponse:
    """Return the page, or the way to the only place that the reader's words may mean."""
    matches = _matches(question)
    if len(matches) == 1 and not faults and not question.given.get("place"):
        return redirect(matches[0].href, HTTPStatus.SEE_OTHER)
    view = Desk(question)
    chosen = (*view.question.reporters, *view.question.exclude_reporters)
    told = {
        "view": view,
        "asked": question,
        "faults": faults,
        "matches": matches,
        "reporters": listed(view.claims, chosen),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    if question.find and not matches:
        told["faults"] = {**faults, "find": messages.plain("ask.not_found")}
    written = stream_template("dashboard.html", **told, flush=FLUSH)
    return Response(streaming.in_chunks(written), status, mimetype="text/html")


def _matches(question: Asked) -> list[Named]:
    """Return the places that the reader's words may mean, with where each lies."""
    if not question.find:
        return []
    return [
        Named(place.id, place.name, question.link("./", place=place.id, find=None), lies_in)
        for place, lies_in in found(question.find)
    ]
