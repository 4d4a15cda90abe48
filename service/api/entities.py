"""Places, groups and reporters over HTTP: three kinds, one way."""

from functools import partial
from typing import Any

from flask import jsonify, request

from schemas.entities import (
    GroupIn,
    GroupOut,
    GroupsOut,
    MergeIn,
    PlaceIn,
    PlaceOut,
    PlacesOut,
    ReporterIn,
    ReporterOut,
    ReportersOut,
)
from schemas.fields import MAX_ID_LENGTH, Schema, is_slug
from schemas.list_queries import EntityListParameters
from service.domain.entities import Entity
from service.domain.errors import NotFoundError, PreconditionFailedError, invalid_field
from service.domain.list_queries import EntityListQuery
from service.http.auth import actor, check_describes, may, requires
from service.http.consistency import record
from service.http.context import now, parts
from service.http.pagination import page
from service.http.smorest import Blueprint, tag_of
from service.usecases import entities


def routes(
    kind: str, says: str, taken: type[Schema], shown: type[Schema], listed: type[Schema]
) -> Blueprint:
    """Return the addresses of one kind of entry."""
    kinds = f"{kind}s"
    blueprint = Blueprint(kinds, __name__, url_prefix=f"/v1/{kinds}", description=says)

    @blueprint.route("/<id>", methods=["PUT"])
    @requires("report")
    @blueprint.arguments(taken)
    @blueprint.response(200, shown)
    @blueprint.alt_response(201, schema=shown, description="It is new.")
    @blueprint.doc(
        operationId=f"put_{kind}",
        summary=f"Describe a {kind}, new or known; what is left out is cleared",
    )
    def put(given: dict[str, Any], id: str) -> Any:
        if not is_slug(id):
            detail = (
                f"An id has lower-case letters, digits, - and _, up to {MAX_ID_LENGTH} of them."
            )
            raise invalid_field("id", detail)
        if given.get("id", id) != id:
            raise invalid_field("/id", f"The address says {id}.")
        check_describes(kind, id)
        what, new = entities.describe(
            parts().store,
            kind,
            id,
            given,
            may_change=may("admin"),
            actor=actor(),
            now=now(),
            seen=_seen(kind, id, shown),
        )
        return what, 201 if new else 200

    @blueprint.route("/<id>/merge", methods=["POST"])
    @requires("admin")
    @blueprint.arguments(MergeIn)
    @blueprint.response(201, shown)
    @blueprint.doc(
        operationId=f"merge_{kind}",
        summary=f"Make one {kind} of two: both ids name the one that it is merged into",
    )
    def merge(given: dict[str, Any], id: str) -> Entity:
        joined = parts()
        return entities.merge(joined.store, kind, id, given["into"], actor=actor(), now=now())

    @blueprint.route("/<id>")
    @requires("read")
    @blueprint.response(200, shown)
    @blueprint.doc(operationId=f"get_{kind}", summary=f"Show a {kind}")
    def get(id: str) -> Entity:
        return entities.show(record(), kind, id)

    @blueprint.route("")
    @requires("read")
    @blueprint.arguments(EntityListParameters, location="query")
    @blueprint.response(200, listed)
    @blueprint.doc(
        operationId=f"list_{kinds}",
        summary=f"List {kinds} by id; q is looked for in names and aliases",
    )
    def listing(asked: EntityListQuery) -> Any:
        find = partial(entities.find, record(), kind)
        found, following = page("entries", asked, find, "id")
        return {kinds: found, "next": following}

    return blueprint


def _seen(kind: str, id: str, shown: type[Schema]) -> tuple[Entity | None] | None:
    """Return what If-Match and If-None-Match say that the sender has seen; None without them.

    Raises PreconditionFailedError where it is something else now. That it still is when it is
    replaced is seen to in the same transaction.
    """
    if not (request.if_match or request.if_none_match):
        return None
    try:
        known: Entity | None = entities.show(parts().store, kind, id)
    except NotFoundError:
        known = None
    tag = None if known is None else tag_of(jsonify(shown().dump(known)).get_data())
    if request.if_match and (tag is None or not request.if_match.contains(tag)):
        raise PreconditionFailedError(f"The {kind} {id} is not what If-Match says; look again.")
    if tag is not None and request.if_none_match and request.if_none_match.contains(tag):
        raise PreconditionFailedError(
            f"The {kind} {id} is there, and If-None-Match says that it must not be."
        )
    return (known,)


blueprints = (
    routes("place", "Where it happened: a forest.", PlaceIn, PlaceOut, PlacesOut),
    routes("group", "Who was hit: a tree below everyone.", GroupIn, GroupOut, GroupsOut),
    routes("reporter", "Who says it.", ReporterIn, ReporterOut, ReportersOut),
)
