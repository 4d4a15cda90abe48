"""People at points of places, days and outcomes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.columns.arrays import IntArray


class Crowds(NamedTuple):
    """People at points: a place, a day and an outcome each; int[n_crowds].

    A place is a position along the main division of places, an outcome one in the vocabulary.
    """

    place: IntArray
    day: IntArray
    outcome: IntArray
    people: IntArray

    def select(self, chosen: IntArray) -> "Crowds":
        """Return some of the crowds, by position or by flag."""
        return Crowds(*(each[chosen] for each in self))


def join_crowds(parts: Sequence[Crowds]) -> Crowds:
    """Return the crowds of all parts, one part after the other."""
    nobody = np.zeros(0, dtype=np.int64)
    columns = zip(*parts, (nobody,) * 4, strict=True)
    return Crowds(*(np.concatenate(each) for each in columns))
