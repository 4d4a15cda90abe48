"""Totals on the wire: how they are asked for, and what is answered."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from marshmallow import ValidationError, fields, post_load

from schemas.as_of import AsOf
from schemas.base import Query
from schemas.fields import CommaList, Day, Flag, OneOf, Repeated, Schema, Slug
from schemas.lifecycle import EntryOut
from schemas.report_in import ordered
from service.domain.caveats import Caveat
from service.domain.public_event import Happening
from service.domain.total import Step
from service.domain.totals_query import CUTS, Question
from service.domain.totals_result import Answer, Part, Stated
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP, in_order

FORMATS = ("json", "csv", "geojson")


class TotalsOfPlaceQuery(Query):
    """How totals are asked for where the place stands in the address."""

    first = Day(data_key="from", metadata={"description": "First day, included."})
    last = Day(data_key="to", metadata={"description": "Last day, included."})
    outcomes = Repeated(
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
    by = OneOf(CUTS)
    by_reporter = OneOf(("true", "false"))
    explain = OneOf(("true", "false"))
    format = OneOf(FORMATS)

    @post_load
    def question(self, data: dict[str, Any], **kwargs: Any) -> tuple[Question, str | None]:
        """Return the question, and the format that it names (None where it does not)."""
        named = data.pop("format", None)
        first, last = data.pop("first", None), data.pop("last", None)
        sets = tuple(frozenset(each) for each in data.pop("outcomes", ()))
        if len(set(sets)) < len(sets):
            raise ValidationError({"outcomes": ["The same set is asked for twice."]})
        question = Question(
            period=ordered(first, last, "to"),
            outcomes=sets,
            exclude_parties=data.pop("party", None) == "exclude",
            straddling=data.pop("straddling", "include") == "include",
            by_reporter=data.pop("by_reporter", "false") == "true",
            explain=data.pop("explain", "false") == "true",
            **data,
        )
        return question, named


class TotalsQuery(TotalsOfPlaceQuery):
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


def written(answer: Answer) -> dict[str, Any]:
    """Return the answer as TotalsOut has it; built by hand, since a large one is long."""
    explain = answer.question.explain
    told: dict[str, Any] = {
        "query": _query(answer.question),
        "as_of": {"seq": answer.seq, "recorded_at": answer.recorded_at},
    }
    if answer.compared is not None:
        told["compared"] = asdict(answer.compared)
    told["totals"] = [_total(each, explain) for each in answer.totals]
    told["caveats"] = [_caveat(each) for each in answer.caveats]
    if answer.by_reporter is not None:
        told["by_reporter"] = [
            {"reporter": part.key, **_inside(part, explain)} for part in answer.by_reporter
        ]
    if answer.parts is not None:
        told["parts"] = [{"key": part.key, **_inside(part, explain)} for part in answer.parts]
    if answer.unplaced is not None:
        told["unplaced"] = [
            {"outcomes": in_order(each.outcomes), "low": each.low} for each in answer.unplaced
        ]
    told["used"] = [figure.id for figure in answer.used]
    told["excluded"] = [
        {"figure": left.figure.id, "reason": left.reason} for left in answer.excluded
    ]
    return told


def _inside(part: Part, explain: bool) -> dict[str, Any]:
    return {
        "name": part.name,
        "totals": [_total(each, explain) for each in part.totals],
        "caveats": [_caveat(each) for each in part.caveats],
    }


def _query(question: Question) -> dict[str, Any]:
    """Return the question with its defaults filled in; places [] is everywhere."""
    period = question.period
    return {
        "places": question.places,
        "from": period.first.isoformat() if period.first else None,
        "to": period.last.isoformat() if period.last else None,
        "outcomes": [in_order(each) for each in question.outcomes],
        "groups": question.groups or (ROOT_GROUP,),
        "reporters": question.reporters,
        "exclude_reporters": question.exclude_reporters,
        "party": "exclude" if question.exclude_parties else "include",
        "straddling": "include" if question.straddling else "exclude",
        "as_of": question.as_of,
        "compare": question.compare,
        "by": question.by,
    }


def _total(stated: Stated, explain: bool) -> dict[str, Any]:
    total = stated.total
    low, high = total.nearest or (None, None)
    told = {
        "outcomes": in_order(stated.outcomes),
        "reported": total.reported,
        "low": total.low,
        "high": total.high,
        "text": stated.text,
        "best": stated.best,
        "disputed": total.disputed,
        "nearest": {"low": low, "high": high} if total.nearest else None,
        "set_aside": {
            "floors": [figure.id for figure in total.floors_set_aside],
            "ceilings": [figure.id for figure in total.ceilings_set_aside],
        },
        "exact": total.exact,
        "figures": len(total.figures),
        "reporters": len({figure.reporter for figure in total.figures}),
    }
    if explain:
        told["because"] = {"low": _steps(total.because_low), "high": _steps(total.because_high)}
    if stated.change is not None:
        told["then"] = _total(stated.change.then, explain)
        told["events"] = [_entry(each) for each in stated.change.events]
        told["events_left_out"] = stated.change.left_out
    return told


def _entry(entry: Happening) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "recorded_at": entry.recorded_at,
        "kind": entry.kind,
        "subject": entry.subject,
        "data": entry.data,
    }


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {
            "figure": step.figure.id,
            "times": _plain(step.times),
            "end": step.end,
            "people": step.people,
        }
        for step in steps
    ]


def _plain(times: Fraction) -> int | float:
    return int(times) if times.denominator == 1 else float(times)


def _caveat(caveat: Caveat) -> dict[str, Any]:
    return {
        "code": caveat.code,
        "outcomes": in_order(caveat.outcomes),
        "figures": caveat.figures,
        "reports": caveat.reports,
        "reporters": caveat.reporters,
        "text": caveat.text,
    }
