"""The tables of pages as CSV; other CSVs to which pages link are those of the API."""

from flask import Response

from schemas.index_query import IndexParameters
from schemas.new_query import NewParameters
from service.http.auth import requires
from service.http.context import request_time
from service.http.costly_work import take_slot
from service.http.csv_table import send_table
from service.web.query.compare_query import normalize_form, parse_compare_query
from service.web.query.csv_parameters import read_csv_parameters
from service.web.query.page_query import load_parameters, parse_page_query
from service.web.viewmodels.change_table import make_change_table
from service.web.viewmodels.comparison import Comparison
from service.web.viewmodels.comparison_file import make_comparison_table
from service.web.viewmodels.figure_table import FigureTable
from service.web.viewmodels.index_page import IndexPage
from service.web.viewmodels.new_page import NewPage
from service.web.viewmodels.reporter_page import ReporterPage
from service.web.viewmodels.reporter_table import make_reporter_table
from service.web.views.blueprint import blueprint


@blueprint.get("/index.csv")
@requires("read")
def send_index_table() -> Response:
    """Return the subjects of one page of the index with their totals."""
    parameters, form = read_csv_parameters()
    start = load_parameters(IndexParameters(), parameters)["start"]
    return send_table(IndexPage(start).make_table(), form)


@blueprint.get("/figures.csv")
@requires("read")
def send_figure_table() -> Response:
    """Return the figures of a total, those that contribute most first."""
    parameters, form = read_csv_parameters()
    take_slot()
    view = FigureTable(parse_page_query(request_time(), parameters))
    return send_table(view.make_table(), form)


@blueprint.get("/reporters.csv")
@requires("read")
def send_reporter_table() -> Response:
    """Return who reports, those with most reports first."""
    parameters, form = read_csv_parameters()
    start = load_parameters(IndexParameters(), parameters)["start"]
    return send_table(make_reporter_table(start), form)


@blueprint.get("/reporter/<reporter_id>.csv")
@requires("read")
def send_subject_table(reporter_id: str) -> Response:
    """Return what one reporter says, alone, of the subjects of one page."""
    parameters, form = read_csv_parameters()
    start = load_parameters(IndexParameters(), parameters)["start"]
    return send_table(ReporterPage(reporter_id, start).make_table(), form)


@blueprint.get("/new.csv")
@requires("read")
def send_change_table() -> Response:
    """Return what came in, a row for each figure."""
    parameters, form = read_csv_parameters()
    named = {"start": parameters.pop("start")} if "start" in parameters else {}
    start = load_parameters(IndexParameters(), named)["start"]
    view = NewPage(load_parameters(NewParameters(), parameters), request_time())
    return send_table(make_change_table(view, start), form)


@blueprint.get("/compare.csv")
@requires("read")
def send_comparison_table() -> Response:
    """Return the numbers of both sides of a comparison."""
    parameters, form = read_csv_parameters()
    query = parse_compare_query(request_time(), normalize_form(parameters))
    return send_table(make_comparison_table(Comparison(query)), form)
