"""What the address of a page asks: what totals are asked with, and how a page is to show them."""

import re
from typing import Any, Final

from marshmallow import EXCLUDE, post_load

from schemas.as_of import AsOf
from schemas.base import Query
from schemas.fields import DAY, CommaList, Day, OneOf, Slug
from schemas.report_in import ordered
from schemas.text_fields import Line
from service.domain.totals_query import SPANS, Question
from service.domain.vocabulary import LOSSES, OUTCOMES

CUTS: Final = ("place", "group", "outcome", "reporter")
"""What the parts of a page can be; days have a picture of their own."""

CHARTS: Final = ("parts", "times", "map")


class DayOrMoment(AsOf):
    """A day as a calendar gives it, which stands for its end, or what ``as_of`` takes."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        if re.fullmatch(DAY, str(value)):
            Day().deserialize(value)
            return str(value)
        return super()._deserialize(value, attr, data, **kwargs)


class PageQuery(Query):
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
    as_of = DayOrMoment()
    by = OneOf(CUTS)
    scale = OneOf(SPANS)
    find = Line()
    chart = OneOf(CHARTS)
    every = OneOf(("true",))

    class Meta:
        """Leaves unknown parameters aside."""

        unknown = EXCLUDE

    @post_load
    def question(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return the question under that name, beside what else is asked of the page."""
        show = frozenset(data.pop("show", LOSSES))
        period = ordered(data.pop("first", None), data.pop("last", None), "to")
        named = ("places", "groups", "reporters", "exclude_reporters")
        return {
            "show": show,
            "as_of": data.pop("as_of", None),
            "question": Question(
                period=period,
                exclude_parties=data.pop("party", "include") == "exclude",
                straddling=data.pop("straddling", "include") == "include",
                **{name: data.pop(name) for name in named if name in data},
            ),
            **data,
        }
