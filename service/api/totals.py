"""Totals over HTTP, in JSON or as a table."""

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from flask import Response, jsonify, request

from schemas.totals import TotalsOfPlaceQuery, TotalsOut, TotalsQuery, written
from service.api.auth import requires
from service.api.parts import parts
from service.api.smorest import Blueprint
from service.api.tables import as_csv
from service.domain.answer import Answer
from service.domain.question import Question
from service.release import RELEASE
from service.usecases import registry, totals
from service.usecases.comparison import moment_compared

blueprint = Blueprint(
    "totals", __name__, url_prefix="/v1", description="What is known, how sure, and who says so."
)

TABLE: Final = "text/csv"

AS_TABLE: Final = {200: {"content": {TABLE: {"schema": {"type": "string"}}}}}
"""The other form of the answer, for the document."""


@blueprint.route("/totals")
@requires("read")
@blueprint.arguments(TotalsQuery, location="query")
@blueprint.response(200, TotalsOut)
@blueprint.doc(responses=AS_TABLE)
def get_totals(asked: tuple[Question, str | None]) -> Any:
    """Tell the least and the most people that the counted figures allow.

    Each outcome alone, every joint set in use, and all four, unless outcomes are asked for.
    """
    return _answered(*asked)


@blueprint.route("/places/<id>/totals")
@requires("read")
@blueprint.arguments(TotalsOfPlaceQuery, location="query")
@blueprint.response(200, TotalsOut)
@blueprint.doc(responses=AS_TABLE)
def get_totals_of_place(asked: tuple[Question, str | None], id: str) -> Any:
    """Tell the totals of one place and everything that lies in it."""
    registry.show(parts().store, "place", id)
    question, named = asked
    return _answered(replace(question, places=(id,)), named)


def _answered(question: Question, named: str | None) -> Response:
    """Return the answer, or 304 without working it out where the reader has it already."""
    joined = parts()
    table = _wants_table(named)
    now = joined.clock()
    seq = totals.moment_asked(joined.store, question, now)
    then = moment_compared(joined.store, question, seq, now)
    tag = _tag(seq, then, table)
    held = request.if_none_match
    if not held.star_tag and held.contains_weak(tag):
        response = Response(status=304)
        response.set_etag(tag)
        return response
    answer = totals.totals(
        joined.store, joined.snapshots, question, seq, joined.settings.solver_seconds, then
    )
    response = _rendered(answer, table)
    if _exact(answer):  # An answer that ran out of time may be another one the next time.
        response.set_etag(tag)
    response.headers["Vary"] = "Accept, Authorization"
    return response


def _wants_table(named: str | None) -> bool:
    if named is not None:
        return named == "csv"
    best = request.accept_mimetypes.best_match(["application/json", TABLE])
    return best == TABLE


def _tag(seq: int, then: int | None, table: bool) -> str:
    """Return what names the answer: the same question of the same state of the same release."""
    asked = request.path.encode() + b"?" + request.query_string
    return sha256(f"{RELEASE} {seq} {then} {table} ".encode() + asked).hexdigest()[:32]


def _rendered(answer: Answer, table: bool) -> Response:
    if not table:
        return jsonify(written(answer))
    return Response(as_csv(answer), mimetype=TABLE)


def _exact(answer: Answer) -> bool:
    parts_told = (*(answer.parts or ()), *(answer.by_reporter or ()))
    stated = [*answer.totals, *(each for part in parts_told for each in part.totals)]
    thens = [each.change.then for each in stated if each.change is not None]
    return all(each.total.exact for each in (*stated, *thens))
