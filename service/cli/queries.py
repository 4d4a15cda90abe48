"""The options that select reports and totals, and the queries that they give."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click
from marshmallow import Schema, ValidationError

from schemas.exports import ExportParameters
from schemas.totals import TotalsParameters
from service.domain.list_queries import ReportListQuery
from service.domain.totals_query import TotalsQuery

Command = TypeVar("Command", bound=Callable[..., Any])

_FILTERS: Final = {
    "place": "ID,ID",
    "group": "ID,ID",
    "reporter": "ID,ID",
    "from": "DAY",
    "to": "DAY",
    "as_of": "SEQ|TIME",
}

_TOTALS_OPTIONS: Final = {**_FILTERS, "by": "DIMENSION", "facet": "ID", "exclude_reporter": "ID,ID"}

_HELP: Final = {
    "place": "Only people in these places, or below them.",
    "group": "Only people of these groups.",
    "reporter": "Only what these reporters say.",
    "from": "First day, such as 2024-12-14.",
    "to": "Last day, included.",
    "as_of": "The record as it was then: an event, or a time in UTC.",
    "state": "Reports in these states; default: live,relay.",
    "by": "Divide by place, month, reporter, …; two with a comma.",
    "facet": "With --by group: which facet of the groups.",
    "exclude_reporter": "Without what these reporters say.",
    "outcomes": "Which outcomes together, such as killed,wounded; repeat for more.",
}


def select_totals(command: Command) -> Command:
    """Add the options that select totals."""
    outcomes = click.option(
        "--outcomes", multiple=True, metavar="OUTCOME,…", help=_HELP["outcomes"]
    )
    with_options: Command = outcomes(_add_options(command, _TOTALS_OPTIONS))
    return with_options


def select_either(command: Any) -> Any:
    """Add the options of both."""
    return select_totals(_add_options(command, {"state": "STATE"}))


def _add_options(command: Any, options: Mapping[str, str]) -> Any:
    for name, metavar in reversed([*options.items()]):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, metavar=metavar, help=_HELP[name])(command)
    return command


def make_report_query(options: Mapping[str, Any]) -> ReportListQuery:
    """Return the query; raises UsageError for an option that it does not have, or a wrong value."""
    query, _ = _load(ExportParameters(), options)
    checked: ReportListQuery = query
    return checked


def make_totals_query(options: Mapping[str, Any]) -> TotalsQuery:
    """Return the query; raises UsageError for an option that it does not have, or a wrong value."""
    query: TotalsQuery = _load(TotalsParameters(), options).query
    return query


def _load(schema: Schema, options: Mapping[str, Any]) -> Any:
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    try:
        return schema.load(given)
    except ValidationError as error:
        name, messages = next(iter(error.messages_dict.items()))
        while isinstance(messages, dict):
            messages = next(iter(messages.values()))
        raise click.UsageError(f"--{name.replace('_', '-')}: {messages[0]}") from None
