"""How many reports of a record have a property, for the choices of a filter."""

import numpy as np

from service.columns.record_state import RecordState
from service.domain.vocabulary import OUTCOMES, STATES, encode_outcomes


def count_reports_by_state(state: RecordState) -> dict[str, int]:
    """Return how many reports are live, relays, superseded and retracted."""
    counts = np.bincount(state.report_states, minlength=len(STATES)).tolist()
    return dict(zip(STATES, counts, strict=True))


def count_reports_by_outcome(state: RecordState) -> dict[str, int]:
    """Return how many reports have a figure about each outcome, alone or with others."""
    outcomes, reports = state.column("outcomes"), state.column("report")
    counts = {}
    for outcome in OUTCOMES:
        is_about = np.zeros(state.report_count, dtype=bool)
        is_about[reports[(outcomes & np.uint8(encode_outcomes({outcome}))) != 0]] = True
        counts[outcome] = int(is_about.sum())
    return counts
