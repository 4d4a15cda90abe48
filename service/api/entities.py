"""The routes of places, groups and reporters, which are the same for the three kinds."""

from functools import partial
from typing import Any

from flask import jsonify

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
from schemas.fields import Schema, Slug, is_slug
from schemas.list_queries import EntityListParameters, ListForm, TreeListParameters
from service.api.csv_about import write_about
from service.domain.entities import Entity
from service.domain.errors import NotFoundError, PreconditionFailedError, invalid_field
from service.domain.list_queries import EntityListQuery
from service.exports import entity_rows
from service.exports.csv_writer import write_csv
from service.exports.question_texts import ask_entities
from service.http.auth import check_can_describe, get_key_id, has_scope, requires
from service.http.consistency import get_reader
from service.http.context import get_services, request_time
from service.http.costly_work import take_slot_for_list
from service.http.kept_answers import allow_keeping
from service.http.negotiation import (
    LINK_HEADER,
    check_csv_form,
    choose_format,
    document_formats,
    make_response,
)
from service.http.pagination import fetch_page
from service.http.preconditions import has_preconditions, holds_if_match, holds_if_none_match
from service.http.smorest import Blueprint, compute_etag
from service.usecases import entities


def make_blueprint(
    kind: str,
    description: str,
    input_schema: type[Schema],
    output_schema: type[Schema],
    list_schema: type[Schema],
    list_parameters: type[EntityListParameters],
) -> Blueprint:
    """Return the routes of one kind of entity."""
    etag_schema = output_schema()
    plural = f"{kind}s"
    blueprint = Blueprint(plural, __name__, url_prefix=f"/v1/{plural}", description=description)

    @blueprint.route("/<id>", methods=["PUT"])
    @requires("report")
    @blueprint.arguments(input_schema)
    @blueprint.response(200, output_schema, description=f"The {kind}, which existed before.")
    @blueprint.alt_response(201, schema=output_schema, description=f"The {kind} was created.")
    @blueprint.doc(
        operationId=f"put_{kind}",
        summary=f"Create or replace a {kind}.",
        description="The body is the full description: fields that are left out are cleared. "
        f"Creating a {kind} needs the scope `report`, changing one the scope `admin`; sending the "
        "recorded description again changes nothing. An id that was merged into another is a 409.",
    )
    def put(fields: dict[str, Any], id: str) -> Any:  # noqa: A002
        if not is_slug(id):
            raise invalid_field("id", Slug.MESSAGE)
        if fields.get("id", id) != id:
            raise invalid_field("/id", f"This must be the id in the address, {id}.")
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
    @blueprint.response(201, output_schema, description=f"The {kind} that remains.")
    @blueprint.doc(
        operationId=f"merge_{kind}",
        summary=f"Merge a {kind} into another.",
        description="From then on both ids name the one that remains; its aliases take in the "
        "names of the other. Earlier states of the record do not change. Needs the scope `admin`. "
        "An id that was merged before is a 409.",
    )
    def merge(fields: dict[str, Any], id: str) -> Entity:  # noqa: A002
        services = get_services()
        return entities.merge_entities(
            services.store, kind, id, fields["into"], actor=get_key_id(), now=request_time()
        )

    @blueprint.route("/<id>")
    @requires("read")
    @blueprint.response(200, output_schema, description=f"The {kind}.")
    @blueprint.doc(
        operationId=f"get_{kind}",
        summary=f"Get a {kind}.",
        description=f"Get the present description of the {kind}. For an id that was merged, it is "
        "that of the one that remains.",
    )
    def get(id: str) -> Entity:  # noqa: A002
        allow_keeping()
        return entities.get_entity(get_reader(), kind, id)

    @blueprint.route("")
    @requires("read")
    @blueprint.arguments(list_parameters, location="query")
    @blueprint.response(200, list_schema, description=f"A page of {plural}.")
    @blueprint.doc(
        operationId=f"list_{plural}",
        summary=f"List {plural} by id.",
        description=f"Get the present descriptions of {plural}, page by page. With `q`, only those "
        "whose name or an alias matches.",
        responses=document_formats("csv", headers=LINK_HEADER),
    )
    def listing(arguments: tuple[EntityListQuery, ListForm]) -> Any:
        query, form = arguments
        allow_keeping()
        format_name = choose_format(form.format, "csv")
        check_csv_form(form.csv, format_name)
        take_slot_for_list(query.limit)
        find_entities = partial(entities.list_entities, get_reader(), kind)
        page_entities, next_link = fetch_page("entries", query, find_entities, "id")
        headers = {} if next_link is None else {"Link": f'<{next_link}>; rel="next"'}
        if format_name == "csv":
            about = _write_about(kind, query) if form.csv.about else ()
            rows = entity_rows.iterate_rows(kind, page_entities)
            columns = entity_rows.list_columns(kind)
            text = write_csv(columns, rows, bom=form.csv.bom, about=about)
            response = make_response("csv", text)
            response.headers.update(headers)
            return response
        return {plural: page_entities, "next": next_link}, headers

    return blueprint


def _write_about(kind: str, query: EntityListQuery) -> list[str]:
    reader = get_reader()
    state = reader.load_snapshot(reader.seq).state
    question = ask_entities(state, kind, query.parent, query.q)
    return write_about(state, question, pins_state=False)


def _check_preconditions(
    kind: str, entity_id: str, output_schema: Schema
) -> tuple[Entity | None] | None:
    """Return the entity that If-Match and If-None-Match require; None without these headers.

    ``(None,)`` requires that it does not exist. Raises PreconditionFailedError if the requirement
    does not hold now; the transaction that replaces the entity checks it again.
    """
    if not has_preconditions():
        return None
    try:
        entity: Entity | None = entities.get_entity(get_services().store, kind, entity_id)
    except NotFoundError:
        entity = None
    etag = None if entity is None else compute_etag(jsonify(output_schema.dump(entity)).get_data())
    if not holds_if_match(etag):
        raise PreconditionFailedError(
            f"The {kind} {entity_id} does not have the ETag in If-Match; get it again."
        )
    if not holds_if_none_match(etag):
        raise PreconditionFailedError(
            f"The {kind} {entity_id} exists, and If-None-Match requires that it does not."
        )
    return (entity,)


blueprints = (
    make_blueprint(
        "place",
        "Places: trees of places that contain others.",
        PlaceIn,
        PlaceOut,
        PlacesOut,
        TreeListParameters,
    ),
    make_blueprint(
        "group",
        "Groups of people: a tree below `everyone`.",
        GroupIn,
        GroupOut,
        GroupsOut,
        TreeListParameters,
    ),
    make_blueprint(
        "reporter",
        "Reporters: who makes statements.",
        ReporterIn,
        ReporterOut,
        ReportersOut,
        EntityListParameters,
    ),
)
