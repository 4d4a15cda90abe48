"""The page of a report."""

from flask import render_template

from service.http.auth import requires
from service.web.viewmodels import report_page
from service.web.views.blueprint import blueprint


@blueprint.get("/report/<report_id>")
@requires("read")
def show_report(report_id: str) -> str:
    """Show a report with its history."""
    return render_template("report.html", report_page=report_page.make_report_page(report_id))
