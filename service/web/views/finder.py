"""Search by words, for the field on every page."""

from flask import Response, jsonify, render_template

from service.http.auth import requires
from service.web.query.page_query import read_parameter
from service.web.viewmodels.finder import find_matches
from service.web.views.blueprint import blueprint


@blueprint.get("/find")
@requires("read")
def show_matches() -> str:
    """Show what the words name."""
    words = read_parameter("words") or ""
    return render_template("find.html", found_words=words, matches=find_matches(words))


@blueprint.get("/suggest")
@requires("read")
def suggest_matches() -> Response:
    """Return what the words name, for the combobox."""
    matches = find_matches(read_parameter("words") or "")
    return jsonify({"found": [{"name": m.name, "about": m.about, "href": m.href} for m in matches]})
