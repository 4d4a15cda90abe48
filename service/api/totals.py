"""Totals over HTTP, in JSON, as a table or as a map."""

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from flask import Response, request

from schemas.totals import PlaceTotalsParameters, TotalsOut, TotalsParameters, dump_totals
from service.api import geojson
from service.api.totals_csv import as_csv
from service.domain.errors import invalid_field
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.http.auth import requires
from service.http.consistency import record
from service.http.context import budget, now
from service.http.measured_totals import worked_out
from service.http.negotiation import answer_in, chosen, documented, dumped
from service.http.smorest import Blueprint
from service.usecases import entities, points, totals
from service.usecases.comparison import moment_compared
from service.version import __version__

blueprint = Blueprint(
    "totals", __name__, url_prefix="/v1", description="What is known, how sure, and who says so."
)

FORMS: Final = ("csv", "geojson")
"""The forms besides JSON; a map is made of an answer by place."""


@blueprint.route("/totals")
@requires("read")
@blueprint.arguments(TotalsParameters, location="query")
@blueprint.response(200, TotalsOut)
@blueprint.doc(responses=documented(*FORMS))
def get_totals(asked: tuple[TotalsQuery, str | None]) -> Any:
    """Tell the least and the most people that the counted figures allow.

    Each outcome alone, every joint set in use, and all four, unless outcomes are asked for.
    """
    return _answered(*asked)


@blueprint.route("/places/<id>/totals")
@requires("read")
@blueprint.arguments(PlaceTotalsParameters, location="query")
@blueprint.response(200, TotalsOut)
@blueprint.doc(responses=documented(*FORMS))
def get_totals_of_place(asked: tuple[TotalsQuery, str | None], id: str) -> Any:
    """Tell the totals of one place and everything that lies in it."""
    entities.show(record(), "place", id)
    question, named = asked
    return _answered(replace(question, places=(id,)), named)


def _answered(question: TotalsQuery, named: str | None) -> Response:
    """Return the answer, or 304 without working it out where the reader has it already."""
    store = record()
    form = chosen(named, *FORMS)
    if form == "geojson" and question.by != "place":
        raise invalid_field("by", "A map needs by=place: it shows one feature for each place.")
    seq = totals.moment_asked(store, question, now())
    then = moment_compared(store, question, seq, now())
    tag = _tag(seq, then, totals.last_redaction(store), form)
    held = request.if_none_match
    if not held.star_tag and held.contains_weak(tag):
        response = Response(status=304)
        response.set_etag(tag)
        return response
    answer = worked_out(question, seq, budget(), then)
    response = answer_in(form, _rendered(answer, form))
    if answer.exact:  # One that ran out of time may be wider than the next.
        response.set_etag(tag)
    return response


def _tag(seq: int, then: int | None, redacted: int, form: str) -> str:
    """Return what names the answer: the same question of the same state of the same release."""
    asked = request.path.encode() + b"?" + request.query_string
    return sha256(f"{__version__} {seq} {then} {redacted} {form} ".encode() + asked).hexdigest()[
        :32
    ]


def _rendered(answer: TotalsResult, form: str) -> str:
    if form == "csv":
        return as_csv(answer)
    told = dump_totals(answer)
    if form == "geojson":
        places = [part["key"] for part in told["parts"]]
        told = geojson.of_parts(told, points.of_places(record(), places, answer.seq))
    return dumped(told) + "\n"
