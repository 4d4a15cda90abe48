"""Totals: the parameters of a query, and the answer."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple

from marshmallow import ValidationError, fields, missing, post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.compiled import CompiledSchema
from schemas.csv_form import ABOUT, BOM, CsvForm, pop_csv_form
from schemas.enums import (
    BOOLEAN_TEXT,
    BREAKDOWN,
    CAVEAT_CODE,
    EXCLUSION_REASON,
    INCLUSION,
    OUTCOME,
    PARTY_FILTER,
    TOTALS_FORMAT,
)
from schemas.fields import (
    SLUG_PATTERN,
    CommaList,
    Day,
    EnumText,
    FullMatch,
    OpenEnumText,
    RepeatedParameter,
    Slug,
)
from schemas.lifecycle import EntryOut
from schemas.proofs import MAX_IDS, BecauseOut
from schemas.report_in import make_period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import ROOT_GROUP, sort_outcomes
from service.domain.wording.range_text import total_text


class TotalsRequest(NamedTuple):
    """A query, the requested format (None if there is none), and the form of a CSV."""

    query: TotalsQuery
    format: str | None
    csv: CsvForm


def make_totals_query(data: dict[str, Any]) -> TotalsQuery:
    """Return the query of the loaded parameters; raises ValidationError if they do not agree."""
    outcome_sets = tuple(frozenset(each) for each in data.pop("outcomes", ()))
    if len(set(outcome_sets)) < len(outcome_sets):
        raise ValidationError({"outcomes": ["The same set is given twice."]})
    breakdown = data.pop("by", ())
    if "facet" in data and "group" not in breakdown:
        raise ValidationError({"facet": ["This requires by=group."]})
    return TotalsQuery(
        period=make_period(data.pop("first", None), data.pop("last", None), "to"),
        outcomes=outcome_sets,
        exclude_parties=data.pop("party", None) == "exclude",
        straddling=data.pop("straddling", "include") == "include",
        by=breakdown[0] if breakdown else None,
        by2=breakdown[1] if len(breakdown) > 1 else None,
        by_reporter=data.pop("by_reporter", "false") == "true",
        explain=data.pop("explain", "false") == "true",
        **data,
    )


class PlaceTotalsParameters(Parameters):
    """The parameters of the totals of one place."""

    first = Day(
        data_key="from",
        metadata={"description": "First day of the query, included. Default: unbounded."},
    )
    last = Day(
        data_key="to",
        metadata={
            "description": "Last day of the query, included; not before `from`. Default: unbounded."
        },
    )
    outcomes = RepeatedParameter(
        CommaList(EnumText(OUTCOME)),
        metadata={
            "description": "One joint set of outcomes, such as `killed,wounded`; repeat the "
            "parameter for more totals. Default: each outcome, every joint set of the counted "
            "figures in the scope, and all four."
        },
    )
    groups = CommaList(
        Slug(),
        data_key="group",
        metadata={
            "description": "Group ids. Of groups of one facet: people of one of them or a group "
            "below it. Of groups of different facets: people of all of them, such as women who are "
            "civilians; if nobody can be, it is a 422. Default: `everyone`."
        },
    )
    reporters = CommaList(
        Slug(),
        data_key="reporter",
        metadata={
            "description": "Reporter ids: count only figures of these. Default: every reporter."
        },
    )
    exclude_reporters = CommaList(
        Slug(),
        data_key="exclude_reporter",
        metadata={"description": "Reporter ids: leave out figures of these. Default: none."},
    )
    party = EnumText(
        PARTY_FILTER,
        metadata={
            "description": "`exclude`: leave out figures of reporters that are a party to the "
            "conflict. Default: count them."
        },
    )
    straddling = EnumText(
        INCLUSION,
        metadata={
            "description": "Whether to count figures that are not wholly inside the places, days "
            "and groups of the query; with `by`, of each part. Default: `include`."
        },
    )
    as_of = AsOf(
        metadata={
            "description": "Answer from the record as it was after this `seq`, or at this "
            "timestamp in UTC. Default: now. Still to come: 422."
        }
    )
    compare = AsOf(
        metadata={
            "description": "An earlier `seq` or timestamp, not later than `as_of`: each total then "
            "has `then`, its value at that time, and `events`, what changed since. Default: no "
            "comparison."
        }
    )
    by = CommaList(
        EnumText(BREAKDOWN),
        max_length=2,
        metadata={
            "description": "Break the totals down into `parts`: along one dimension, at most "
            "1,000 parts; or along two, such as `place,month`, a part for each pair, at most "
            "10,000. More: 422. Default: no parts."
        },
    )
    facet = fields.String(
        validate=FullMatch(
            f"^(?:own:)?{SLUG_PATTERN}$",
            error="This must be the facet of a group, such as side, or own: and the group's id.",
        ),
        metadata={
            "description": "With `by=group`: the facet of the groups that are the parts. A group "
            "without a facet has the facet `own:` and its id. Required if there are several (the "
            "422 names them). Default: the only one."
        },
    )
    by_reporter = EnumText(
        BOOLEAN_TEXT,
        metadata={
            "description": "`true`: add the totals of each reporter's figures alone. Default: "
            "`false`."
        },
    )
    explain = EnumText(
        BOOLEAN_TEXT,
        metadata={
            "description": "`true`: add the proof (`because`) of each total. Default: `false`."
        },
    )
    format = EnumText(
        TOTALS_FORMAT,
        metadata={
            "description": "The format of the answer; takes precedence over `Accept`. Default: "
            "`json`."
        },
    )
    bom = BOM
    about = ABOUT

    @post_load
    def load_request(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Return what ``make_request`` does."""
        return self.make_request(data)

    def make_request(self, data: dict[str, Any]) -> Any:
        """Return the query, and how the answer is written."""
        format_name, csv_form = data.pop("format", None), pop_csv_form(data)
        return TotalsRequest(make_totals_query(data), format_name, csv_form)


class TotalsParameters(PlaceTotalsParameters):
    """The parameters of totals."""

    places = CommaList(
        Slug(),
        data_key="place",
        metadata={
            "description": "Place ids. Of places of one division: people in one of them or a place "
            "below it. Of places of different divisions: people in all of them; if nobody can be, "
            "it is a 422. Default: everywhere."
        },
    )


MAX_REPORTERS: Final = 20
"""How many reporters ``coverage`` names."""


class RangeOut(CompiledSchema):
    """A range of people."""

    low = fields.Integer(
        metadata={"value": lambda ends: ends[0], "description": "The fewest people."}
    )
    high = fields.Integer(
        allow_none=True,
        metadata={
            "value": lambda ends: ends[1],
            "description": "The most people; null if no upper bound is known.",
        },
    )


class SetAsideOut(CompiledSchema):
    """The figures that contradict others, for each end of a total: the first 100."""

    floors = fields.List(
        fields.String(),
        metadata={
            "value": lambda total: [figure.id for figure in total.lows_set_aside[:MAX_IDS]],
            "description": "The ids of the figures whose low contradicts other figures.",
        },
    )
    ceilings = fields.List(
        fields.String(),
        metadata={
            "value": lambda total: [figure.id for figure in total.highs_set_aside[:MAX_IDS]],
            "description": "The ids of the figures whose high contradicts other figures.",
        },
    )


class SetAsideCountOut(CompiledSchema):
    """How many figures contradict others, for each end of a total."""

    floors = fields.Integer(
        metadata={
            "value": lambda total: len(total.lows_set_aside),
            "description": "How many figures have a low that contradicts others.",
        }
    )
    ceilings = fields.Integer(
        metadata={
            "value": lambda total: len(total.highs_set_aside),
            "description": "How many figures have a high that contradicts others.",
        }
    )


class PlacedOut(CompiledSchema):
    """The total of the figures that are wholly inside the query."""

    reported = fields.Boolean(
        metadata={
            "value": lambda placed: placed[0].is_reported,
            "description": "Whether there is such a figure.",
        }
    )
    low = fields.Integer(
        allow_none=True,
        metadata={
            "value": lambda placed: placed[0].low,
            "description": "The fewest people; null if `reported` is `false`.",
        },
    )
    high = fields.Integer(
        allow_none=True,
        metadata={
            "value": lambda placed: placed[0].high,
            "description": "The most people; null if there is no upper bound or `reported` is "
            "`false`.",
        },
    )
    text = fields.String(
        metadata={
            "value": lambda placed: placed[1],
            "description": "The total in English.",
        }
    )


class ThenOut(CompiledSchema):
    """The total of one joint set of outcomes."""

    OPTIONAL = frozenset({"because"})

    outcomes = fields.List(
        EnumText(OUTCOME),
        metadata={
            "value": lambda each: sort_outcomes(each.outcomes),
            "description": "The joint set: people with any of these outcomes.",
        },
    )
    reported = fields.Boolean(
        metadata={
            "value": attrgetter("total.is_reported"),
            "description": "Whether any counted figure covers people of the query. `false` is not "
            "a zero.",
        }
    )
    low = fields.Integer(
        allow_none=True,
        metadata={
            "value": attrgetter("total.low"),
            "description": "The fewest people for which all counted figures can be true; null if "
            "`reported` is `false`.",
        },
    )
    high = fields.Integer(
        allow_none=True,
        metadata={
            "value": attrgetter("total.high"),
            "description": "The most people for which all counted figures can be true; null if no "
            "upper bound is known or `reported` is `false`.",
        },
    )
    text = fields.String(
        metadata={"description": "The total in English, such as `at least 30 killed or wounded`."}
    )
    placed = fields.Nested(
        PlacedOut,
        metadata={
            "value": lambda each: (
                each.placed,
                total_text(each.placed, each.outcomes, each.placed_reach),
            ),
            "description": "The total of only those figures that are wholly inside the places, the "
            "period and the groups of the query: what is known to be here, without what may be.",
        },
    )
    best = fields.Integer(
        allow_none=True,
        metadata={
            "description": "The sum of the reporters' own best estimates if every counted figure "
            "has one (an exact figure is its own), is wholly inside the query and overlaps no "
            "other figure; else null.",
        },
    )
    disputed = fields.Boolean(
        metadata={
            "value": attrgetter("total.is_disputed"),
            "description": "Whether counted figures contradict each other and the two accounts of "
            "it (every high is true, every low is true) give this total different ranges. If that "
            "cannot be found out in time, it is true, and `exact` is false.",
        }
    )
    nearest = fields.Nested(
        RangeOut,
        allow_none=True,
        metadata={
            "value": attrgetter("total.nearest"),
            "description": "If the total is disputed: the range that violates the figures least. "
            "null if it is not disputed, or if the time budget ran out.",
        },
    )
    contradiction = fields.Integer(
        allow_none=True,
        metadata={
            "value": attrgetter("total.contradiction"),
            "description": "If the total is disputed: by how many people the reports must be "
            "violated at least, the least sum of shortfalls and excesses. null if it is not "
            "disputed, or if the time budget ran out.",
        },
    )
    set_aside = fields.Nested(
        SetAsideOut,
        metadata={
            "value": attrgetter("total"),
            "description": "The figures that contradict others; empty if it is not disputed.",
        },
    )
    set_aside_count = fields.Nested(
        SetAsideCountOut,
        metadata={
            "value": attrgetter("total"),
            "description": "How many figures `set_aside` has, beyond the first 100 too.",
        },
    )
    exact = fields.Boolean(
        metadata={
            "value": attrgetter("total.exact"),
            "description": "Whether both ends were proved. If `false`, because the record is large "
            "or the time budget ran out, the range may be wider than necessary, never narrower.",
        }
    )
    figures = fields.Integer(
        metadata={
            "value": lambda each: len(each.figures),
            "description": "How many counted figures cover people of the query.",
        }
    )
    reporters = fields.Integer(
        metadata={
            "value": lambda each: len(each.figures.count_by_reporter()),
            "description": "How many reporters gave these figures.",
        }
    )
    because = fields.Nested(
        BecauseOut,
        metadata={
            "value": attrgetter("total"),
            "description": "The proof of both ends. Only with `explain=true`.",
        },
    )


def _when_compared(name: str) -> Callable[[OutcomeTotal], Any]:
    """Return the function from a total to a field of its change; ``missing`` if there is none."""
    return lambda each: missing if each.change is None else getattr(each.change, name)


class TotalOut(ThenOut):
    """The total of one joint set of outcomes; with `compare` also its earlier value."""

    OPTIONAL = ThenOut.OPTIONAL | {"then", "events", "events_left_out"}

    then = fields.Nested(
        ThenOut,
        metadata={
            "value": _when_compared("then"),
            "description": "The total in the earlier state. Only with `compare`.",
        },
    )
    events = fields.List(
        fields.Nested(EntryOut),
        metadata={
            "value": _when_compared("events"),
            "description": "The events since the earlier state that concern the total, oldest "
            "first, at most 1,000. `data` of an event about a report has its `reporter` and its "
            "state before (`was`) and after it (`state`); the rest is in its history. Only with "
            "`compare`.",
        },
    )
    events_left_out = fields.Integer(
        metadata={
            "value": _when_compared("events_left_out"),
            "description": "How many earlier events are not listed. Only with `compare`.",
        }
    )


class CaveatOut(CompiledSchema):
    """A qualification of one total, as a code and as a sentence."""

    OPTIONAL = frozenset({"all"})

    code = OpenEnumText(
        CAVEAT_CODE,
        metadata={
            "description": "The code of a caveat of the service; or a caveat that a report states "
            "itself, with `own:` in front if it is spelled like a code of the service."
        },
    )
    outcomes = fields.List(
        EnumText(OUTCOME),
        metadata={
            "value": lambda caveat: sort_outcomes(caveat.outcomes),
            "description": "The joint set of the total that it qualifies.",
        },
    )
    figures = fields.List(
        fields.String(),
        metadata={
            "value": lambda caveat: caveat.figures,
            "description": "The ids of the figures that it is about, the first 100.",
        },
    )
    figures_count = fields.Integer(
        metadata={
            "value": lambda caveat: caveat.figure_count,
            "description": "How many figures it is about.",
        }
    )
    reports = fields.List(
        fields.String(),
        metadata={
            "value": lambda caveat: caveat.reports,
            "description": "The ids of the reports that it is about, the first 100.",
        },
    )
    reports_count = fields.Integer(
        metadata={
            "value": lambda caveat: caveat.report_count,
            "description": "How many reports it is about.",
        }
    )
    reporters = fields.List(
        fields.String(),
        metadata={
            "value": lambda caveat: caveat.reporters,
            "description": "The ids of the reporters that it is about, the first 100.",
        },
    )
    reporters_count = fields.Integer(
        metadata={
            "value": lambda caveat: caveat.reporter_count,
            "description": "How many reporters it is about.",
        }
    )
    all = fields.Boolean(
        metadata={
            "value": lambda caveat: missing if caveat.is_all is None else caveat.is_all,
            "description": "Whether every counted figure comes from a party to the conflict. Only "
            "with the code `party_to_conflict`.",
        }
    )
    text = fields.String(metadata={"description": "The caveat as a sentence in English."})


def _unless_none(name: str) -> Callable[[Any], Any]:
    """Return the function to the attribute of an object; ``missing`` if that is None."""

    def get_value(source: Any) -> Any:
        value = getattr(source, name)
        return missing if value is None else value

    return get_value


def _day_of(name: str) -> Callable[[Any], str | None]:
    """Return the function to the first or the last day of an object's period; None if open."""

    def get_day(source: Any) -> str | None:
        day = getattr(source.period, name)
        return None if day is None else str(day.isoformat())

    return get_day


class PartOut(CompiledSchema):
    """The totals of one part of the query."""

    OPTIONAL = frozenset({"key2", "name2"})

    key = fields.String(
        metadata={
            "description": "The id of the place, group or reporter, the outcome, or the calendar "
            "unit: `2024-12-14`, `2024-W50`, `2024-12` or `2024`."
        }
    )
    name = fields.String(metadata={"description": "The name of the part."})
    key2 = fields.String(
        metadata={
            "value": _unless_none("key2"),
            "description": "The key in the second dimension. Only with two dimensions in `by`.",
        }
    )
    name2 = fields.String(
        metadata={
            "value": _unless_none("name2"),
            "description": "The name in the second dimension. Only with two dimensions in `by`.",
        }
    )
    first = Day(
        data_key="from",
        allow_none=True,
        metadata={
            "value": _day_of("first"),
            "description": "First day of the part, included; null if unbounded.",
        },
    )
    last = Day(
        data_key="to",
        allow_none=True,
        metadata={
            "value": _day_of("last"),
            "description": "Last day of the part, included; null if unbounded.",
        },
    )
    totals = fields.List(
        fields.Nested(TotalOut),
        metadata={"description": "The totals of the part, in the order of the whole."},
    )
    caveats = fields.List(
        fields.Nested(CaveatOut), metadata={"description": "What qualifies these totals."}
    )


class ReporterTotalsOut(CompiledSchema):
    """The totals of one reporter's counted figures alone."""

    reporter = fields.String(
        metadata={"value": attrgetter("key"), "description": "The id of the reporter."}
    )
    name = fields.String(metadata={"description": "The name of the reporter."})
    totals = fields.List(
        fields.Nested(TotalOut), metadata={"description": "The totals, in the order of the whole."}
    )
    caveats = fields.List(
        fields.Nested(CaveatOut), metadata={"description": "What qualifies these totals."}
    )


class UnplacedOut(CompiledSchema):
    """The people of the whole's low who are in no one part."""

    outcomes = fields.List(
        EnumText(OUTCOME),
        metadata={
            "value": lambda each: sort_outcomes(each.outcomes),
            "description": "The joint set of the total.",
        },
    )
    low = fields.Integer(
        metadata={
            "description": "The low of the whole less the sum of the lows of the parts, at least 0."
        }
    )


class ExcludedOut(CompiledSchema):
    """A figure in the scope of the query that was not counted."""

    figure = fields.String(
        metadata={"value": attrgetter("figure.id"), "description": "The id of the figure."}
    )
    reason = EnumText(EXCLUSION_REASON, metadata={"description": "Why it was not counted."})


class StateOut(CompiledSchema):
    """A state of the record."""

    seq = fields.Integer(
        metadata={
            "description": "The last event of the event log in this state; 0 if there is none."
        }
    )
    recorded_at = fields.String(
        allow_none=True,
        metadata={
            "description": "When that event was recorded: a timestamp in UTC; null if there is "
            "none."
        },
    )


class QueryOut(CompiledSchema):
    """The query with its defaults filled in and merged ids replaced."""

    places = fields.List(
        fields.String(), metadata={"description": "Place ids; empty for everywhere."}
    )
    first = Day(
        data_key="from",
        allow_none=True,
        metadata={
            "value": _day_of("first"),
            "description": "First day, included; null if unbounded.",
        },
    )
    last = Day(
        data_key="to",
        allow_none=True,
        metadata={
            "value": _day_of("last"),
            "description": "Last day, included; null if unbounded.",
        },
    )
    outcomes = fields.List(
        fields.List(EnumText(OUTCOME)),
        metadata={
            "value": lambda query: [sort_outcomes(each) for each in query.outcomes],
            "description": "The joint sets that were requested; empty for the default totals.",
        },
    )
    groups = fields.List(
        fields.String(),
        metadata={
            "value": lambda query: query.groups or (ROOT_GROUP,),
            "description": "Group ids.",
        },
    )
    reporters = fields.List(
        fields.String(), metadata={"description": "Reporter ids; empty for every reporter."}
    )
    exclude_reporters = fields.List(
        fields.String(), metadata={"description": "The ids of reporters that are left out."}
    )
    party = EnumText(
        INCLUSION,
        metadata={
            "value": lambda query: "exclude" if query.exclude_parties else "include",
            "description": "Whether figures of parties to the conflict are counted.",
        },
    )
    straddling = EnumText(
        INCLUSION,
        metadata={
            "value": lambda query: "include" if query.straddling else "exclude",
            "description": "Whether figures are counted that are not wholly inside the query.",
        },
    )
    as_of = fields.Raw(
        allow_none=True,
        metadata={
            "type": ["integer", "string"],
            "description": "`as_of` as it was requested; null for now.",
        },
    )
    compare = fields.Raw(
        allow_none=True,
        metadata={
            "type": ["integer", "string"],
            "description": "`compare` as it was requested; null for no comparison.",
        },
    )
    by = fields.String(
        allow_none=True,
        metadata={
            "value": lambda query: ",".join(query.breakdown) or None,
            "description": "The dimensions of the breakdown, such as `place` or `place,month`; "
            "null if there is none.",
        },
    )
    facet = fields.String(
        allow_none=True,
        metadata={"description": "`facet` as it was requested; null if it was not."},
    )


class ReporterCoverageOut(CompiledSchema):
    """A reporter of counted figures."""

    id = fields.String(metadata={"description": "The id of the reporter."})
    name = fields.String(metadata={"description": "The name of the reporter."})
    party = fields.Boolean(
        metadata={"description": "Whether the reporter is a party to the conflict."}
    )
    figures = fields.Integer(
        metadata={"description": "How many of the counted figures are the reporter's."}
    )


class CoverageOut(CompiledSchema):
    """What the counted figures that cover people of the query are about."""

    first = Day(
        data_key="from",
        allow_none=True,
        metadata={
            "value": _day_of("first"),
            "description": "Their first day; null if one of them states no first day, or if there "
            "are none.",
        },
    )
    last = Day(
        data_key="to",
        allow_none=True,
        metadata={
            "value": _day_of("last"),
            "description": "Their last day; null if there are none.",
        },
    )
    published = fields.String(
        allow_none=True,
        metadata={
            "description": "The latest `published_at` of their reports, a day or a timestamp; null "
            "if none has one."
        },
    )
    reports = fields.Integer(metadata={"description": "How many reports they are in."})
    figures = fields.Integer(metadata={"description": "How many figures there are."})
    reporters = fields.List(
        fields.Nested(ReporterCoverageOut),
        metadata={
            "value": lambda coverage: coverage.reporters[:MAX_REPORTERS],
            "description": "Their reporters, those with the most figures first, at most 20.",
        },
    )


class TotalsOut(CompiledSchema):
    """The answer to one query for totals."""

    OPTIONAL = frozenset({"compared", "by_reporter", "parts", "unplaced", "figures"})

    query = fields.Nested(
        QueryOut,
        metadata={"description": "The query with its defaults filled in and merged ids replaced."},
    )
    as_of = fields.Nested(
        StateOut,
        metadata={
            "value": lambda result: result,
            "description": "The state of the record that the answer was computed from.",
        },
    )
    compared = fields.Nested(
        StateOut,
        metadata={
            "value": _unless_none("compared"),
            "description": "The earlier state. Only with `compare`.",
        },
    )
    totals = fields.List(
        fields.Nested(TotalOut),
        metadata={
            "description": "One total for each joint set: in the requested order, or single "
            "outcomes, joint sets of counted figures, and all four."
        },
    )
    caveats = fields.List(
        fields.Nested(CaveatOut), metadata={"description": "What qualifies the totals."}
    )
    by_reporter = fields.List(
        fields.Nested(ReporterTotalsOut),
        metadata={
            "value": _unless_none("by_reporter"),
            "description": "The totals of each reporter's counted figures alone, by id. Only with "
            "`by_reporter=true`.",
        },
    )
    parts = fields.List(
        fields.Nested(PartOut),
        metadata={
            "value": _unless_none("parts"),
            "description": "The totals of each part. Only with `by`.",
        },
    )
    unplaced = fields.List(
        fields.Nested(UnplacedOut),
        metadata={
            "value": _unless_none("unplaced"),
            "description": "For each total, how many people the low of the whole has beyond the "
            "sum of the lows of the parts. They are in no one part for certain, and may be in "
            "none. Only with `by`, and only if the parts share no people: not for reporters, nor "
            "for places of several divisions.",
        },
    )
    coverage = fields.Nested(
        CoverageOut,
        metadata={
            "description": "What the counted figures that cover people of the query are about."
        },
    )
    used = fields.List(
        fields.String(),
        metadata={
            "value": lambda result: [figure.id for figure in result.used[:MAX_IDS]],
            "description": "The ids of the counted figures that cover people of the query, the "
            "first 100.",
        },
    )
    used_count = fields.Integer(
        metadata={
            "value": lambda result: len(result.used),
            "description": "How many such figures there are.",
        }
    )
    excluded = fields.List(
        fields.Nested(ExcludedOut),
        metadata={
            "value": lambda result: result.excluded[:MAX_IDS],
            "description": "The figures that cover people of the query and were not counted, the "
            "first 100.",
        },
    )
    excluded_count = fields.Integer(
        metadata={
            "value": lambda result: len(result.excluded),
            "description": "How many such figures there are.",
        }
    )
    figures = fields.String(
        metadata={
            "value": lambda result: missing,
            "description": "The link to all of these figures, page by page, with their words and "
            "their shares in the proofs. It is relative to the address of this request. A preview "
            "has none.",
        }
    )


def _paths_of_proofs() -> list[str]:
    return [
        f"{totals}.{path}"
        for totals in ("totals", "parts.totals", "by_reporter.totals")
        for path in ("because", "then.because")
    ]


_SCHEMA_WITH_PROOFS: Final = TotalsOut()
_SCHEMA_WITHOUT_PROOFS: Final = TotalsOut(exclude=_paths_of_proofs())


def dump_totals(result: TotalsResult, figures_link: str | None = None) -> dict[str, Any]:
    """Return the answer as JSON, with proofs if the query asks for them."""
    schema = _SCHEMA_WITH_PROOFS if result.query.explain else _SCHEMA_WITHOUT_PROOFS
    content = schema.to_json(result)
    return content if figures_link is None else {**content, "figures": figures_link}
