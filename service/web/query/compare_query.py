"""The query of a comparison: two subjects, or one subject in two states of the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.fields import unknown_field_message
from service.domain.errors import ErrorDetail, InvalidInputError
from service.http.request_parsing import make_invalid_input_error
from service.web.messages import plain_text
from service.web.query.page_query import PageQuery, normalize_days, parse_page_query
from service.web.query.place_field import read_place_field

OTHER: Final = "other_"
"""What the names of the second subject's parameters begin with."""

SUBJECT_PARAMETERS: Final = ("place", "group", "from", "to", "reporter")
"""The parameters that each of the two subjects has."""

SHARED_PARAMETERS: Final = ("outcomes", "exclude_reporter", "party", "straddling", "as_of")
"""The parameters of both subjects together."""

PARAMETERS: Final = (
    *SUBJECT_PARAMETERS,
    *(f"{OTHER}{name}" for name in SUBJECT_PARAMETERS),
    *SHARED_PARAMETERS,
    "compare",
)


@dataclass(frozen=True, slots=True)
class CompareQuery:
    """Two queries. With ``is_in_time`` the first one is the earlier state of the second.

    ``second`` is None if the address has only one subject, and ``first`` if it has none.
    ``parameters`` are those of the address.
    """

    first: PageQuery | None
    second: PageQuery | None
    parameters: Mapping[str, str]
    is_in_time: bool = False


def normalize_form(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of the form with ids of places and with days as the API has them.

    Raises InvalidInputError for a place that is not found.
    """
    normalized = normalize_days(parameters)
    errors: list[ErrorDetail] = []
    for name in ("place", f"{OTHER}place"):
        if name in normalized:
            try:
                normalized[name] = read_place_field(normalized[name], name)
            except InvalidInputError as error:
                errors += error.errors
    if errors:
        raise make_invalid_input_error(tuple(errors))
    return normalized


def parse_compare_query(now: datetime, parameters: Mapping[str, str]) -> CompareQuery:
    """Return the query of the parameters.

    What the second subject does not name is as in the first one. Raises InvalidInputError with one
    error for each invalid parameter.
    """
    errors = [
        ErrorDetail(name, unknown_field_message("parameter", PARAMETERS))
        for name in parameters
        if name not in PARAMETERS
    ]
    other = {
        name.removeprefix(OTHER): value
        for name, value in parameters.items()
        if name.startswith(OTHER)
    }
    if other and "compare" in parameters:
        errors.append(ErrorDetail("compare", plain_text("compare.either")))
    if errors:
        raise make_invalid_input_error(tuple(errors))
    shared = {name: value for name, value in parameters.items() if name in SHARED_PARAMETERS}
    own = {name: value for name, value in parameters.items() if name in SUBJECT_PARAMETERS}
    if not own:
        return CompareQuery(None, None, parameters)
    first = parse_page_query(now, {**own, **shared})
    if "compare" in parameters:
        earlier = _parse(now, {**own, **shared, "as_of": parameters["compare"]}, "as_of", "compare")
        return CompareQuery(earlier, first, parameters, is_in_time=True)
    if not other:
        return CompareQuery(first, None, parameters)
    return CompareQuery(first, _parse_other(now, {**own, **other, **shared}), parameters)


def _parse_other(now: datetime, parameters: Mapping[str, str]) -> PageQuery:
    try:
        return parse_page_query(now, parameters)
    except InvalidInputError as error:
        raise make_invalid_input_error(
            tuple(ErrorDetail(f"{OTHER}{each.pointer}", each.detail) for each in error.errors)
        ) from error


def _parse(now: datetime, parameters: Mapping[str, str], name: str, field: str) -> PageQuery:
    """Return the query; errors of ``name`` are those of ``field``."""
    try:
        return parse_page_query(now, parameters)
    except InvalidInputError as error:
        raise make_invalid_input_error(
            tuple(
                ErrorDetail(field if each.pointer == name else each.pointer, each.detail)
                for each in error.errors
            )
        ) from error
