"""The subjects of a record: the places and groups for which somebody counts people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from service.columns.arrays import IntArray
from service.columns.record_state import RecordState
from service.domain.periods import OPEN_START
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOME_SETS, sort_outcome_sets


@dataclass(frozen=True, slots=True)
class RecordSubject:
    """Whose losses, and where: the smallest place that holds all that is counted of the groups.

    Figures of places without a common ancestor are different subjects, and a figure about several
    of them has a subject of its own. ``outcome_sets`` are those of the figures, in the order of
    ``sort_outcome_sets``. ``reporters`` are ids, those with most figures first. ``first_day`` is
    None if no figure states its first day. ``last_seq`` is the seq of the report that was recorded
    last.
    """

    places: tuple[str, ...]
    groups: tuple[str, ...]
    outcome_sets: tuple[frozenset[str], ...]
    figure_count: int
    reporters: tuple[str, ...]
    first_day: date | None
    last_day: date
    last_seq: int


def list_subjects(
    state: RecordState, places: Tree, reporter: str | None = None
) -> list[RecordSubject]:
    """Return the subjects of the live figures, those with the latest day first.

    With ``reporter`` they are those of that reporter's figures alone.
    """
    flags = state.is_live
    if reporter is not None:
        flags = flags & state.flag_reporters(lambda each: each == reporter)
    rows = np.flatnonzero(flags)
    if not len(rows):
        return []
    columns = {
        name: state.column(name)[rows]
        for name in ("places", "groups", "outcomes", "first", "last", "report")
    }
    reporters = state.reporter_numbers[columns["report"]]
    pairs, inverse = np.unique(
        np.stack([columns["places"], columns["groups"]], axis=1), axis=0, return_inverse=True
    )
    keys: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    smallest: list[tuple[str, ...]] = []
    subject_of_pair = np.empty(len(pairs), dtype=np.int64)
    for number, (place_set, group_set) in enumerate(pairs.tolist()):
        place_ids = state.place_sets.get_ids(place_set)
        roots = tuple(sorted({find_root(places, each) for each in place_ids}))
        key = roots, tuple(sorted(state.group_sets.get_ids(group_set)))
        subject = keys.setdefault(key, len(keys))
        if subject == len(smallest):
            smallest.append(_join_places(places, roots, place_ids))
        else:
            smallest[subject] = _join_places(places, roots, (*smallest[subject], *place_ids))
        subject_of_pair[number] = subject
    subjects = subject_of_pair[inverse.ravel()]
    # The rows of each subject, found by one sort for all of them.
    order = np.argsort(subjects, kind="stable")
    ends = np.searchsorted(subjects[order], np.arange(1, len(keys)))
    found = [
        _make_subject(state, place_ids, groups, numbers, columns, reporters)
        for (_, groups), place_ids, numbers in zip(
            keys, smallest, np.split(order, ends), strict=True
        )
    ]
    return sorted(found, key=lambda each: (-each.last_day.toordinal(), -each.last_seq))


def _make_subject(
    state: RecordState,
    places: tuple[str, ...],
    groups: tuple[str, ...],
    numbers: IntArray,
    columns: dict[str, np.ndarray],
    reporters: np.ndarray,
) -> RecordSubject:
    """Return the subject of the figures with these numbers in the columns."""
    firsts = columns["first"][numbers]
    stated = firsts[firsts != OPEN_START]
    reporter_numbers, counts = np.unique(reporters[numbers], return_counts=True)
    pairs = zip(reporter_numbers.tolist(), counts.tolist(), strict=True)
    ordered = sorted((-count, state.reporter_ids[number]) for number, count in pairs)
    last_row = int(columns["report"][numbers].max())
    outcomes = np.unique(columns["outcomes"][numbers])
    return RecordSubject(
        places,
        groups,
        sort_outcome_sets(OUTCOME_SETS[each] for each in outcomes),
        len(numbers),
        tuple(reporter for _, reporter in ordered),
        date.fromordinal(int(stated.min())) if len(stated) else None,
        date.fromordinal(int(columns["last"][numbers].max())),
        int(state.report_column("seq")[last_row]),
    )


def find_root(tree: Tree, place: str) -> str:
    """Return the place without a parent that holds this one: itself, if it has none."""
    return [place, *tree.ancestors_of(place)][-1]


def _join_places(tree: Tree, roots: Sequence[str], places: Iterable[str]) -> tuple[str, ...]:
    """Return for each root the smallest place that holds those of the places that it holds."""
    joined: dict[str, list[str]] = {}
    for place in dict.fromkeys(places):
        line = [place, *tree.ancestors_of(place)]
        line.reverse()  # From the root down.
        known = joined.get(line[0])
        if known is None:
            joined[line[0]] = line
            continue
        common = next(
            (
                number
                for number, (one, other) in enumerate(zip(known, line, strict=False))
                if one != other
            ),
            min(len(known), len(line)),
        )
        joined[line[0]] = known[:common]
    return tuple(joined[root][-1] for root in roots)
