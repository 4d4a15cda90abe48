"""The proof of a total, and the list of all its figures."""

from flask import render_template

from service.http.auth import requires
from service.http.context import request_time
from service.web.query.page_query import parse_page_query
from service.web.viewmodels.figure_list import FigureList
from service.web.viewmodels.proof import Proof
from service.web.views.blueprint import blueprint


@blueprint.get("/why")
@requires("read")
def show_proof() -> str:
    """Show the figures that prove a total, and those that are not counted."""
    page_query = parse_page_query(request_time())
    return render_template("why.html", view=Proof(page_query), page_query=page_query)


@blueprint.get("/figures")
@requires("read")
def show_figures() -> str:
    """Show all figures of a total, page by page, those that contribute most first."""
    page_query = parse_page_query(request_time())
    return render_template("figures.html", view=FigureList(page_query), page_query=page_query)
