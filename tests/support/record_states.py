"""States of the record from objects, and as objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from service.columns.entity_state import EntityState
from service.columns.record_columns import FigureEntry, RecordColumns, ReportEntry
from service.columns.record_state import RecordState
from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.report_state import ReportState


@dataclass(frozen=True, slots=True)
class StateObjects:
    """All of a state as objects, which can be compared."""

    seq: int
    recorded_at: str | None
    reports: Mapping[str, ReportState]
    figures: tuple[Figure, ...]
    places: Mapping[str, Place]
    groups: Mapping[str, Group]
    reporters: Mapping[str, Reporter]
    merged: Mapping[str, Mapping[str, str]]


def list_objects(state: RecordState) -> StateObjects:
    """Return all reports, figures and entities of the state."""
    return StateObjects(
        state.seq,
        state.recorded_at,
        state.reports,
        state.figures,
        state.places,
        state.groups,
        state.reporters,
        state.merged,
    )


def make_record_state(
    figures: Sequence[Figure],
    places: Mapping[str, Place],
    groups: Mapping[str, Group],
    reporters: Mapping[str, Reporter],
    caveats: Mapping[str, tuple[str, ...]] | None = None,
) -> RecordState:
    """Return a state with these figures, each in a live report of its own, in their order.

    ``caveats`` are those of the reports.
    """
    columns = RecordColumns()
    for seq, figure in zip(count(1), figures, strict=False):
        columns.append_reports(
            [
                ReportEntry(
                    figure.report,
                    seq,
                    figure.reporter,
                    "asserts",
                    (),
                    None,
                    None,
                    (),
                    (caveats or {}).get(figure.report, ()),
                    None,
                    None,
                    None,
                    None,
                    None,
                )
            ]
        )
        earlier = figure.reclassifies and columns.find_figure_key(figure.reclassifies)
        columns.append_figures([FigureEntry.from_figure(figure, seq, earlier or None)])
    columns.seq = len(figures)
    return RecordState(columns, len(figures), None, EntityState(places, groups, reporters, {}))
