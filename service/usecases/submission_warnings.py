"""Warnings about a submitted report. A warning is a question to the sender and rejects nothing."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from service.domain.figure import Figure
from service.domain.report import Report, ReportWarning, counted_figures
from service.store import reports
from service.store.interface import Connection
from service.store.state_loader import find_possible_contradictions
from service.usecases.resolve_entities import EntityResolver

MAX_CONTRADICTIONS: Final = 20
"""How many contradicting figures are named for one figure. A total finds them all."""


def find_warnings(
    db: Connection, report: Report, resolver: EntityResolver
) -> tuple[ReportWarning, ...]:
    """Return the warnings about a report that is about to be recorded; reads only."""
    return (
        *_find_own_conflicts(db, report, resolver),
        *_find_possible_relays(db, report),
        *_find_ambiguous_places(report, resolver),
    )


def _find_own_conflicts(
    db: Connection, report: Report, resolver: EntityResolver
) -> Iterator[ReportWarning]:
    """Yield a warning if a figure's scope is within that of another one, and its low is above.

    Both are of the same reporter, in this report or in a live one: a day and a running total that
    has fallen, a village and its region. Contradictions of three and more figures are found by the
    totals only.
    """
    if report.relays is not None:
        return
    figures = counted_figures(report)
    pairs: list[tuple[Figure, Figure]] = []
    for position, figure in enumerate(figures):
        candidates = find_possible_contradictions(
            db, figure, report.supersedes, resolver.list_with_ancestors(figure.scope.places)
        )
        others = (*candidates, *figures[:position])
        contradicting = (
            (figure, other) for other in others if _are_contradictory(figure, other, resolver)
        )
        pairs += islice(contradicting, MAX_CONTRADICTIONS)
    if pairs:
        yield ReportWarning(
            "same_reporter_conflict",
            "The reporter's own figures contradict each other;"
            " did you mean supersedes, or an incident?",
            figures=tuple(dict.fromkeys(figure.id for figure, _ in pairs)),
            reports=tuple(dict.fromkeys(other.report for _, other in pairs)),
        )


def _are_contradictory(one: Figure, other: Figure, resolver: EntityResolver) -> bool:
    return _has_low_above_high(one, other, resolver) or _has_low_above_high(other, one, resolver)


def _has_low_above_high(part: Figure, whole: Figure, resolver: EntityResolver) -> bool:
    """Whether the low of ``part`` is above the high of a figure whose scope contains it."""
    ceiling = whole.quantity.high
    return (
        ceiling is not None
        and part.quantity.low > ceiling
        and _is_scope_within(part, whole, resolver)
    )


def _is_scope_within(part: Figure, whole: Figure, resolver: EntityResolver) -> bool:
    inner, outer = part.scope, whole.scope
    event = (outer.incident, whole.reclassifies)
    return (
        event in ((None, None), (inner.incident, part.reclassifies))
        and inner.period.is_within(outer.period)
        and inner.outcomes <= outer.outcomes
        and all(resolver.is_in_or_below("place", place, outer.places) for place in inner.places)
        and all(resolver.is_in_or_below("group", group, outer.groups) for group in inner.groups)
    )


def _find_possible_relays(db: Connection, report: Report) -> Iterator[ReportWarning]:
    if report.relays is not None:
        return
    figures_by_report: dict[str, list[str]] = {}
    for figure, reported in zip(counted_figures(report), report.figures, strict=True):
        for other in reports.find_same_wording(db, figure, reported.wording, report.quote):
            figures_by_report.setdefault(other, []).append(figure.id)
    for other, figures in figures_by_report.items():
        yield ReportWarning(
            "possible_relay",
            f"Another reporter's report {other} says the same words of the same days and places;"
            " did you mean relays?",
            figures=tuple(figures),
            reports=(other,),
        )


def _find_ambiguous_places(report: Report, resolver: EntityResolver) -> Iterator[ReportWarning]:
    places = (*report.places, *(place for figure in report.figures for place in figure.places))
    known = (resolver.get("place", place) for place in dict.fromkeys(places))
    # Two ids may name the same place.
    places_by_id = {place.id: place for place in known if place is not None}
    for place_id, others in resolver.find_namesakes("place", places_by_id.values()).items():
        if others:
            yield ReportWarning(
                "ambiguous_place",
                f"{places_by_id[place_id].name} is also the name of {', '.join(others)};"
                f" is {place_id} the one that is meant?",
                places=(place_id, *others),
            )
