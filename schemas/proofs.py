"""Proofs of totals: the terms that add up to each end, the largest first."""

from collections.abc import Sequence
from fractions import Fraction
from operator import attrgetter, itemgetter
from typing import Any, Final

from marshmallow import fields

from schemas.compiled import CompiledSchema
from schemas.enums import RANGE_END
from schemas.fields import EnumText
from service.domain.caveats import MAX_LISTED
from service.domain.term_list import TermList, list_terms
from service.domain.total import End, RoundedSum, Term

MAX_IDS: Final = MAX_LISTED
"""How many members such a list of an answer holds; their count stands beside it."""


def to_number(value: Fraction) -> int | float:
    """Return the fraction as a number of JSON, whole numbers without a fraction."""
    return int(value) if value.denominator == 1 else float(value)


def contribution_of(term: Term) -> Fraction:
    """Return how many people the term adds to its bound; negative if it subtracts."""
    return term.multiplier * term.people


def _sum_by_reporter(terms: TermList) -> list[tuple[str, int, Fraction]]:
    """Return reporter, number of figures and sum of contributions, the largest sums first."""
    sums = terms.sum_by_reporter()
    ordered = sorted(sums, key=lambda reporter: (-abs(sums[reporter].people), reporter))
    return [(each, *sums[each]) for each in ordered[:MAX_IDS]]


class StepOut(CompiledSchema):
    """One term of a proof: an end of a figure, and how often it is added."""

    figure = fields.String(
        metadata={
            "value": attrgetter("figure.id"),
            "description": "The id of the figure.",
        }
    )
    times = fields.Float(
        metadata={
            "value": lambda term: to_number(term.multiplier),
            "description": "How often the end is added; negative if it is subtracted.",
        }
    )
    end = EnumText(RANGE_END, metadata={"description": "Which end of the figure."})
    people = fields.Integer(metadata={"description": "The number of people at that end."})
    adds = fields.Float(
        metadata={
            "value": lambda term: to_number(contribution_of(term)),
            "description": "`times` multiplied by `people`: what the term adds to the bound.",
        }
    )
    reporter = fields.String(
        metadata={
            "value": attrgetter("figure.reporter"),
            "description": "The id of the figure's reporter.",
        }
    )


class ReporterSumOut(CompiledSchema):
    """The terms of a proof that come from one reporter, added up."""

    reporter = fields.String(
        metadata={"value": itemgetter(0), "description": "The id of the reporter."}
    )
    figures = fields.Integer(
        metadata={
            "value": itemgetter(1),
            "description": "How many of its figures are in the proof.",
        }
    )
    adds = fields.Float(
        metadata={
            "value": lambda each: to_number(each[2]),
            "description": "What they add to the bound altogether.",
        }
    )


class RoundingOut(CompiledSchema):
    """A step of a proof: the sum of some terms is replaced by whole people before more is added."""

    terms = fields.List(
        fields.Nested(StepOut),
        metadata={
            "value": lambda rounding: rounding.terms[:MAX_IDS],
            "description": "The terms, the largest first, at most 100. They are among those of the "
            "proof.",
        },
    )
    terms_count = fields.Integer(
        metadata={
            "value": lambda rounding: len(rounding.terms),
            "description": "How many terms are added up.",
        }
    )
    sum = fields.Float(
        metadata={
            "value": lambda rounding: to_number(rounding.terms_sum),
            "description": "What the terms add up to.",
        }
    )
    people = fields.Integer(metadata={"description": "The whole people that replace the sum."})
    search = fields.Boolean(
        metadata={
            "value": attrgetter("needs_search"),
            "description": "Whether `people` is more than the sum rounded: a search over whole "
            "numbers proved the rest.",
        }
    )


def _select_roundings(roundings: Sequence[RoundedSum]) -> list[RoundedSum]:
    return sorted(roundings, key=lambda each: -abs(each.people))[:MAX_IDS]


def _list_terms(end: End, description: str) -> fields.List[Any]:
    """Return the field of the largest terms of the end."""
    return fields.List(
        fields.Nested(StepOut),
        metadata={
            "value": lambda total: list_terms(total, end)[:MAX_IDS],
            "description": description,
        },
    )


def _list_roundings(end: End) -> fields.List[Any]:
    """Return the field of the sums of the end's terms that are rounded."""
    return fields.List(
        fields.Nested(RoundingOut),
        metadata={
            "value": lambda total: _select_roundings(getattr(total, f"{end}_roundings")),
            "description": "The sums that are rounded to whole people before more is added, at "
            f"most 100. With them the terms add up to the {end}.",
        },
    )


def _count(name: str, description: str) -> fields.Integer:
    """Return the field of the length of a list of the total."""
    return fields.Integer(
        metadata={
            "value": lambda total: len(getattr(total, name)),
            "description": description,
        }
    )


def _list_reporter_sums(end: End) -> fields.List[Any]:
    """Return the field of what each reporter adds to the end."""
    return fields.List(
        fields.Nested(ReporterSumOut),
        metadata={
            "value": lambda total: _sum_by_reporter(list_terms(total, end)),
            "description": f"All terms of the {end}, added up by reporter before any rounding, the "
            "largest sums first, at most 100.",
        },
    )


class BecauseOut(CompiledSchema):
    """The proof of a total: terms that add up to its ends.

    A list has the 100 largest terms; `/v1/totals/figures` has all of them.
    """

    low = _list_terms(
        "low",
        "Terms whose sum is the low, once `low_roundings` are applied. The largest first, at most "
        "100.",
    )
    low_roundings = _list_roundings("low")
    low_roundings_count = _count("low_roundings", "How many sums are rounded.")
    low_count = _count("low_terms", "How many terms the proof of the low has.")
    low_by_reporter = _list_reporter_sums("low")
    high = _list_terms(
        "high",
        "Terms whose sum is the high, once `high_roundings` are applied; empty if it is null. The "
        "largest first, at most 100.",
    )
    high_roundings = _list_roundings("high")
    high_roundings_count = _count("high_roundings", "How many sums are rounded.")
    high_count = _count("high_terms", "How many terms the proof of the high has.")
    high_by_reporter = _list_reporter_sums("high")
