"""Reclassifications: what a figure says of the people of an earlier figure.

The scope of such a figure is that of the earlier one, or a part of it. When the report of the
earlier figure is superseded, the link moves to the figure that replaces it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from service.domain.errors import ErrorDetail, InvalidInputError, summarize_errors
from service.domain.figure import Figure, Scope
from service.domain.report import (
    OWN_INCIDENT,
    RecordedReport,
    Report,
    ReportedFigure,
    incident_of,
)
from service.domain.report_state import MovedLink
from service.domain.submission import Submission
from service.domain.vocabulary import sort_outcomes
from service.store.codec import to_plain
from service.store.event_log import NewEvent
from service.store.figure_queries import find_reclassifying, load_figures
from service.usecases.resolve_entities import EntityResolver
from service.usecases.submission_lookups import SubmissionLookups


@dataclass(frozen=True, slots=True)
class ReclassificationPlan:
    """The report with the scopes of its reclassifying figures, and what else is recorded.

    ``events`` are recorded after the report. ``moved_links`` are the links that these events move.
    """

    report: Report
    events: tuple[NewEvent, ...] = ()
    moved_links: tuple[MovedLink, ...] = ()


def plan_reclassifications(
    lookups: SubmissionLookups,
    submission: Submission,
    report: Report,
    resolver: EntityResolver,
) -> ReclassificationPlan:
    """Return what the report's reclassifying figures and the report that it supersedes require.

    Reads only. Raises InvalidInputError for a figure that cannot be reclassified, a scope that
    leaves that of the earlier figure, and a superseded figure whose link cannot move.
    """
    if report.supersedes is None and not any(each.reclassifies for each in report.figures):
        return ReclassificationPlan(report)
    planner = _Planner(lookups, submission, report, resolver)
    planner.complete_figures()
    planner.move_links()
    if planner.errors:
        raise InvalidInputError(summarize_errors(planner.errors), tuple(planner.errors))
    return ReclassificationPlan(
        planner.report, tuple(planner.events), tuple(planner.moved_links.values())
    )


class _Planner:
    """Collects the completed figures, the events and the errors of one report."""

    def __init__(
        self,
        lookups: SubmissionLookups,
        submission: Submission,
        report: Report,
        resolver: EntityResolver,
    ) -> None:
        self._lookups, self._db = lookups, lookups.db
        self._submission, self._resolver = submission, resolver
        self.report = report
        self.errors: list[ErrorDetail] = []
        self.events: list[NewEvent] = []
        self.moved_links: dict[str, MovedLink] = {}

    def complete_figures(self) -> None:
        """Give each reclassifying figure the scope of its earlier figure where it has none."""
        links = [figure.reclassifies for figure in self.report.figures if figure.reclassifies]
        if not links:
            return
        earlier_by_id = load_figures(self._db, [link.figure for link in links])
        for position, figure in enumerate(self.report.figures):
            link = figure.reclassifies
            if link is None:
                continue
            pointer = f"/figures/{position}"
            earlier = earlier_by_id.get(link.figure)
            if earlier is None:
                self._refuse(f"{pointer}/reclassifies/figure", "There is no such figure.")
            elif link.source not in earlier.scope.outcomes:
                detail = f"The figure {link.figure} does not count {link.source}."
                self._refuse(f"{pointer}/reclassifies/from", detail)
            else:
                self._complete_figure(position, figure, earlier, link.source)

    def _complete_figure(
        self, position: int, figure: ReportedFigure, earlier: Figure, source: str
    ) -> None:
        pointer = f"/figures/{position}"
        recorded = self._get_recorded(earlier.report)
        detail = self._find_reason_against(recorded, source)
        if detail is not None:
            self._refuse(f"{pointer}/reclassifies/figure", detail)
            return
        event = _make_event(earlier.id, earlier.report, source, figure, self.report)
        scope, incident = earlier.scope, _find_incident(recorded, earlier)
        if earlier.report == self.report.supersedes:
            # The sender cannot name a figure of the report that is sent.
            successor = self._find_successor(earlier, source)
            if successor is None:
                return
            scope = _scope_of(self.report, successor)
            incident = _incident_with_event(successor)
            event = _make_event(successor.id, self.report.id, source, figure, self.report)
        self._check_incident(figure, scope, pointer)
        completed = replace(
            figure,
            places=figure.places or scope.places,
            period=scope.period if "period" in figure.inherited else figure.period,
            groups=figure.groups or scope.groups,
        )
        if "incident" in figure.inherited:
            completed = replace(completed, incident=incident[0], own_event=incident[1])
        for name in self._find_parts_outside(_scope_of(self.report, completed), scope):
            self._refuse(self._locate(position, name), _outside_message(name, earlier.id))
        figures = list(self.report.figures)
        figures[position] = completed
        self.report = replace(self.report, figures=tuple(figures))
        if event.subject == self.report.id:
            self._move(completed.id, event, earlier.id, _scope_of(self.report, completed))
        else:
            self.events.append(event)

    def _find_reason_against(self, recorded: RecordedReport, source: str) -> str | None:
        """Return why figures of the report cannot be reclassified; None if they can."""
        if recorded.origin is not None:
            names = self._list_figures(recorded.origin, source)
            return (
                f"The report {recorded.report.id} is a relay, whose figures are not counted:"
                f" reclassify the figure of the report that it relays ({names})."
            )
        if recorded.superseded_by is not None and recorded.report.id != self.report.supersedes:
            last = recorded
            while last.superseded_by is not None:
                last = self._get_recorded(last.superseded_by)
            names = self._list_figures(last.report.id, source)
            return (
                f"The report {recorded.report.id} was superseded by {last.report.id}:"
                f" reclassify the figure there ({names})."
            )
        return None

    def _get_recorded(self, report_id: str) -> RecordedReport:
        """Return the report as it is now; it must exist."""
        recorded = self._lookups.get_report(report_id)
        if recorded is None:
            raise LookupError(f"unknown report {report_id}")
        return recorded

    def _list_figures(self, report_id: str, outcome: str) -> str:
        """Return the ids of the report's figures that count the outcome, as text."""
        figures = self._get_recorded(report_id).report.figures
        ids = [figure.id for figure in figures if outcome in figure.outcomes]
        return ", ".join(ids) or f"{report_id} has none with {outcome}"

    def _check_incident(self, figure: ReportedFigure, earlier: Scope, pointer: str) -> None:
        given = incident_of(self.report.reporter, figure)
        if given is not None and earlier.incident not in (None, given):
            detail = (
                "The people are those of the earlier figure, and so is their incident: leave"
                " incident out, or send null on the figure."
            )
            self._refuse(f"{pointer}/incident", detail)

    def move_links(self) -> None:
        """Move the links to figures of the superseded report to those of this report."""
        if self.report.supersedes is None:
            return
        superseded = self._get_recorded(self.report.supersedes)
        figures = load_figures(self._db, [figure.id for figure in superseded.report.figures])
        for later, source in self._find_live_links(figures):
            if self.report.relays is not None:
                detail = (
                    f"{later.id} reclassifies people of {later.reclassifies}, and figures of a"
                    " relay cannot be reclassified."
                )
                self._refuse("/relays", detail)
                continue
            earlier = figures[str(later.reclassifies)]
            successor = self._find_successor(earlier, source, later)
            if successor is not None:
                scope = _scope_of(self.report, successor)
                self._follow(later, source, successor.id, self.report.id, earlier.scope, scope)

    def _find_live_links(self, figure_ids: Iterable[str]) -> Iterator[tuple[Figure, str]]:
        """Yield the figures of live reports that reclassify any of them, each with its outcome."""
        for later in find_reclassifying(self._db, figure_ids):
            recorded = self._get_recorded(later.report)
            if recorded.state != "live" or later.report == self.report.supersedes:
                continue
            for figure in recorded.report.figures:
                if figure.id == later.id and figure.reclassifies is not None:
                    yield later, figure.reclassifies.source

    def _find_successor(
        self, earlier: Figure, source: str, later: Figure | None = None
    ) -> ReportedFigure | None:
        """Return the one figure of this report to which a link to the earlier figure moves.

        It is the only one with the outcome. Where the superseded report has several, it is the
        one with the scope of the earlier figure. None, with an error, if there is not just one.
        """
        candidates = [
            figure
            for figure in self.report.figures
            if source in figure.outcomes and not self._is_about_superseded(figure)
        ]
        if len(candidates) > 1 and self._count_figures(earlier.report, source) > 1:
            candidates = [
                figure for figure in candidates if self._has_same_scope(figure, earlier.scope)
            ]
        if len(candidates) != 1:
            by = f" by {later.id}" if later is not None else ""
            detail = (
                f"People of the figure {earlier.id}, which this report supersedes, were"
                f" reclassified from {source}{by}: give exactly one figure with {source} to which"
                f" that applies from now on, not {len(candidates)}."
            )
            self._refuse("/figures", detail)
            return None
        successor = candidates[0]
        if later is not None and later.id in self._list_ancestors(successor):
            detail = f"This would make {later.id} and {successor.id} reclassify each other."
            self._refuse("/figures", detail)
            return None
        return successor

    def _is_about_superseded(self, figure: ReportedFigure) -> bool:
        link = figure.reclassifies
        earlier = load_figures(self._db, [link.figure]).get(link.figure) if link else None
        return earlier is not None and earlier.report == self.report.supersedes

    def _count_figures(self, report_id: str, outcome: str) -> int:
        figures = self._get_recorded(report_id).report.figures
        return sum(outcome in figure.outcomes for figure in figures)

    def _has_same_scope(self, figure: ReportedFigure, scope: Scope) -> bool:
        own = _scope_of(self.report, figure)
        return not self._find_parts_outside(own, scope) and not self._find_parts_outside(scope, own)

    def _list_ancestors(self, figure: ReportedFigure) -> list[str]:
        """Return the ids of all figures whose people the figure is about."""
        ancestors: list[str] = []
        next_id = figure.reclassifies.figure if figure.reclassifies is not None else None
        while next_id is not None and next_id not in ancestors:
            ancestors.append(next_id)
            known = load_figures(self._db, [next_id]).get(next_id)
            next_id = known.reclassifies if known is not None else None
        return ancestors

    def _follow(
        self,
        later: Figure,
        source: str,
        earlier_id: str,
        earlier_report: str,
        before: Scope,
        after: Scope,
    ) -> None:
        """Move the link of the later figure, and with its scope those of figures about it.

        A part of its scope that was the earlier figure's whole follows that figure; a part that was
        narrower stays, if it is still within the earlier figure's.
        """
        scope = later.scope
        for name in ("places", "period", "groups"):
            is_whole = name not in self._find_parts_outside(before, later.scope)
            if is_whole:
                scope = replace(scope, **{name: getattr(after, name)})
            elif name in self._find_parts_outside(scope, after):
                detail = (
                    f"The figure {later.id} reclassifies people of {later.reclassifies}, and its"
                    f" {name} would not be within those of {earlier_id} any more."
                )
                self._refuse("/figures", detail)
        body = {
            "figure": earlier_id,
            "from": source,
            "to": list(sort_outcomes(later.scope.outcomes)),
            "by": later.report,
            "by_figure": later.id,
        }
        event = NewEvent("reclassified", earlier_report, body)
        self._move(later.id, event, str(later.reclassifies), scope)
        if scope != later.scope:
            for last, last_source in self._find_live_links([later.id]):
                self._follow(last, last_source, later.id, later.report, later.scope, scope)

    def _move(self, figure_id: str, event: NewEvent, instead_of: str, scope: Scope) -> None:
        """Plan the event with which the figure reclassifies another one, in this scope."""
        body = {
            **event.body,
            "instead_of": instead_of,
            "places": list(scope.places),
            "period": to_plain(scope.period),
            "groups": list(scope.groups),
        }
        self.events.append(replace(event, body=body))
        self.moved_links[figure_id] = MovedLink(
            figure_id,
            event.body["figure"],
            tuple(sorted(scope.places)),
            scope.period,
            tuple(sorted(scope.groups)),
        )

    def _find_parts_outside(self, scope: Scope, whole: Scope) -> list[str]:
        """Return which of places, period and groups of the scope are not within the other's."""
        outside = []
        for name, kind in (("places", "place"), ("groups", "group")):
            own, other = self._resolver.select(kind, getattr(scope, name), getattr(whole, name))
            if not own.is_within(other):
                outside.append(name)
        if not scope.period.is_within(whole.period):
            outside.append("period")
        return outside

    def _locate(self, position: int, name: str) -> str:
        """Return the pointer of the field that gave the figure this part of its scope."""
        is_of_report = getattr(self._submission.figures[position], name) is None
        return f"/{name}" if is_of_report else f"/figures/{position}/{name}"

    def _refuse(self, pointer: str, detail: str) -> None:
        self.errors.append(ErrorDetail(pointer, detail))


def _scope_of(report: Report, figure: ReportedFigure) -> Scope:
    return Scope(
        figure.places,
        figure.period,
        frozenset(figure.outcomes),
        figure.groups,
        incident_of(report.reporter, figure),
    )


def _find_incident(recorded: RecordedReport, earlier: Figure) -> tuple[str | None, str | None]:
    """Return the incident of the earlier figure as it was sent, and the event of an own one."""
    figures = recorded.report.figures
    figure = next(figure for figure in figures if figure.id == earlier.id)
    return _incident_with_event(figure)


def _incident_with_event(figure: ReportedFigure) -> tuple[str | None, str | None]:
    event = (figure.own_event or figure.id) if figure.incident == OWN_INCIDENT else None
    return figure.incident, event


def _make_event(
    earlier_id: str, earlier_report: str, source: str, figure: ReportedFigure, report: Report
) -> NewEvent:
    """Return the event for the report of the earlier figure."""
    body = {
        "figure": earlier_id,
        "from": source,
        "to": list(figure.outcomes),
        "by": report.id,
        "by_figure": figure.id,
    }
    return NewEvent("reclassified", earlier_report, body)


def _outside_message(name: str, earlier_id: str) -> str:
    subject = "this period is" if name == "period" else f"these {name} are"
    detail = (
        f"The figure is about people of {earlier_id}, and {subject} not within those of that"
        f" figure. Leave {name} out to take them from there, or give a part of them."
    )
    if name == "period":
        detail += " The day on which people were found belongs in published_at."
    return detail
