"""The page of an incident."""

from flask import render_template

from schemas.entity_pages import IncidentParameters
from service.http.auth import requires
from service.web.query.list_parameters import load_parameters
from service.web.viewmodels.incident_page import IncidentPage
from service.web.views.blueprint import blueprint


@blueprint.get("/incident/<path:incident>")
@requires("read")
def show_incident(incident: str) -> str:
    """Show all who speak of an incident (scheme:id), side by side."""
    load_parameters(IncidentParameters())
    return render_template("incident.html", view=IncidentPage(incident))
