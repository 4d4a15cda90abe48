"""What a page is asked, and the addresses of other pages that ask a little differently."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

from schemas.dashboard_query import DashboardParameters
from service.domain.errors import ErrorDetail
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import LOSSES, sort_outcomes
from service.http.request_parsing import make_invalid_input_error, make_schema_error
from service.web.messages import plain_text

PAGE_PARAMETERS: Final = frozenset(
    field.data_key or name for name, field in DashboardParameters().fields.items()
)
"""The parameters that pages know. Links get others from those who pass them on."""

LIST_PARAMETERS: Final = ("place", "group", "reporter", "exclude_reporter", "show")
"""Parameters of several values: a form sends each by itself, a link all with commas between."""

API_PARAMETERS: Final = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "party", "straddling", "as_of",
)  # fmt: skip
"""The parameters that say what is asked, and not how it is shown; the interface has the same."""


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A question, and how a page shows the answer.

    ``parameters`` are those that stand in the address and are known and not empty. ``show`` is the
    one set of outcomes that the pictures show; ``scale`` None leaves the spans of the time chart to
    the page, and ``chart`` is None unless one picture alone is asked for.
    """

    parameters: Mapping[str, str]
    query: TotalsQuery
    show: frozenset[str] = LOSSES
    by: str = "place"
    scale: str | None = None
    find: str | None = None
    chart: str | None = None
    every: bool = False

    def link_to(self, page: str, **changes: str | None) -> str:
        """Return the address of the page with the same question but for the changes.

        It is relative, so that it holds below any path; None leaves a parameter out.
        """
        merged = {
            **self.parameters,
            **{_to_parameter_name(name): value for name, value in changes.items()},
        }
        parameters = {name: value for name, value in merged.items() if value}
        return f"{page}?{urlencode(parameters, safe=',:')}" if parameters else page

    def link_to_api(self, page: str = "v1/totals", **extra: str) -> str:
        """Return the call of the interface that asks the same."""
        parameters = {
            name: self.parameters[name] for name in API_PARAMETERS if name in self.parameters
        }
        if self.query.as_of is not None:
            parameters["as_of"] = str(self.query.as_of)
        parameters.update({"outcomes": ",".join(sort_outcomes(self.show)), **extra})
        return f"{page}?{urlencode(parameters, safe=',:')}"


def _to_parameter_name(name: str) -> str:
    """Return the parameter that a keyword stands for: Python keeps ``from`` for itself."""
    return name.removesuffix("_")


def parse_page_query(now: datetime, parameters: Mapping[str, str] | None = None) -> PageQuery:
    """Return what the parameters ask (None: those of this request).

    Raises InvalidInputError with a fault for each that is wrong.
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
    """Return what is given of the parameters that pages know, and a fault for each given too often.

    Those of several values may stand several times and are joined. Empty ones are left out, as are
    all that pages do not know.
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


def _resolve_as_of_day(as_of: int | str | None, now: datetime) -> int | str | None:
    """Return the moment that is asked for: of a day its end, and of today now."""
    if not isinstance(as_of, str) or "T" in as_of:
        return as_of
    return None if as_of == now.date().isoformat() else f"{as_of}T23:59:59.999999Z"
