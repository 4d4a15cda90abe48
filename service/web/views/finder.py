"""Search by words, for the field on every page."""

from flask import Response, jsonify, render_template

from schemas.entity_pages import SearchParameters, SuggestionParameters
from service.http.auth import requires
from service.web.query.list_parameters import load_parameters
from service.web.viewmodels.finder import Finder, suggest, suggest_kind
from service.web.views.blueprint import blueprint


@blueprint.get("/find")
@requires("read")
def show_matches() -> str:
    """Show what the words name: places, groups, reporters, reports and incidents."""
    words = load_parameters(SearchParameters())["words"]
    return render_template("find.html", found_words=words, view=Finder(words))


@blueprint.get("/suggest")
@requires("read")
def suggest_matches() -> Response:
    """Return what the words name, for the combobox; the addresses are relative to this one."""
    parameters = load_parameters(SuggestionParameters())
    words, kind = parameters["words"], parameters["kind"]
    found = suggest(words) if kind is None else suggest_kind(words, kind)
    return jsonify({"found": [
        {"id": each.id, "name": each.name, "about": each.about, "href": each.href}
        for each in found
    ]})  # fmt: skip
