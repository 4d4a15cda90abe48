"""Totals on the wire: how they are asked for, and what is answered."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from marshmallow import ValidationError, fields, post_load

from schemas.as_of import AsOf
from schemas.base import Parameters
from schemas.fields import CommaList, Day, Flag, OneOf, RepeatedParameter, Schema, Slug
from schemas.lifecycle import EntryOut
from schemas.report_in import make_period
from service.domain.caveats import Caveat
from service.domain.public_event import PublicEvent
from service.domain.total import Term
from service.domain.totals_query import BREAKDOWNS, TotalsQuery
from service.domain.totals_result import OutcomeTotal, Part, TotalsResult
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP, sort_outcomes

TOTALS_FORMATS = ("json", "csv", "geojson")


class PlaceTotalsParameters(Parameters):
    """How totals are asked for where the place stands in the address."""

    first = Day(data_key="from", metadata={"description": "First day, included."})
    last = Day(data_key="to", metadata={"description": "Last day, included."})
    outcomes = RepeatedParameter(
        CommaList(OneOf(OUTCOMES)),
        metadata={"description": "One joint set, such as killed,wounded; repeat it for more."},
    )
    groups = CommaList(Slug(), data_key="group")
    reporters = CommaList(Slug(), data_key="reporter")
    exclude_reporters = CommaList(Slug(), data_key="exclude_reporter")
    party = OneOf(("exclude",))
    straddling = OneOf(("include", "exclude"))
    as_of = AsOf()
    compare = AsOf(description="An earlier instant or seq, to tell what each total was then.")
    by = OneOf(BREAKDOWNS)
    by_reporter = OneOf(("true", "false"))
    explain = OneOf(("true", "false"))
    format = OneOf(TOTALS_FORMATS)

    @post_load
    def load_query(self, data: dict[str, Any], **kwargs: Any) -> tuple[TotalsQuery, str | None]:
        """Return the question, and the format that it names (None where it does not)."""
        format_name = data.pop("format", None)
        first, last = data.pop("first", None), data.pop("last", None)
        outcome_sets = tuple(frozenset(each) for each in data.pop("outcomes", ()))
        if len(set(outcome_sets)) < len(outcome_sets):
            raise ValidationError({"outcomes": ["The same set is asked for twice."]})
        query = TotalsQuery(
            period=make_period(first, last, "to"),
            outcomes=outcome_sets,
            exclude_parties=data.pop("party", None) == "exclude",
            straddling=data.pop("straddling", "include") == "include",
            by_reporter=data.pop("by_reporter", "false") == "true",
            explain=data.pop("explain", "false") == "true",
            **data,
        )
        return query, format_name


class TotalsParameters(PlaceTotalsParameters):
    """How totals are asked for."""

    places = CommaList(Slug(), data_key="place")


class StepOut(Schema):
    """One line of a proof."""

    figure = fields.String(metadata={"description": "The figure's id."})
    times = fields.Float(metadata={"description": "Below zero where the end is taken off."})
    end = OneOf(("low", "high"))
    people = fields.Integer(metadata={"description": "The number at that end of the figure."})


class BecauseOut(Schema):
    """Which ends of which figures add up to the bounds."""

    low = fields.List(fields.Nested(StepOut))
    high = fields.List(fields.Nested(StepOut))


class RangeOut(Schema):
    """A low and a high; a high of null is open."""

    low = fields.Integer()
    high = fields.Integer(allow_none=True)


class SetAsideOut(Schema):
    """Figures whose floor or ceiling contradicts others."""

    floors = fields.List(fields.String())
    ceilings = fields.List(fields.String())


class ThenOut(Schema):
    """What is known of one set of outcomes."""

    outcomes = fields.List(fields.String(metadata={"enum": list(OUTCOMES)}))
    reported = Flag()
    low = fields.Integer(allow_none=True)
    high = fields.Integer(allow_none=True)
    text = fields.String()
    best = fields.Integer(allow_none=True)
    disputed = Flag()
    nearest = fields.Nested(RangeOut, allow_none=True)
    set_aside = fields.Nested(SetAsideOut)
    exact = Flag()
    figures = fields.Integer()
    reporters = fields.Integer()
    because = fields.Nested(BecauseOut, metadata={"description": "With explain=true."})


class TotalOut(ThenOut):
    """What is known of one set of outcomes; with compare, what was known then too."""

    then = fields.Nested(ThenOut, metadata={"description": "With compare: what it was then."})
    events = fields.List(
        fields.Nested(EntryOut),
        metadata={
            "description": "With compare: what touched it since, oldest first. Of a report the data"
            " say the reporter and the state before (was) and after; the rest is in its history."
        },
    )
    events_left_out = fields.Integer(
        metadata={"description": "With compare: how many earlier events are not listed."}
    )


class CaveatOut(Schema):
    """What qualifies a total, in a code and in a sentence."""

    code = fields.String()
    outcomes = fields.List(fields.String())
    figures = fields.List(fields.String())
    reports = fields.List(fields.String())
    reporters = fields.List(fields.String())
    text = fields.String()


class PartOut(Schema):
    """The totals of one part of the asked scope."""

    key = fields.String()
    name = fields.String()
    totals = fields.List(fields.Nested(TotalOut))
    caveats = fields.List(fields.Nested(CaveatOut))


class ReporterTotalsOut(Schema):
    """The totals of one reporter's figures alone."""

    reporter = fields.String()
    name = fields.String()
    totals = fields.List(fields.Nested(TotalOut))
    caveats = fields.List(fields.Nested(CaveatOut))


class UnplacedOut(Schema):
    """How many people of the whole's low lie in no one part."""

    outcomes = fields.List(fields.String())
    low = fields.Integer()


class ExcludedOut(Schema):
    """A figure in the asked scope that was not counted."""

    figure = fields.String()
    reason = OneOf(("retracted", "superseded", "relay", "straddles"))


class StateOut(Schema):
    """The entry of the ledger that the answer is as of."""

    seq = fields.Integer()
    recorded_at = fields.String(allow_none=True)


class TotalsOut(Schema):
    """The answer to one question."""

    query = fields.Dict()
    as_of = fields.Nested(StateOut)
    compared = fields.Nested(StateOut, metadata={"description": "With compare."})
    totals = fields.List(fields.Nested(TotalOut))
    caveats = fields.List(fields.Nested(CaveatOut))
    by_reporter = fields.List(
        fields.Nested(ReporterTotalsOut), metadata={"description": "With by_reporter=true."}
    )
    parts = fields.List(fields.Nested(PartOut), metadata={"description": "With by."})
    unplaced = fields.List(
        fields.Nested(UnplacedOut),
        metadata={"description": "With by, for parts that are disjoint."},
    )
    used = fields.List(fields.String())
    excluded = fields.List(fields.Nested(ExcludedOut))


def dump_totals(result: TotalsResult) -> dict[str, Any]:
    """Return the answer as TotalsOut has it; built by hand, since a large one is long."""
    explain = result.query.explain
    document: dict[str, Any] = {
        "query": _dump_query(result.query),
        "as_of": {"seq": result.seq, "recorded_at": result.recorded_at},
    }
    if result.compared is not None:
        document["compared"] = asdict(result.compared)
    document["totals"] = [_dump_total(each, explain) for each in result.totals]
    document["caveats"] = [_dump_caveat(each) for each in result.caveats]
    if result.by_reporter is not None:
        document["by_reporter"] = [
            {"reporter": part.key, **_dump_part(part, explain)} for part in result.by_reporter
        ]
    if result.parts is not None:
        document["parts"] = [
            {"key": part.key, **_dump_part(part, explain)} for part in result.parts
        ]
    if result.unplaced is not None:
        document["unplaced"] = [
            {"outcomes": sort_outcomes(each.outcomes), "low": each.low} for each in result.unplaced
        ]
    document["used"] = [figure.id for figure in result.used]
    document["excluded"] = [
        {"figure": excluded.figure.id, "reason": excluded.reason} for excluded in result.excluded
    ]
    return document


def _dump_part(part: Part, explain: bool) -> dict[str, Any]:
    return {
        "name": part.name,
        "totals": [_dump_total(each, explain) for each in part.totals],
        "caveats": [_dump_caveat(each) for each in part.caveats],
    }


def _dump_query(query: TotalsQuery) -> dict[str, Any]:
    """Return the question with its defaults filled in; places [] is everywhere."""
    period = query.period
    return {
        "places": query.places,
        "from": period.first.isoformat() if period.first else None,
        "to": period.last.isoformat() if period.last else None,
        "outcomes": [sort_outcomes(each) for each in query.outcomes],
        "groups": query.groups or (ROOT_GROUP,),
        "reporters": query.reporters,
        "exclude_reporters": query.exclude_reporters,
        "party": "exclude" if query.exclude_parties else "include",
        "straddling": "include" if query.straddling else "exclude",
        "as_of": query.as_of,
        "compare": query.compare,
        "by": query.by,
    }


def _dump_total(outcome_total: OutcomeTotal, explain: bool) -> dict[str, Any]:
    total = outcome_total.total
    low, high = total.nearest or (None, None)
    document = {
        "outcomes": sort_outcomes(outcome_total.outcomes),
        "reported": total.is_reported,
        "low": total.low,
        "high": total.high,
        "text": outcome_total.text,
        "best": outcome_total.best,
        "disputed": total.is_disputed,
        "nearest": {"low": low, "high": high} if total.nearest else None,
        "set_aside": {
            "floors": [figure.id for figure in total.lows_set_aside],
            "ceilings": [figure.id for figure in total.highs_set_aside],
        },
        "exact": total.exact,
        "figures": len(total.figures),
        "reporters": len({figure.reporter for figure in total.figures}),
    }
    if explain:
        document["because"] = {
            "low": _dump_terms(total.low_terms),
            "high": _dump_terms(total.high_terms),
        }
    if outcome_total.change is not None:
        document["then"] = _dump_total(outcome_total.change.then, explain)
        document["events"] = [_dump_event(each) for each in outcome_total.change.events]
        document["events_left_out"] = outcome_total.change.events_left_out
    return document


def _dump_event(event: PublicEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "recorded_at": event.recorded_at,
        "kind": event.kind,
        "subject": event.subject,
        "data": event.data,
    }


def _dump_terms(terms: Sequence[Term]) -> list[dict[str, Any]]:
    return [
        {
            "figure": term.figure.id,
            "times": _to_json_number(term.multiplier),
            "end": term.end,
            "people": term.people,
        }
        for term in terms
    ]


def _to_json_number(multiplier: Fraction) -> int | float:
    return int(multiplier) if multiplier.denominator == 1 else float(multiplier)


def _dump_caveat(caveat: Caveat) -> dict[str, Any]:
    return {
        "code": caveat.code,
        "outcomes": sort_outcomes(caveat.outcomes),
        "figures": caveat.figures,
        "reports": caveat.reports,
        "reporters": caveat.reporters,
        "text": caveat.text,
    }
