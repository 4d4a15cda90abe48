"""A report in one state of the record, and links between figures that move."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.report import Report, ReportedFigure


@dataclass(frozen=True, slots=True)
class ReportState:
    """A report as a whole in one state of the record; its figures are rows beside it.

    ``places``, ``period`` and ``groups`` are set only for a stance without figures; the figures of
    an asserting report have their own. ``origin`` is the first report of a chain of relays.
    """

    id: str
    seq: int
    reporter: str
    state: str
    stance: str
    places: tuple[str, ...]
    period: Period | None
    groups: tuple[str, ...]
    caveats: tuple[str, ...]
    relays: str | None
    origin: str | None
    supersedes: str | None


@dataclass(frozen=True, slots=True)
class MovedLink:
    """What a reclassifying figure reclassifies from one event on, and its scope from then on.

    The figure that it reclassified before is of a report that was superseded, or has moved itself.
    """

    figure: str
    reclassifies: str
    places: tuple[str, ...]
    period: Period
    groups: tuple[str, ...]


def move_links(figures: Iterable[Figure], links: Iterable[MovedLink]) -> tuple[Figure, ...]:
    """Return the figures after their links have moved, in the same order; the last link counts."""
    links_by_figure = {link.figure: link for link in links}
    if not links_by_figure:
        return tuple(figures)
    return tuple(
        _move_link(figure, links_by_figure[figure.id]) if figure.id in links_by_figure else figure
        for figure in figures
    )


def _move_link(figure: Figure, link: MovedLink) -> Figure:
    scope = replace(figure.scope, places=link.places, period=link.period, groups=link.groups)
    return replace(figure, reclassifies=link.reclassifies, scope=scope)


def move_report_links(report: Report, links: Iterable[MovedLink]) -> Report:
    """Return the report with the links of its own figures moved; the last link counts."""
    links_by_figure = {link.figure: link for link in links}
    if not links_by_figure:
        return report
    figures = (
        _move_reported(figure, links_by_figure[figure.id])
        if figure.id in links_by_figure
        else figure
        for figure in report.figures
    )
    return replace(report, figures=tuple(figures))


def _move_reported(figure: ReportedFigure, link: MovedLink) -> ReportedFigure:
    return replace(
        figure,
        reclassifies=figure.reclassifies and replace(figure.reclassifies, figure=link.reclassifies),
        places=link.places,
        period=link.period,
        groups=link.groups,
    )
