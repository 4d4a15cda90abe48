"""The parameters of lists: filters and pagination."""

from typing import Any

from marshmallow import post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.enums import REPORT_LIST_FORMAT, REPORT_ORDER, REPORT_STATE
from schemas.fields import CommaList, Cursor, Day, EnumText, Slug
from schemas.number_fields import IntegerParameter
from schemas.report_in import RegisteredIncident, make_period
from schemas.text_fields import Line
from service.domain.list_queries import EntityListQuery, ReportListQuery

_LIMIT_DESCRIPTION = "The largest number of items on a page. Default: 100."
_AFTER_DESCRIPTION = "The cursor of a page, from the link in `next`. Default: the first page."


class ReportListParameters(Parameters):
    """The filters of the list of reports; a report must pass all of them."""

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
    order = EnumText(
        REPORT_ORDER, metadata={"description": "The order of the reports. Default: `oldest`."}
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
    as_of = AsOf(
        metadata={
            "description": "List the reports as they were after this `seq`, or at this timestamp "
            "in UTC. Default: now."
        }
    )
    format = EnumText(
        REPORT_LIST_FORMAT,
        metadata={
            "description": "The format of the answer; takes precedence over `Accept`. Default: "
            "`json`."
        },
    )
    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={"description": _LIMIT_DESCRIPTION},
    )
    after = Cursor("reports", "[0-9]{1,18}", metadata={"description": _AFTER_DESCRIPTION})

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[ReportListQuery, str | None]:
        """Return the query, and the requested format (None if there is none)."""
        format_name = data.pop("format", None)
        period = make_period(data.pop("first", None), data.pop("last", None), "to")
        after = data.pop("after", None)
        query = ReportListQuery(
            period=period,
            is_newest_first=data.pop("order", None) == "newest",
            after=None if after is None else int(after),
            **data,
        )
        return query, format_name


class EntityListParameters(Parameters):
    """The parameters of a list of places, groups or reporters."""

    q = Line(
        metadata={
            "description": "Only those whose name or an alias contains this text, without regard "
            "to case. Default: all."
        }
    )
    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={"description": _LIMIT_DESCRIPTION},
    )
    after = Cursor(
        "entries",
        "[a-z0-9_-]{1,100}",
        load_default="",
        metadata={"description": _AFTER_DESCRIPTION},
    )

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> EntityListQuery:
        """Return the query."""
        return EntityListQuery(**data)
