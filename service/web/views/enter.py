"""The form for one report."""

from flask import render_template

from service.domain.vocabulary import OUTCOMES, STANCES
from service.web.viewmodels import report_form
from service.web.views.blueprint import blueprint


@blueprint.get("/enter")
def show_report_form() -> str:
    """Show an empty report form. Input stays in the browser until it is sent."""
    script_messages = report_form.select_script_messages()
    return render_template(
        "report_form.html", outcomes=OUTCOMES, stances=STANCES, script_messages=script_messages
    )
