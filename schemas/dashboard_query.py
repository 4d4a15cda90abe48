"""What the address of a page asks: what totals are asked with, and how a page is to show them."""

import re
from typing import Any, Final

from marshmallow import EXCLUDE, post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.fields import DAY_PATTERN, CommaList, Day, OneOf, Slug
from schemas.report_in import make_period
from schemas.text_fields import Line
from service.domain.totals_query import CALENDAR_UNITS, TotalsQuery
from service.domain.vocabulary import LOSSES, OUTCOMES

DASHBOARD_BREAKDOWNS: Final = ("place", "group", "outcome", "reporter")
"""What the parts of a page can be; days have a picture of their own."""

CHARTS: Final = ("parts", "times", "map")


class DayOrAsOf(AsOf):
    """A day as a calendar gives it, which stands for its end, or what ``as_of`` takes."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        if re.fullmatch(DAY_PATTERN, str(value)):
            Day().deserialize(value)
            return str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class DashboardParameters(Parameters):
    """A question as the address of a page puts it; what else stands there is left aside.

    Links get parameters from those who pass them on, which must not break them.
    """

    places = CommaList(Slug(), data_key="place")
    first = Day(data_key="from")
    last = Day(data_key="to")
    show = CommaList(OneOf(OUTCOMES))
    groups = CommaList(Slug(), data_key="group")
    reporters = CommaList(Slug(), data_key="reporter")
    exclude_reporters = CommaList(Slug(), data_key="exclude_reporter")
    party = OneOf(("include", "exclude"))
    straddling = OneOf(("include", "exclude"))
    as_of = DayOrAsOf()
    by = OneOf(DASHBOARD_BREAKDOWNS)
    scale = OneOf(CALENDAR_UNITS)
    find = Line()
    chart = OneOf(CHARTS)
    every = OneOf(("true",))

    class Meta:
        """Leaves unknown parameters aside."""

        unknown = EXCLUDE

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the question under that name, beside what else is asked of the page."""
        show = frozenset(data.pop("show", LOSSES))
        period = make_period(data.pop("first", None), data.pop("last", None), "to")
        names = ("places", "groups", "reporters", "exclude_reporters")
        return {
            "show": show,
            "as_of": data.pop("as_of", None),
            "query": TotalsQuery(
                period=period,
                exclude_parties=data.pop("party", "include") == "exclude",
                straddling=data.pop("straddling", "include") == "include",
                **{name: data.pop(name) for name in names if name in data},
            ),
            **data,
        }
