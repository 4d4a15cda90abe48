"""A report that a form begins with: whether it can be changed, and the names of its ids."""

from typing import Final

from service.domain.report import Report, ReportedFigure
from service.usecases.state_cache import Snapshot
from service.web import labels

CHANGEABLE_STATES: Final = ("live", "relay")
"""The states in which a report can be replaced or withdrawn."""


def list_names(snapshot: Snapshot, report: Report) -> dict[str, dict[str, dict[str, str]]]:
    """Return name and description of each place, group and reporter of the report, by kind."""
    scopes: tuple[Report | ReportedFigure, ...] = (report, *report.figures)
    state = snapshot.state
    reporter = state.reporters[state.resolve_merged("reporter", [report.reporter])[0]]
    places, groups = {}, {}
    for place_id in dict.fromkeys(each for scope in scopes for each in scope.places):
        place = state.places[state.resolve_merged("place", [place_id])[0]]
        about = labels.join_ancestor_names(snapshot, place.id)
        places[place_id] = {"name": place.name, "about": _join_about(about, place.id)}
    for group_id in dict.fromkeys(each for scope in scopes for each in scope.groups):
        group = state.groups[state.resolve_merged("group", [group_id])[0]]
        groups[group_id] = {"name": group.name, "about": group.id}
    about = _join_about(reporter.kind or "", reporter.id)
    reporters = {report.reporter: {"name": reporter.name, "about": about}}
    return {"place": places, "group": groups, "reporter": reporters}


def _join_about(*texts: str) -> str:
    return " · ".join(each for each in texts if each)
