"""The form by which a person enters one report: the page itself; scripts in it do the rest."""

from typing import Final

from flask import Blueprint, Response, render_template

from service.domain.vocabulary import OUTCOMES, STANCES
from service.web import texts

blueprint = Blueprint("entering", __name__)

SAID: Final = "enter.say."
"""What the texts begin with that the scripts say, rather than the page itself."""


@blueprint.get("/enter")
def page() -> Response:
    """Return the form, empty: what is typed into it stays in the browser until it is sent."""
    said = {
        key.removeprefix(SAID): text
        for key, text in texts.catalogue().items()
        if key.startswith(SAID)
    }
    return Response(
        render_template("enter.html", outcomes=OUTCOMES, stances=STANCES, said=said),
        mimetype="text/html",
    )
