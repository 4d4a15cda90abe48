"""How many figures of a record are about each place, and about each group."""

from collections import Counter
from typing import Literal

import numpy as np

from service.columns.record_state import RecordState
from service.domain.trees import Tree


def count_figures(
    state: RecordState, axis: Literal["places", "groups"], tree: Tree
) -> dict[str, int]:
    """Return how many live figures are about each place, or group, or those below it.

    ``tree`` is that of the places or groups. A figure about several of them counts once for each,
    and once for what holds them. Those without figures are left out.
    """
    counts = np.bincount(state.column(axis)[state.is_live])
    sets = state.place_sets if axis == "places" else state.group_sets
    totals: Counter[str] = Counter()
    for set_number in np.flatnonzero(counts).tolist():
        holding: set[str] = set()
        for each in sets.get_ids(set_number):
            holding.add(each)
            holding.update(tree.ancestors_of(each))
        count = int(counts[set_number])
        for each in holding:
            totals[each] += count
    return dict(totals)
