"""What a posted report makes one ask; none of it refuses anything."""

from collections.abc import Iterable, Iterator

from service.domain.figure import Figure
from service.domain.report import Remark, Report, counted
from service.store import reports
from service.store.claims import live_figures_on
from service.store.sqlite import Database
from service.usecases.mentions import Resolver


def warnings(db: Database, report: Report, named: Resolver) -> tuple[Remark, ...]:
    """Return the remarks on a report that is about to be recorded, with all that it names."""
    return (
        *_conflicts(db, report),
        *_relays(db, report),
        *_namesakes(report, named),
    )


def contradictions(
    figures: tuple[Figure, ...], live: Iterable[Figure]
) -> list[tuple[Figure, Figure]]:
    """Return the pairs of figures that cannot both be true: one scope, ranges that never meet."""
    alike: dict[tuple[object, ...], list[Figure]] = {}
    for other in live:
        alike.setdefault(_scope(other), []).append(other)
    pairs = []
    for figure in figures:
        others = alike.setdefault(_scope(figure), [])
        pairs += [(figure, other) for other in others if _apart(figure, other)]
        others.append(figure)
    return pairs


def _scope(figure: Figure) -> tuple[object, ...]:
    scope = figure.scope
    return (
        frozenset(scope.places),
        scope.period,
        scope.outcomes,
        frozenset(scope.groups),
        scope.incident,
        figure.reclassifies,
    )


def _apart(one: Figure, other: Figure) -> bool:
    a, b = one.quantity, other.quantity
    return (a.high is not None and a.high < b.low) or (b.high is not None and b.high < a.low)


def _conflicts(db: Database, report: Report) -> Iterator[Remark]:
    if report.relays is not None:
        return
    figures = counted(report)
    live: dict[str, Figure] = {}
    for period in {figure.scope.period for figure in figures}:
        for figure in live_figures_on(db, report.reporter, period):
            if figure.report != report.supersedes:
                live[figure.id] = figure
    pairs = contradictions(figures, live.values())
    if pairs:
        yield Remark(
            "same_reporter_conflict",
            "The reporter's own figures contradict each other;"
            " did you mean supersedes, or an incident?",
            figures=tuple(dict.fromkeys(figure.id for figure, _ in pairs)),
            reports=tuple(dict.fromkeys(other.report for _, other in pairs)),
        )


def _relays(db: Database, report: Report) -> Iterator[Remark]:
    if report.relays is not None:
        return
    found: dict[str, list[str]] = {}
    for figure, sent in zip(counted(report), report.figures, strict=True):
        for other in reports.alike(db, figure, sent.wording, report.quote):
            found.setdefault(other, []).append(figure.id)
    for other, figures in found.items():
        yield Remark(
            "possible_relay",
            f"Another reporter's report {other} says the same words of the same days and places;"
            " did you mean relays?",
            figures=tuple(figures),
            reports=(other,),
        )


def _namesakes(report: Report, named: Resolver) -> Iterator[Remark]:
    places = (*report.places, *(place for figure in report.figures for place in figure.places))
    for id in dict.fromkeys(places):
        place = named.known("place", id)
        others = named.namesakes("place", place) if place is not None else ()
        if place is not None and others:
            yield Remark(
                "ambiguous_place",
                f"{place.name} is also the name of {', '.join(others)};"
                f" is {id} the one that is meant?",
                places=(id, *others),
            )
