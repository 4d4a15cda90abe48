"""Places, groups and reporters over HTTP: three kinds, one way."""

from functools import partial
from typing import Any

from schemas.fields import ID_LENGTH, Schema, is_slug
from schemas.registry import (
    EntriesQuery,
    GroupIn,
    GroupOut,
    GroupsOut,
    PlaceIn,
    PlaceOut,
    PlacesOut,
    ReporterIn,
    ReporterOut,
    ReportersOut,
)
from service.api.auth import actor, may, requires
from service.api.paging import page
from service.api.parts import parts
from service.api.smorest import Blueprint
from service.domain.errors import invalid
from service.domain.listing import EntriesAsked
from service.domain.registry import Entry
from service.usecases import registry

blueprint = Blueprint(
    "registry", __name__, url_prefix="/v1", description="Places, groups and reporters."
)


def add(kind: str, taken: type[Schema], shown: type[Schema], listed: type[Schema]) -> None:
    """Add the addresses of one kind of entry."""
    kinds = f"{kind}s"

    @blueprint.route(f"/{kinds}/<id>", methods=["PUT"], endpoint=f"put_{kind}", tags=[kinds])
    @requires("report")
    @blueprint.arguments(taken)
    @blueprint.response(200, shown)
    @blueprint.alt_response(201, schema=shown, description="It is new.")
    @blueprint.doc(summary=f"Describe a {kind}, new or known; what is left out is cleared")
    def put(given: dict[str, Any], id: str) -> Any:
        if not is_slug(id):
            detail = f"An id has lower-case letters, digits, - and _, up to {ID_LENGTH} of them."
            raise invalid("id", detail)
        if given.get("id", id) != id:
            raise invalid("/id", f"The address says {id}.")
        what, new = registry.describe(
            parts().store,
            kind,
            id,
            given,
            may_change=may("admin"),
            actor=actor(),
            now=parts().clock(),
        )
        return what, 201 if new else 200

    @blueprint.route(f"/{kinds}/<id>", endpoint=f"get_{kind}", tags=[kinds])
    @requires("read")
    @blueprint.response(200, shown)
    @blueprint.doc(summary=f"Show a {kind}")
    def get(id: str) -> Entry:
        return registry.show(parts().store, kind, id)

    @blueprint.route(f"/{kinds}", endpoint=f"list_{kinds}", tags=[kinds])
    @requires("read")
    @blueprint.arguments(EntriesQuery, location="query")
    @blueprint.response(200, listed)
    @blueprint.doc(summary=f"List {kinds} by id; q is looked for in names and aliases")
    def listing(asked: EntriesAsked) -> Any:
        find = partial(registry.find, parts().store, kind)
        found, following = page("entries", asked, find, "id")
        return {kinds: found, "next": following}


add("place", PlaceIn, PlaceOut, PlacesOut)
add("group", GroupIn, GroupOut, GroupsOut)
add("reporter", ReporterIn, ReporterOut, ReportersOut)
