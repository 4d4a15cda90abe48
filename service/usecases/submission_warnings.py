"""What a posted report makes one ask; none of it refuses anything."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from service.domain.figure import Figure
from service.domain.report import Report, ReportWarning, counted_figures
from service.store import reports
from service.store.interface import Connection
from service.store.state_loader import find_possible_contradictions
from service.usecases.resolve_entities import Resolver

TOLD: Final = 20
"""So many others that contradict one figure are named; a total finds them all."""


def warnings(db: Connection, report: Report, named: Resolver) -> tuple[ReportWarning, ...]:
    """Return the remarks on a report that is about to be recorded, with all that it names."""
    return (
        *_conflicts(db, report, named),
        *_relays(db, report),
        *_namesakes(report, named),
    )


def _conflicts(db: Connection, report: Report, named: Resolver) -> Iterator[ReportWarning]:
    """Yield a remark where one of the report's figures is within another and yet outnumbers it.

    The other is the reporter's own, of this report or of a live one: a day beside a running total
    that has fallen, a village beside its region. Contradictions of three and more figures are left
    to the totals, which find them all.
    """
    if report.relays is not None:
        return
    figures = counted_figures(report)
    pairs: list[tuple[Figure, Figure]] = []
    for position, figure in enumerate(figures):
        rivals = find_possible_contradictions(
            db, figure, report.supersedes, named.line_of(figure.scope.places)
        )
        others = (*rivals, *figures[:position])
        found = ((figure, other) for other in others if _contradict(figure, other, named))
        pairs += islice(found, TOLD)
    if pairs:
        yield ReportWarning(
            "same_reporter_conflict",
            "The reporter's own figures contradict each other;"
            " did you mean supersedes, or an incident?",
            figures=tuple(dict.fromkeys(figure.id for figure, _ in pairs)),
            reports=tuple(dict.fromkeys(other.report for _, other in pairs)),
        )


def _contradict(one: Figure, other: Figure, named: Resolver) -> bool:
    return _outnumbers(one, other, named) or _outnumbers(other, one, named)


def _outnumbers(part: Figure, whole: Figure, named: Resolver) -> bool:
    """Whether the part's floor is above the ceiling of a figure that it lies in."""
    ceiling = whole.quantity.high
    return ceiling is not None and part.quantity.low > ceiling and _lies_in(part, whole, named)


def _lies_in(part: Figure, whole: Figure, named: Resolver) -> bool:
    inner, outer = part.scope, whole.scope
    event = (outer.incident, whole.reclassifies)
    return (
        event in ((None, None), (inner.incident, part.reclassifies))
        and inner.period.is_within(outer.period)
        and inner.outcomes <= outer.outcomes
        and all(named.lies_in("place", place, outer.places) for place in inner.places)
        and all(named.lies_in("group", group, outer.groups) for group in inner.groups)
    )


def _relays(db: Connection, report: Report) -> Iterator[ReportWarning]:
    if report.relays is not None:
        return
    found: dict[str, list[str]] = {}
    for figure, sent in zip(counted_figures(report), report.figures, strict=True):
        for other in reports.find_same_wording(db, figure, sent.wording, report.quote):
            found.setdefault(other, []).append(figure.id)
    for other, figures in found.items():
        yield ReportWarning(
            "possible_relay",
            f"Another reporter's report {other} says the same words of the same days and places;"
            " did you mean relays?",
            figures=tuple(figures),
            reports=(other,),
        )


def _namesakes(report: Report, named: Resolver) -> Iterator[ReportWarning]:
    places = (*report.places, *(place for figure in report.figures for place in figure.places))
    known = (named.known("place", id) for id in dict.fromkeys(places))
    found = {place.id: place for place in known if place is not None}  # Two ids may name one.
    for id, others in named.namesakes("place", found.values()).items():
        if others:
            yield ReportWarning(
                "ambiguous_place",
                f"{found[id].name} is also the name of {', '.join(others)};"
                f" is {id} the one that is meant?",
                places=(id, *others),
            )
