"""The events between two states of the record that touch the totals of a query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.columns.record_state import RecordState
from service.domain.public_event import PublicEvent
from service.domain.totals_result import OutcomeTotal
from service.usecases.recent_changes import CHANGE_KINDS, ReportChanges
from service.web.viewmodels.recent_changes import write_counts
from service.web.viewmodels.report_changes import ReportChange, make_report_changes

MAX_LINES: Final = 40
"""How many changes of reports are listed, the latest."""


@dataclass(frozen=True, slots=True)
class EventsBetween:
    """What happened between two states that touches the totals of one query.

    ``words`` say how many reports were added, replaced and withdrawn; if not ``is_complete``, only
    the latest events are counted. ``lines`` are the latest of these changes; ``has_more`` says that
    there are others. ``other_count`` is how many other events there are: of places, groups and
    reporters, and of links between figures.
    """

    words: str
    lines: Sequence[ReportChange]
    has_more: bool
    is_complete: bool
    other_count: int


def make_events_between(
    state: RecordState, outcome_totals: Sequence[OutcomeTotal]
) -> EventsBetween:
    """Return the events of the changes of all these totals, each event once."""
    events: dict[int, PublicEvent] = {}
    is_complete = True
    for each in outcome_totals:
        if each.change is not None:
            events |= {event.seq: event for event in each.change.events}
            is_complete = is_complete and not each.change.events_left_out
    reported = [events[seq] for seq in sorted(events) if events[seq].kind in CHANGE_KINDS]
    rows = state.columns.find_report_ids({each.subject for each in reported})
    changes = ReportChanges(
        np.array([each.seq for each in reported], dtype=np.int64),
        np.array([CHANGE_KINDS.index(each.kind) for each in reported], dtype=np.int64),
        np.array([rows[each.subject] for each in reported], dtype=np.int64),
    )
    shown = changes.cut(max(len(changes) - MAX_LINES, 0), len(changes))
    return EventsBetween(
        write_counts(changes),
        make_report_changes(state, shown),
        len(changes) > len(shown) or not is_complete,
        is_complete,
        len(events) - len(reported),
    )
