"""The parameters of pages that list things."""

from typing import Any

from marshmallow import ValidationError

from schemas.base import Parameters
from service.http.request_parsing import make_invalid_input_error, make_schema_error
from service.web.query.page_query import read_parameters


def load_parameters(schema: Parameters) -> dict[str, Any]:
    """Return the loaded parameters of the request; empty ones are left out, as forms send them.

    Raises InvalidInputError with one error for each that is unknown, invalid or repeated.
    """
    parameters, errors = read_parameters()
    try:
        loaded: dict[str, Any] = schema.load(parameters)
    except ValidationError as error:
        all_errors = (*errors, *make_schema_error(error.messages, "").errors)
        raise make_invalid_input_error(all_errors) from error
    if errors:
        raise make_invalid_input_error(tuple(errors))
    return loaded
