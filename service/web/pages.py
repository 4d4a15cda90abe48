"""The pages and their addresses, all at one level, so that they work below any path of a proxy."""

import gzip
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

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
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from service.api.auth import requires
from service.api.parts import now
from service.api.problems import log, status_of
from service.domain.errors import DomainError, Fault, Invalid, NotFound, Unavailable
from service.web import accounts, assets, entering, streaming, texts
from service.web.asking import Asked, asked, sent
from service.web.finding import found
from service.web.proving import Proof
from service.web.seeing import Desk
from service.web.streaming import FLUSH
from service.web.view import Named

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {framed}"
)
"""What a page may load and do; ``framed`` says whose pages may show it in a frame."""

YEAR: Final = 31_536_000

SMALLER: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
"""What is sent compressed; other files are so already."""

blueprint = Blueprint("web", __name__, template_folder="templates")
blueprint.register_blueprint(entering.blueprint)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    """Give every template the texts and the addresses of files."""
    return {"t": texts.text, "asset": assets.address}


@blueprint.get("/")
@requires("read")
def look() -> WerkzeugResponse:
    """Show what is known, how sure it is, and who says so."""
    try:
        question = asked(now())
        matches = _matches(question)
        if len(matches) == 1 and not question.given.get("place"):
            return redirect(matches[0].href, HTTPStatus.SEE_OTHER)
        faults = {} if matches or not question.find else {"find": texts.plain("ask.not_found")}
        return _shown(question, faults, matches)
    except Invalid as error:
        return _asked_back(error)


@blueprint.get("/proof")
@requires("read")
def proof() -> str:
    """Show the figures that make a number, and those that were left out."""
    question = asked(now())
    return render_template("proof.html", view=Proof(question), asked=question)


@blueprint.get("/report")
@requires("read")
def report() -> str:
    """Show a report with all that happened to it."""
    id = request.args.get("id")
    if not id:
        raise NotFound(texts.plain("report.none"))
    return render_template("report.html", account=accounts.account(id))


@blueprint.get("/places")
@requires("read")
def places() -> str:
    """Show the tree of places, a level at a time."""
    return render_template("places.html", **accounts.places(request.args.get("place") or None))


@blueprint.get("/find")
@requires("read")
def find() -> Response:
    """Tell the places whose names hold the words, each with where it lies, for who is typing."""
    words = request.args.get("words", "").strip()
    question = asked(now(), {"find": words} if words else {})
    told = [
        {"id": each.key, "shown": f"{each.name} ({each.about})" if each.about else each.name}
        for each in _matches(question)
    ]
    return jsonify({"places": told})


@blueprint.get("/embed")
@requires("read")
def embed() -> Response:
    """Show one picture with its caveats, for a frame on another page."""
    question = asked(now())
    view = Desk(question)
    page = render_template("embed.html", view=view, asked=question, drawn=_drawn(view))
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY.format(framed="*")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/chart.svg")
@requires("read")
def chart() -> Response:
    """Give one picture as a file, with its caveats printed in it."""
    question = asked(now())
    view = Desk(question)
    drawn = _drawn(view)
    if not drawn.chart:
        raise NotFound(texts.plain("embed.nothing"))
    caveats = [each.text for each in view.caveats]
    told = {"view": view, "drawn": drawn, "caveats": caveats, "title": view.headline}
    return Response(render_template("chart.svg", **told).strip(), mimetype="image/svg+xml")


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Give a file that pages load; under its version it never changes."""
    response = send_from_directory(assets.FOLDER, name)
    if request.args.get("v"):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture, what kind it is, and its title; ``chart`` is None where there is none."""

    name: str
    title: str
    chart: Any


def _drawn(view: Desk) -> Drawn:
    name = view.asked.chart or "parts"
    title = texts.plain(f"parts.title.{view.asked.by}", where=view.name)
    if name == "times":
        scale = view.course.scale or "day"
        return Drawn(name, texts.plain(f"times.title.{scale}"), view.course.picture)
    if name == "map":
        return Drawn(name, texts.plain("map.title"), view.cut.map)
    return Drawn(name, title, view.cut.picture if view.cut.bars else None)


def _shown(
    question: Asked, faults: dict[str, str], matches: list[Named], status: int = 200
) -> Response:
    told = {"view": Desk(question), "asked": question, "faults": faults, "matches": matches}
    written = stream_template("page.html", **told, flush=FLUSH)
    response = Response(streaming.in_chunks(written), status, mimetype="text/html")
    response.headers["X-Accel-Buffering"] = "no"  # A proxy in front would hold the page back.
    return response


def _matches(question: Asked) -> list[Named]:
    """Return the places that the reader's words may mean, with where each lies."""
    if not question.find:
        return []
    return [
        Named(place.id, place.name, question.link("./", place=place.id, find=None), lies_in)
        for place, lies_in in found(question.find)
    ]


def _asked_back(error: Invalid) -> Response:
    """Show the page without what is wrong in its address, and say beside each field what it is."""
    faults = {fault.pointer: fault.detail for fault in error.faults}
    given = {name: value for name, value in sent().items() if name not in faults}
    if given == sent():
        raise error
    question = asked(now(), given)
    return _shown(question, faults, [], HTTPStatus.UNPROCESSABLE_ENTITY)


@blueprint.errorhandler(DomainError)
def _refused(error: DomainError) -> Response:
    status = status_of(error)
    if isinstance(error, Unavailable):
        log(error)
    return _error(status, error.detail, error.faults)


@blueprint.errorhandler(HTTPException)
def _failed(error: HTTPException) -> WerkzeugResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    response = _error(HTTPStatus(error.code), error.description or "")
    if error.code == HTTPStatus.UNAUTHORIZED:
        # Browsers ask their user for a password where they are told so; a key serves as one.
        response.headers["WWW-Authenticate"] = 'Basic realm="casualty figures", charset="UTF-8"'
    return response


def _error(status: HTTPStatus, detail: str, faults: tuple[Fault, ...] = ()) -> Response:
    known = texts.catalogue()
    name = str(status.value) if f"error.{status.value}" in known else "other"
    page = render_template(
        "error.html",
        heading=texts.plain(f"error.{name}"),
        advice=texts.plain(f"error.{name}.advice"),
        detail=detail,
        faults=faults,
    )
    return Response(page, status, mimetype="text/html", headers={"Cache-Control": "no-store"})


@blueprint.after_request
def _dress(response: Response) -> Response:
    """Give the page its policy, and send it small."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY.format(framed="'none'"))
        response.headers.setdefault("Cache-Control", "no-cache")
    if response.mimetype in SMALLER and response.status_code == HTTPStatus.OK:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0:
            response.direct_passthrough = False
            if response.is_streamed and response.mimetype == "text/html":
                response.response = streaming.zipped(response.iter_encoded())
            else:
                response.set_data(gzip.compress(response.get_data(), 6))
            response.headers["Content-Encoding"] = "gzip"
            response.headers.pop("ETag", None)
    return response
