"""The figures of a query for totals, page by page: its parameters, and the answer."""

from operator import attrgetter
from typing import Any, NamedTuple

from marshmallow import fields

from schemas.compiled import CompiledSchema
from schemas.csv_form import pop_csv_form
from schemas.enums import EXCLUSION_REASON, OUTCOME, RANGE_END, REPORT_STATE
from schemas.fields import Cursor, Day, EnumText
from schemas.number_fields import IntegerParameter
from schemas.proofs import contribution_of, to_number
from schemas.totals import StateOut, TotalsParameters, make_totals_query
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import sort_outcomes

CURSOR_PATTERN = "[0-9]{1,18}-[0-9]{1,18}"
"""A position: the event of the state that is listed, and the number of figures before the page."""


class FiguresRequest(NamedTuple):
    """A query, and the page of its figures; ``seq`` is None for the state of the query."""

    query: TotalsQuery
    limit: int
    seq: int | None
    offset: int


class TotalsFiguresParameters(TotalsParameters):
    """The parameters of totals, and those of a page of their figures.

    `by`, `facet`, `by_reporter`, `explain`, `compare`, `format`, `bom` and `about` change nothing
    here.
    """

    limit = IntegerParameter(
        minimum=1,
        maximum=1_000,
        load_default=100,
        metadata={"description": "The largest number of figures on a page. Default: 100."},
    )
    after = Cursor(
        "figures",
        CURSOR_PATTERN,
        metadata={
            "description": "The cursor of a page, from the link in `next`. Default: the first page."
        },
    )

    def make_request(self, data: dict[str, Any]) -> Any:
        """Return the query and the page."""
        limit, position = data.pop("limit"), data.pop("after", None)
        data.pop("format", None)
        pop_csv_form(data)
        seq, offset = (None, 0) if position is None else map(int, position.split("-"))
        return FiguresRequest(make_totals_query(data), limit, seq, offset)


class FigurePeriodOut(CompiledSchema):
    """The days that a figure covers."""

    first = Day(
        data_key="from",
        allow_none=True,
        metadata={
            "value": lambda period: period.first and period.first.isoformat(),
            "description": "First day, included; null if it is not stated.",
        },
    )
    last = Day(
        data_key="to",
        metadata={
            "value": lambda period: period.last.isoformat(),
            "description": "Last day, included.",
        },
    )


class FigureScopeOut(CompiledSchema):
    """The people that a figure covers; merged ids are replaced."""

    places = fields.List(fields.String(), metadata={"description": "The ids of its places."})
    period = fields.Nested(FigurePeriodOut, metadata={"description": "The days that it covers."})
    outcomes = fields.List(
        EnumText(OUTCOME),
        metadata={
            "value": lambda scope: sort_outcomes(scope.outcomes),
            "description": "One joint set: the figure counts people with any of them.",
        },
    )
    groups = fields.List(fields.String(), metadata={"description": "The ids of its groups."})
    incident = fields.String(
        allow_none=True,
        metadata={"description": "The incident, `scheme:id`; null if there is none."},
    )


class ShareOut(CompiledSchema):
    """What a figure contributes to one bound of one total."""

    outcomes = fields.List(
        EnumText(OUTCOME),
        metadata={
            "value": lambda share: sort_outcomes(share.outcomes),
            "description": "The joint set of the total.",
        },
    )
    bound = EnumText(RANGE_END, metadata={"description": "Which bound of the total."})
    end = EnumText(
        RANGE_END,
        metadata={"value": attrgetter("term.end"), "description": "Which end of the figure."},
    )
    times = fields.Float(
        metadata={
            "value": lambda share: to_number(share.term.multiplier),
            "description": "How often the end is added; negative if it is subtracted.",
        }
    )
    people = fields.Integer(
        metadata={
            "value": attrgetter("term.people"),
            "description": "The number of people at that end.",
        }
    )
    adds = fields.Float(
        metadata={
            "value": lambda share: to_number(contribution_of(share.term)),
            "description": "`times` multiplied by `people`: what the figure adds to the bound.",
        }
    )


class QueryFigureOut(CompiledSchema):
    """One figure that covers people of the query."""

    figure = fields.String(
        metadata={"value": attrgetter("figure.id"), "description": "The id of the figure."}
    )
    report = fields.String(
        metadata={"value": attrgetter("figure.report"), "description": "The id of its report."}
    )
    reporter = fields.String(
        metadata={"value": attrgetter("figure.reporter"), "description": "The id of its reporter."}
    )
    reporter_name = fields.String(metadata={"description": "The name of the reporter."})
    published_at = fields.String(
        allow_none=True,
        metadata={
            "description": "When it was published, a day or a timestamp; null if not stated."
        },
    )
    wording = fields.String(
        allow_none=True,
        metadata={"description": "The reporter's words; null if not sent, or redacted."},
    )
    low = fields.Integer(
        metadata={"value": attrgetter("figure.quantity.low"), "description": "The fewest people."}
    )
    high = fields.Integer(
        allow_none=True,
        metadata={
            "value": attrgetter("figure.quantity.high"),
            "description": "The most people; null if there is no upper bound.",
        },
    )
    soft = fields.List(
        EnumText(RANGE_END),
        metadata={
            "value": lambda each: [
                end for end in ("low", "high") if end in each.figure.quantity.soft
            ],
            "description": "The ends that rest on a convention of speech.",
        },
    )
    best = fields.Integer(
        allow_none=True,
        metadata={
            "value": attrgetter("figure.best"),
            "description": "The reporter's own best estimate; null if there is none.",
        },
    )
    scope = fields.Nested(
        FigureScopeOut,
        metadata={
            "value": attrgetter("figure.scope"),
            "description": "The people that it covers.",
        },
    )
    state = EnumText(REPORT_STATE, metadata={"description": "The state of its report."})
    counted = fields.Boolean(
        metadata={
            "value": lambda each: each.reason is None,
            "description": "Whether it is counted in the totals of the query.",
        }
    )
    reason = EnumText(
        EXCLUSION_REASON,
        allow_none=True,
        metadata={"description": "Why it is not counted; null if it is."},
    )
    proof = fields.List(
        fields.Nested(ShareOut),
        metadata={
            "value": attrgetter("shares"),
            "description": "What it contributes to the bounds of the totals; empty if they are "
            "proved without it.",
        },
    )


class QueryFiguresOut(CompiledSchema):
    """A page of the figures that cover people of the query."""

    as_of = fields.Nested(
        StateOut,
        metadata={
            "value": lambda page: page.result,
            "description": "The state of the record. The pages that follow are of the same state.",
        },
    )
    figures = fields.List(
        fields.Nested(QueryFigureOut),
        metadata={
            "description": "The counted figures in the order of recording, then those that were "
            "not counted."
        },
    )
    used_count = fields.Integer(
        metadata={
            "value": lambda page: len(page.result.used),
            "description": "How many counted figures there are, on all pages.",
        }
    )
    excluded_count = fields.Integer(
        metadata={
            "value": lambda page: len(page.result.excluded),
            "description": "How many figures there are that were not counted, on all pages.",
        }
    )
    next = fields.String(
        allow_none=True,
        metadata={
            "value": lambda page: None,
            "description": "The link to the next page, relative to the address of this request; "
            "null on the last page.",
        },
    )
