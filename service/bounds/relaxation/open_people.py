"""Whether there can be any number of people in a query."""

from typing import Final

import numpy as np

from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.special_components import Accounts
from service.bounds.relaxation.wide_scopes import WideScopes
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.trees import intersect_intervals
from service.domain.vocabulary import OUTCOMES

MAX_TRIED: Final = 200
"""The people of so many constraints are looked at."""


def has_open_people(
    query: QueryFigures, scopes: WideScopes, window: Window, accounts: Accounts
) -> bool:
    """Whether people are found in the query whom a narrow constraint counts and no high does."""
    table, components = query.record.table, query.record.components
    overlapping = query.overlapping
    upper = query.record.find_upper(accounts)[overlapping]
    is_open = (components.labels[overlapping] != WIDE) & ~table.is_irregular[overlapping]
    is_open &= (upper == OPEN) & (table.outcomes[overlapping] & query.bits != 0)
    limiting = overlapping[(upper < OPEN) | table.is_irregular[overlapping]]
    for constraint in overlapping[is_open][:MAX_TRIED].tolist():
        if _has_open_place(query, scopes, window, constraint, limiting):
            return True
    return False


def _has_open_place(
    query: QueryFigures, scopes: WideScopes, window: Window, constraint: int, limiting: IntArray
) -> bool:
    """Whether a constraint counts people in the window whom none of the limiting ones counts."""
    table = query.record.table
    places = table.place_intervals.intervals[table.places[constraint]] or ()
    first = max(window.first, int(table.first[constraint]))
    last = min(window.last, int(table.last[constraint]))
    incident = table.incident[limiting]
    is_same = (incident == NONE) | (incident == table.incident[constraint])
    limiting = limiting[is_same | table.is_irregular[limiting]]
    outcomes = int(table.outcomes[constraint]) & query.bits
    for start, stop in intersect_intervals(places, window.places):
        for place in {start, (start + stop) // 2, stop - 1}:
            flags = table.place_intervals.flag_overlapping(((place, place + 1),))
            here = limiting[flags[table.places[limiting]]]
            days = np.unique(np.clip(np.append(table.last[here] + 1, first), first, last))
            for outcome in range(len(OUTCOMES)):
                if outcomes >> outcome & 1:
                    is_limited = _flag_limited(query, scopes, here, place, days, outcome)
                    if not is_limited.all():
                        return True
    return False


def _flag_limited(
    query: QueryFigures,
    scopes: WideScopes,
    limiting: IntArray,
    place: int,
    days: IntArray,
    outcome: int,
) -> BoolArray:
    """Return on which of the days a constraint may limit people of an outcome at a place."""
    table = query.record.table
    has_outcome = (table.outcomes[limiting] >> outcome & 1).astype(bool)
    chosen = limiting[has_outcome]
    column = days[:, None]
    flags: BoolArray = ((table.first[chosen] <= column) & (table.last[chosen] >= column)).any(
        axis=1
    )
    is_limit = (scopes.upper < OPEN) & (scopes.outcomes >> outcome & 1).astype(bool)
    is_limit &= scopes.flag_places(np.array([place]))[0]
    flags |= (scopes.flag_days(days) & is_limit).any(axis=1)
    return flags
