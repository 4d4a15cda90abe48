"""The page that lists places."""

from flask import redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from schemas.entity_pages import PlacesParameters
from service.domain.errors import invalid_field
from service.http.auth import requires
from service.web.messages import plain_text
from service.web.query.list_parameters import load_parameters
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels.places_page import PlacesPage
from service.web.views.blueprint import blueprint


@blueprint.get("/places")
@requires("read")
def show_places() -> str | WerkzeugResponse:
    """Show one level of the tree of places, or those that words may mean.

    The id of a merged place leads to the current one.
    """
    parameters = load_parameters(PlacesParameters())
    if parameters["words"] and parameters["place"]:
        raise invalid_field("words", plain_text("places.one_of"))
    view = PlacesPage(parameters["place"], parameters["start"], parameters["words"])
    if view.place is not None and view.place.id != parameters["place"]:
        return redirect(link_to_page("places", {"place": view.place.id}, find_root()))
    return render_template("places.html", view=view, current_page="places")
