"""The parameters of pages about one subject: a totals query, and how its result is shown."""

import re
from typing import Any, Final

from marshmallow import post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.fields import DAY_PATTERN, CommaList, Day, OneOf, Slug
from schemas.number_fields import IntegerParameter
from schemas.report_in import make_period
from schemas.text_fields import Line
from service.domain.totals_query import CALENDAR_UNITS, TotalsQuery
from service.domain.vocabulary import MAX_COUNT, OUTCOMES

PAGE_BREAKDOWNS: Final = ("place", "group", "outcome", "reporter")
"""The breakdowns of a page; time has a chart of its own."""

CHARTS: Final = ("parts", "times", "map", "card")
"""The charts of a page; the card is a picture for link previews."""


class DayOrAsOf(AsOf):
    """A value of `as_of`, or a day, which means the end of the day."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        if re.fullmatch(DAY_PATTERN, str(value)):
            Day().deserialize(value)
            return str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class PageParameters(Parameters):
    """The parameters of a page about one subject.

    Those of the totals query have the names of the API. Here ``outcomes`` is one set. Unknown
    parameters are errors: a total of another query could be mistaken for the answer.
    """

    places = CommaList(Slug(), data_key="place")
    first = Day(data_key="from")
    last = Day(data_key="to")
    outcomes = CommaList(OneOf(OUTCOMES))
    groups = CommaList(Slug(), data_key="group")
    reporters = CommaList(Slug(), data_key="reporter")
    exclude_reporters = CommaList(Slug(), data_key="exclude_reporter")
    party = OneOf(("include", "exclude"))
    straddling = OneOf(("include", "exclude"))
    as_of = DayOrAsOf()
    by = OneOf(PAGE_BREAKDOWNS)
    facet = Line()
    unit = OneOf(CALENDAR_UNITS)
    chart = OneOf(CHARTS)
    every = OneOf(("true",))
    start = IntegerParameter(minimum=0, maximum=MAX_COUNT)

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the totals query as ``query``, and the parameters of the page beside it."""
        outcomes = data.pop("outcomes", None)
        period = make_period(data.pop("first", None), data.pop("last", None), "to")
        names = ("places", "groups", "reporters", "exclude_reporters")
        return {
            "outcomes": frozenset(outcomes) if outcomes else None,
            "as_of": data.pop("as_of", None),
            "query": TotalsQuery(
                period=period,
                exclude_parties=data.pop("party", "include") == "exclude",
                straddling=data.pop("straddling", "include") == "include",
                **{name: data.pop(name) for name in names if name in data},
            ),
            **data,
        }


class ReportFormParameters(Parameters):
    """The parameter of the report form: the id of a report to correct."""

    report = Slug()
