"""The query of a page about one subject, and links to pages with a changed query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import request
from marshmallow import Schema, ValidationError

from schemas.page_query import PageParameters
from service.domain.errors import ErrorDetail
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import sort_outcomes
from service.http.request_parsing import (
    list_parameters,
    make_invalid_input_error,
    make_schema_error,
)
from service.web import day_words
from service.web.messages import plain_text

LIST_PARAMETERS: Final = ("place", "group", "reporter", "exclude_reporter", "outcomes", "state")
"""Parameters with several values: a form repeats the parameter, a link separates by commas."""

API_PARAMETERS: Final = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "party", "straddling", "as_of",
)  # fmt: skip
"""The parameters of the totals query, which the API has as well."""

SUBJECT_PAGE: Final = "place"
"""The page of a total: its places are in the path, as in place/ru-kursk."""

INDEX_PAGE: Final = "./"


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A totals query, and how a page shows its result.

    ``parameters`` are the non-empty parameters of the address, the places of its path among them.
    ``root`` leads from the page to the index. ``outcomes`` None lets the page choose what to show
    first. If ``unit`` is None, the page selects the unit of the time chart. ``chart`` is None
    unless the page shows one chart alone. ``start`` is how many items of a list are on the pages
    before.
    """

    parameters: Mapping[str, str]
    query: TotalsQuery
    root: str = ""
    outcomes: frozenset[str] | None = None
    by: str = "place"
    facet: str | None = None
    unit: str | None = None
    chart: str | None = None
    every: bool = False
    start: int = 0

    def link_to(self, page: str, **changes: str | None) -> str:
        """Return the address of the page for this query with the changes.

        It is relative, so that it is valid below any path. None removes a parameter.
        """
        return link_to_page(page, self._merge(changes), self.root)

    def name_page(self, page: str, **changes: str | None) -> str:
        """Return the same address relative to the index."""
        return link_to_page(page, self._merge(changes))

    def _merge(self, changes: Mapping[str, str | None]) -> dict[str, str | None]:
        return {
            **self.parameters,
            **{_to_parameter_name(name): value for name, value in changes.items()},
        }

    def link_to_api(self, page: str = "v1/totals", **extra: str) -> str:
        """Return the address of the API for the same query, relative to the page."""
        return self.root + self.name_in_api(page, **extra)

    def name_in_api(self, page: str = "v1/totals", **extra: str) -> str:
        """Return the address of the API for the same query, relative to the index."""
        parameters = {
            name: self.parameters[name] for name in API_PARAMETERS if name in self.parameters
        }
        if self.query.as_of is not None:
            parameters["as_of"] = str(self.query.as_of)
        if self.outcomes is not None:
            parameters["outcomes"] = ",".join(sort_outcomes(self.outcomes))
        return _join_address(page, {**parameters, **extra})


def link_to_page(page: str, parameters: Mapping[str, str | None], root: str = "") -> str:
    """Return the relative address of a page; parameters that are None or empty are left out.

    The page of a subject has its places in the path; without a place and a group there is none, and
    the address is that of the index.
    """
    present = {name: value for name, value in parameters.items() if value}
    if page == SUBJECT_PAGE:
        places = present.pop("place", "")
        if places:
            page = f"{SUBJECT_PAGE}/{quote(places, safe=',')}"
        elif "group" not in present:
            return f"{root}{INDEX_PAGE}" if not root else root
    if page == INDEX_PAGE and root:
        page = ""
    return _join_address(f"{root}{page}", present)


def _join_address(page: str, parameters: Mapping[str, str]) -> str:
    return f"{page}?{urlencode(parameters, safe=',:')}" if parameters else page


def _to_parameter_name(name: str) -> str:
    """Return the parameter of a keyword argument, without the underscore after reserved names."""
    return name.removesuffix("_")


def find_root() -> str:
    """Return what leads from the address of this request to the index: "" or "../" repeated."""
    return "../" * (request.path.count("/") - 1)


def parse_page_query(
    now: datetime, parameters: Mapping[str, str] | None = None, root: str | None = None
) -> PageQuery:
    """Return the query of the parameters; None means those of the current request.

    Raises InvalidInputError with one error for each invalid parameter.
    """
    errors: Sequence[ErrorDetail] = ()
    if parameters is None:
        parameters, errors = read_parameters()
    try:
        values: dict[str, Any] = PageParameters().load(parameters)
    except ValidationError as error:
        raise make_invalid_input_error(
            (*errors, *make_schema_error(error.messages, "").errors)
        ) from error
    if errors:
        raise make_invalid_input_error(tuple(errors))
    query = replace(values.pop("query"), as_of=_resolve_day(values.pop("as_of"), now))
    every = values.get("every") == "true"
    return PageQuery(
        parameters, query, find_root() if root is None else root, **{**values, "every": every}
    )


def add_place(parameters: Mapping[str, str], place_id: str) -> dict[str, str]:
    """Return the parameters with the place added to their places."""
    chosen = [each for each in parameters.get("place", "").split(",") if each]
    return {**parameters, "place": ",".join(dict.fromkeys((*chosen, place_id)))}


def read_parameters(places: str | None = None) -> tuple[dict[str, str], tuple[ErrorDetail, ...]]:
    """Return the non-empty parameters of the request, and one error for each that is repeated.

    Repetitions of a parameter with several values are joined; ``places`` are those of the path.
    """
    values: dict[str, list[str]] = {"place": [places]} if places else {}
    for name, value in list_parameters(request):
        if value.strip():
            values.setdefault(name, []).append(value.strip())
    parameters: dict[str, str] = {}
    errors = []
    for name, given in values.items():
        if len(given) == 1 or name in LIST_PARAMETERS:
            parameters[name] = ",".join(given)
        else:
            errors.append(ErrorDetail(name, plain_text("ask.repeated")))
    return parameters, tuple(errors)


def load_parameters(schema: Schema, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters as the schema loads them; raises InvalidInputError."""
    try:
        loaded: dict[str, Any] = schema.load(parameters)
    except ValidationError as error:
        raise make_schema_error(error.messages, "") from error
    return loaded


def normalize_days(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a form with days as the API writes them: "June 2024" is 2024-06-01.

    What is not a day remains as it is, and is an error where the parameters are read. A number that
    chooses a state of the record is an event.
    """
    normalized = dict(parameters)
    for name, text in parameters.items():
        end = _DAY_ENDS.get(name.removeprefix("other_"))
        if end is not None and not (name in ("as_of", "compare") and text.isdigit()):
            normalized[name] = _normalize_day(text, end)
    return normalized


_DAY_ENDS: Final[Mapping[str, day_words.RangeEnd]] = {
    "from": "first", "to": "last", "as_of": "last", "compare": "last",
}  # fmt: skip
"""Which end of a month or year each parameter means."""


def _normalize_day(text: str, end: day_words.RangeEnd) -> str:
    try:
        day: date = day_words.parse_day(text, end)
    except ValueError:
        return text
    return day.isoformat()


def _resolve_day(as_of: int | str | None, now: datetime) -> int | str | None:
    """Return the ``as_of`` of the query: of a day its end, and None for today."""
    if not isinstance(as_of, str) or "T" in as_of:
        return as_of
    return None if as_of == now.date().isoformat() else f"{as_of}T23:59:59.999999Z"
