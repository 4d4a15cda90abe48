"""How many figures of a record are about each place."""

from collections import Counter

import numpy as np

from service.columns.record_state import RecordState
from service.domain.trees import Tree


def count_figures_by_place(state: RecordState, places: Tree) -> dict[str, int]:
    """Return how many live figures are about each place or places below it.

    A figure about several places counts once for each of them, and once for what holds them.
    Places without figures are left out.
    """
    counts = np.bincount(state.column("places")[state.is_live])
    totals: Counter[str] = Counter()
    for place_set in np.flatnonzero(counts).tolist():
        holding: set[str] = set()
        for place in state.place_sets.get_ids(place_set):
            holding.add(place)
            holding.update(places.ancestors_of(place))
        count = int(counts[place_set])
        for place in holding:
            totals[place] += count
    return dict(totals)
