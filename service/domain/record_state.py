"""The state of the record after one event: all reports, figures and entities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.report import Report, ReportedFigure, move_own_incident


@dataclass(frozen=True, slots=True)
class ReportState:
    """A report as a whole in one state of the record; its figures are in ``RecordState``.

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
class RecordState:
    """All reports and figures, whatever their state, with the entities that they refer to.

    ``figures`` are in the order of recording. ``recorded_at`` is None for an empty record.
    ``merged`` maps, for each kind of entity, an id that was merged to the id that replaces it;
    nothing else in the state contains a merged id.
    """

    seq: int
    recorded_at: str | None
    reports: dict[str, ReportState]
    figures: tuple[Figure, ...]
    places: dict[str, Place]
    groups: dict[str, Group]
    reporters: dict[str, Reporter]
    merged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def resolve_merged(self, kind: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the ids that replace the given ones, each once."""
        merged = self.merged.get(kind, {})
        return tuple(dict.fromkeys(merged.get(entity_id, entity_id) for entity_id in ids))

    def resolve_report(self, report: ReportState) -> ReportState:
        """Return the report with the ids that replace merged ones."""
        return replace(
            report,
            reporter=self._resolve_reporter(report.reporter),
            places=self.resolve_merged("place", report.places),
            groups=self.resolve_merged("group", report.groups),
        )

    def resolve_figure(self, figure: Figure) -> Figure:
        """Return the figure with the ids that replace merged ones."""
        reporter = self._resolve_reporter(figure.reporter)
        scope = replace(
            figure.scope,
            places=self.resolve_merged("place", figure.scope.places),
            groups=self.resolve_merged("group", figure.scope.groups),
            incident=move_own_incident(figure.scope.incident, reporter),
        )
        return replace(figure, reporter=reporter, scope=scope)

    def _resolve_reporter(self, reporter_id: str) -> str:
        return self.merged.get("reporter", {}).get(reporter_id, reporter_id)


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
