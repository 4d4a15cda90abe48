"""The parameters of lists: filters and pagination."""

from typing import Any, NamedTuple

from marshmallow import ValidationError, post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.csv_form import ABOUT, BOM, CsvForm, pop_csv_form
from schemas.enums import (
    BOOLEAN_TEXT,
    ENTITY_LIST_FORMAT,
    OUTCOME,
    REPORT_LIST_FORMAT,
    REPORT_ORDER,
    REPORT_STATE,
)
from schemas.fields import CommaList, Cursor, Day, EnumText, Slug
from schemas.number_fields import IntegerParameter
from schemas.report_in import RegisteredIncident, make_period
from schemas.text_fields import Line
from service.domain.list_queries import EntityListQuery, ReportListQuery

_FORMAT_DESCRIPTION = "The format of the answer; takes precedence over `Accept`. Default: `json`."
_LIMIT_DESCRIPTION = "The largest number of items on a page. Default: 100."
_AFTER_DESCRIPTION = "The cursor of a page, from the link in `next`. Default: the first page."


class ListForm(NamedTuple):
    """The requested format of a list, None if there is none, and the form of a CSV."""

    format: str | None
    csv: CsvForm


def _pop_form(data: dict[str, Any]) -> ListForm:
    """Return the form of the answer, and remove its parameters."""
    return ListForm(data.pop("format", None), pop_csv_form(data))


class ReportFilters(Parameters):
    """The filters of lists of reports; a report must pass all of them."""

    places = CommaList(
        Slug(),
        data_key="place",
        metadata={
            "description": "Place ids: reports about one of these places or a place below it. "
            "Default: every place."
        },
    )
    groups = CommaList(
        Slug(),
        data_key="group",
        metadata={
            "description": "Group ids: reports about one of these groups or a group below it. "
            "Default: every group."
        },
    )
    reporters = CommaList(
        Slug(),
        data_key="reporter",
        metadata={"description": "Reporter ids: reports of one of them. Default: every reporter."},
    )
    states = CommaList(
        EnumText(REPORT_STATE),
        data_key="state",
        metadata={"description": "Reports in one of these states. Default: every state."},
    )
    outcomes = CommaList(
        EnumText(OUTCOME),
        metadata={
            "description": "Reports with a figure about one of these outcomes, or about several "
            "together of which it is one. Default: every report."
        },
    )
    contradicts = EnumText(
        BOOLEAN_TEXT,
        metadata={
            "description": "`true`: reports that were recorded with the warning `contradicts` or "
            "`same_reporter_conflict`, that is, the later ones of those that contradict each "
            "other. Default: `false`."
        },
    )
    ref = Line(
        metadata={
            "description": "The reporter's own id of the report. Reports that supersede each other "
            "may all have it."
        }
    )
    incident = RegisteredIncident(
        metadata={
            "description": "Reports with a figure or stance about this incident: `scheme:id`."
        }
    )
    first = Day(
        data_key="from",
        metadata={
            "description": "First day, included: reports with a figure or stance that overlaps the "
            "period from `from` to `to`. Default: unbounded."
        },
    )
    last = Day(
        data_key="to",
        metadata={"description": "Last day, included; not before `from`. Default: unbounded."},
    )
    words = Line(
        data_key="q",
        metadata={
            "description": "Full-text search: reports that contain all of these words, in any "
            "order, without regard to case and accents."
        },
    )


def pop_shared_filters(data: dict[str, Any]) -> dict[str, Any]:
    """Return the filters that are other values in a query, and remove their parameters."""
    return {
        "period": make_period(data.pop("first", None), data.pop("last", None), "to"),
        "is_contradicting": data.pop("contradicts", "false") == "true",
    }


class ReportListParameters(ReportFilters):
    """The parameters of the list of reports: filters, order, format and position."""

    order = EnumText(
        REPORT_ORDER, metadata={"description": "The order of the reports. Default: `oldest`."}
    )
    as_of = AsOf(
        metadata={
            "description": "List the reports as they were after this `seq`, or at this timestamp "
            "in UTC. Default: now."
        }
    )
    format = EnumText(
        REPORT_LIST_FORMAT,
        metadata={"description": _FORMAT_DESCRIPTION},
    )
    bom = BOM
    about = ABOUT
    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={"description": _LIMIT_DESCRIPTION},
    )
    after = Cursor("reports", "[0-9]{1,18}", metadata={"description": _AFTER_DESCRIPTION})

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[ReportListQuery, ListForm]:
        """Return the query, and the form of the answer."""
        form = _pop_form(data)
        after = data.pop("after", None)
        query = ReportListQuery(
            **pop_shared_filters(data),
            is_newest_first=data.pop("order", None) == "newest",
            after=None if after is None else int(after),
            **data,
        )
        return query, form


class ReportPageParameters(ReportFilters):
    """The parameters of the page that lists reports, the newest first.

    ``after`` is the cursor of the last report of the page before, ``before`` that of the first
    report of the next page.
    """

    after = Cursor("reports", "[0-9]{1,18}")
    before = Cursor("reports", "[0-9]{1,18}")

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> ReportListQuery:
        """Return the query; one for the page before a report has the oldest first."""
        after, before = data.pop("after", None), data.pop("before", None)
        if after is not None and before is not None:
            raise ValidationError({"before": ["This cannot be given together with after."]})
        position = before if after is None else after
        return ReportListQuery(
            **pop_shared_filters(data),
            is_newest_first=before is None,
            after=None if position is None else int(position),
            **data,
        )


class ReportSuggestionParameters(Parameters):
    """Words of a report or its id, and the id of a report that is not wanted."""

    words = Line(required=True)
    but = Slug()


class EntityListParameters(Parameters):
    """The parameters of a list of places, groups or reporters."""

    q = Line(
        metadata={
            "description": "Only those whose name or an alias contains this text, without regard "
            "to case. Default: all."
        }
    )
    format = EnumText(ENTITY_LIST_FORMAT, metadata={"description": _FORMAT_DESCRIPTION})
    bom = BOM
    about = ABOUT
    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={"description": _LIMIT_DESCRIPTION},
    )
    after = Cursor(
        "entries",
        "[a-z0-9_-]{1,100}",
        load_default=str,  # As a value, "" would be documented as a default.
        metadata={"description": _AFTER_DESCRIPTION},
    )

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[EntityListQuery, ListForm]:
        """Return the query, and the form of the answer."""
        form = _pop_form(data)
        return EntityListQuery(**data), form


class TreeListParameters(EntityListParameters):
    """The parameters of a list of entities that are a tree: places or groups."""

    parent = Slug(
        metadata={"description": "An id: only those right below it. Default: at every level."}
    )
