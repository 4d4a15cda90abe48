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
from service.http.auth import check_can_describe, get_key_id, has_scope, requires
from service.http.consistency import get_reader
from service.http.context import get_services, request_time
from service.http.pagination import fetch_page
from service.http.smorest import Blueprint, compute_etag
from service.usecases import entities


def make_blueprint(
    kind: str,
    description: str,
    input_schema: type[Schema],
    output_schema: type[Schema],
    list_schema: type[Schema],
) -> Blueprint:
    """Return the addresses of one kind of entry."""
    etag_schema = output_schema()
    plural = f"{kind}s"
    blueprint = Blueprint(plural, __name__, url_prefix=f"/v1/{plural}", description=description)

    @blueprint.route("/<id>", methods=["PUT"])
    @requires("report")
    @blueprint.arguments(input_schema)
    @blueprint.response(200, output_schema)
    @blueprint.alt_response(201, schema=output_schema, description="It is new.")
    @blueprint.doc(
        operationId=f"put_{kind}",
        summary=f"Describe a {kind}, new or known; what is left out is cleared",
    )
    def put(fields: dict[str, Any], id: str) -> Any:  # noqa: A002
        if not is_slug(id):
            detail = (
                f"An id has lower-case letters, digits, - and _, up to {MAX_ID_LENGTH} of them."
            )
            raise invalid_field("id", detail)
        if fields.get("id", id) != id:
            raise invalid_field("/id", f"The address says {id}.")
        check_can_describe(kind, id)
        entity, is_new = entities.describe_entity(
            get_services().store,
            kind,
            id,
            fields,
            may_change=has_scope("admin"),
            actor=get_key_id(),
            now=request_time(),
            expected=_check_preconditions(kind, id, etag_schema),
        )
        return entity, 201 if is_new else 200

    @blueprint.route("/<id>/merge", methods=["POST"])
    @requires("admin")
    @blueprint.arguments(MergeIn)
    @blueprint.response(201, output_schema)
    @blueprint.doc(
        operationId=f"merge_{kind}",
        summary=f"Make one {kind} of two: both ids name the one that it is merged into",
    )
    def merge(fields: dict[str, Any], id: str) -> Entity:  # noqa: A002
        services = get_services()
        return entities.merge_entities(
            services.store, kind, id, fields["into"], actor=get_key_id(), now=request_time()
        )

    @blueprint.route("/<id>")
    @requires("read")
    @blueprint.response(200, output_schema)
    @blueprint.doc(operationId=f"get_{kind}", summary=f"Show a {kind}")
    def get(id: str) -> Entity:  # noqa: A002
        return entities.get_entity(get_reader(), kind, id)

    @blueprint.route("")
    @requires("read")
    @blueprint.arguments(EntityListParameters, location="query")
    @blueprint.response(200, list_schema)
    @blueprint.doc(
        operationId=f"list_{plural}",
        summary=f"List {plural} by id; q is looked for in names and aliases",
    )
    def listing(query: EntityListQuery) -> Any:
        find_entities = partial(entities.list_entities, get_reader(), kind)
        page_entities, next_link = fetch_page("entries", query, find_entities, "id")
        return {plural: page_entities, "next": next_link}

    return blueprint


def _check_preconditions(
    kind: str, entity_id: str, output_schema: Schema
) -> tuple[Entity | None] | None:
    """Return what If-Match and If-None-Match say that the sender has seen; None without them.

    Raises PreconditionFailedError where it is something else now. That it still is when it is
    replaced is seen to in the same transaction.
    """
    if not (request.if_match or request.if_none_match):
        return None
    try:
        entity: Entity | None = entities.get_entity(get_services().store, kind, entity_id)
    except NotFoundError:
        entity = None
    etag = None if entity is None else compute_etag(jsonify(output_schema.dump(entity)).get_data())
    if request.if_match and (etag is None or not request.if_match.contains(etag)):
        raise PreconditionFailedError(
            f"The {kind} {entity_id} is not what If-Match says; look again."
        )
    if etag is not None and request.if_none_match and request.if_none_match.contains(etag):
        raise PreconditionFailedError(
            f"The {kind} {entity_id} is there, and If-None-Match says that it must not be."
        )
    return (entity,)


blueprints = (
    make_blueprint("place", "Where it happened: a forest.", PlaceIn, PlaceOut, PlacesOut),
    make_blueprint("group", "Who was hit: a tree below everyone.", GroupIn, GroupOut, GroupsOut),
    make_blueprint("reporter", "Who says it.", ReporterIn, ReporterOut, ReportersOut),
)
