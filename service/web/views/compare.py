"""The comparison of two subjects, or of one subject in two states of the record."""

from http import HTTPStatus

from flask import Response, redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from service.domain.errors import ErrorDetail, InvalidInputError
from service.http.auth import requires
from service.http.context import request_time
from service.http.request_parsing import make_invalid_input_error
from service.web.query.compare_query import PARAMETERS, normalize_form, parse_compare_query
from service.web.query.page_query import find_root, link_to_page, read_parameters
from service.web.viewmodels.compare_form import CompareForm
from service.web.viewmodels.comparison import Comparison
from service.web.views.blueprint import blueprint


@blueprint.get("/compare")
@requires("read")
def show_comparison() -> WerkzeugResponse:
    """Show two subjects side by side, or one subject on two days with the events between.

    The form may name places in words, and days as people write them.
    """
    parameters, errors = read_parameters()
    try:
        if errors:
            raise make_invalid_input_error(errors)
        normalized = normalize_form(parameters)
        if normalized != parameters:
            address = link_to_page("compare", normalized, find_root())
            return redirect(address, HTTPStatus.SEE_OTHER)
        view = Comparison(parse_compare_query(request_time(), parameters))
    except InvalidInputError as error:
        if not {each.pointer for each in error.errors} <= set(PARAMETERS):
            raise
        return _render(None, parameters, error.errors)
    return _render(view, parameters, ())


def _render(
    view: Comparison | None, parameters: dict[str, str], errors: tuple[ErrorDetail, ...]
) -> Response:
    form = CompareForm(parameters, {each.pointer: each.detail for each in errors})
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return Response(render_template("compare.html", view=view, form=form), status)
