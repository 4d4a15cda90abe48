"""The query of a page, and links to pages with a changed query."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

from schemas.dashboard_query import DashboardParameters
from service.domain.errors import ErrorDetail, invalid_field
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import LOSSES, sort_outcomes
from service.http.request_parsing import make_invalid_input_error, make_schema_error
from service.web.messages import plain_text

PAGE_PARAMETERS: Final = frozenset(
    field.data_key or name for name, field in DashboardParameters().fields.items()
)
"""The parameters that pages know. All others (such as those of trackers) are ignored."""

LIST_PARAMETERS: Final = ("place", "group", "reporter", "exclude_reporter", "show")
"""Parameters with several values: a form repeats the parameter, a link separates by commas."""

API_PARAMETERS: Final = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "party", "straddling", "as_of",
)  # fmt: skip
"""The parameters of the totals query, which the API has as well."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A totals query, and how a page shows its result.

    ``parameters`` are the known, non-empty parameters of the address. ``show`` is the set of
    outcomes that the charts show. If ``scale`` is None, the page selects the unit of the time
    chart. ``chart`` is None unless the page shows one chart alone. ``start`` is how many items of a
    list are on the pages before.
    """

    parameters: Mapping[str, str]
    query: TotalsQuery
    show: frozenset[str] = LOSSES
    by: str = "place"
    facet: str | None = None
    scale: str | None = None
    find: str | None = None
    chart: str | None = None
    every: bool = False
    start: int = 0

    def link_to(self, page: str, **changes: str | None) -> str:
        """Return the address of the page for this query with the changes.

        It is relative, so that it is valid below any path. None removes a parameter.
        """
        merged = {
            **self.parameters,
            **{_to_parameter_name(name): value for name, value in changes.items()},
        }
        parameters = {name: value for name, value in merged.items() if value}
        return f"{page}?{urlencode(parameters, safe=',:')}" if parameters else page

    def link_to_api(self, page: str = "v1/totals", **extra: str) -> str:
        """Return the address of the API for the same query."""
        parameters = {
            name: self.parameters[name] for name in API_PARAMETERS if name in self.parameters
        }
        if self.query.as_of is not None:
            parameters["as_of"] = str(self.query.as_of)
        parameters.update({"outcomes": ",".join(sort_outcomes(self.show)), **extra})
        return f"{page}?{urlencode(parameters, safe=',:')}"


def _to_parameter_name(name: str) -> str:
    """Return the parameter of a keyword argument, without the underscore after reserved names."""
    return name.removesuffix("_")


def parse_page_query(now: datetime, parameters: Mapping[str, str] | None = None) -> PageQuery:
    """Return the query of the parameters; None means those of the current request.

    Raises InvalidInputError with one error for each invalid parameter.
    """
    parameters, errors = read_parameters() if parameters is None else (parameters, ())
    try:
        values: dict[str, Any] = DashboardParameters().load(parameters)
    except ValidationError as error:
        raise make_invalid_input_error(
            (*errors, *make_schema_error(error.messages, "").errors)
        ) from error
    if errors:
        raise make_invalid_input_error(errors)
    as_of = _resolve_as_of_day(values.pop("as_of"), now)
    query = replace(values.pop("query"), as_of=as_of)
    return PageQuery(parameters, query, **{**values, "every": values.get("every") == "true"})


def read_parameters() -> tuple[dict[str, str], tuple[ErrorDetail, ...]]:
    """Return the parameters of the request, and one error for each that is repeated.

    Repetitions of a parameter with several values are joined. Empty and unknown parameters are left
    out.
    """
    parameters: dict[str, str] = {}
    errors = []
    for name, values in request.args.lists():
        non_empty = [value.strip() for value in values if value.strip()]
        if name not in PAGE_PARAMETERS or not non_empty:
            continue
        if len(non_empty) == 1 or name in LIST_PARAMETERS:
            parameters[name] = ",".join(non_empty)
        else:
            errors.append(ErrorDetail(name, plain_text("ask.repeated")))
    return parameters, tuple(errors)


def read_parameter(name: str) -> str | None:
    """Return the parameter of the request, None if it is empty or missing.

    Raises InvalidInputError if it is repeated.
    """
    values = [value.strip() for value in request.args.getlist(name) if value.strip()]
    if len(values) > 1:
        raise invalid_field(name, plain_text("ask.repeated"))
    return values[0] if values else None


def _resolve_as_of_day(as_of: int | str | None, now: datetime) -> int | str | None:
    """Return the ``as_of`` of the query: of a day its end, and None for today."""
    if not isinstance(as_of, str) or "T" in as_of:
        return as_of
    return None if as_of == now.date().isoformat() else f"{as_of}T23:59:59.999999Z"
