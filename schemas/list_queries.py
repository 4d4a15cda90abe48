"""How lists are asked for: which entries, from where on, how many."""

from typing import Any

from marshmallow import post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.fields import CommaList, Cursor, Day, OneOf, Slug
from schemas.number_fields import IntegerParameter
from schemas.report_in import make_period
from schemas.text_fields import Line
from service.domain.list_queries import EntityListQuery, ReportListQuery
from service.domain.vocabulary import STATES

REPORT_LIST_FORMATS = ("json", "ndjson", "csv", "geojson")


class ReportListParameters(Parameters):
    """Which reports to list: those of which all that is given holds."""

    places = CommaList(Slug(), data_key="place")
    groups = CommaList(Slug(), data_key="group")
    reporters = CommaList(Slug(), data_key="reporter")
    states = CommaList(OneOf(STATES), data_key="state")
    first = Day(data_key="from")
    last = Day(data_key="to")
    words = Line(data_key="q")
    as_of = AsOf()
    format = OneOf(REPORT_LIST_FORMATS)
    limit = IntegerParameter(minimum=1, maximum=1_000, load_default=100)
    after = Cursor("reports", "[0-9]{1,18}")

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[ReportListQuery, str | None]:
        """Return the question, and the format that it names (None where it does not)."""
        format_name = data.pop("format", None)
        period = make_period(data.pop("first", None), data.pop("last", None), "to")
        query = ReportListQuery(period=period, **{**data, "after": int(data.get("after", 0))})
        return query, format_name


class EntityListParameters(Parameters):
    """Which entries to list: those whose names or aliases hold ``q``."""

    q = Line()
    limit = IntegerParameter(minimum=1, maximum=1_000, load_default=100)
    after = Cursor("entries", "[a-z0-9_-]{1,100}", load_default="")

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> EntityListQuery:
        """Return the question."""
        return EntityListQuery(**data)
