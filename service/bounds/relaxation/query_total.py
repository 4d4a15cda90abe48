"""The total of one query in a large record."""

from dataclasses import replace
from typing import Final

import numpy as np

from service.bounds.relaxation.narrow_components import WIDE
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.refined_query import Refinements
from service.bounds.relaxation.relaxed_query import RelaxedQuery
from service.bounds.relaxation.summed_query import SummedQuery
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray
from service.domain.total import Total

MAX_CLOSURE: Final = 1_500
"""If no more constraints than this depend on each other, the total is exact."""


REFINING_SHARE: Final = 2 / 3
"""The share of the time of a total in which it is refined; the next query continues."""


class QueryTotal:
    """The computation of one total."""

    def __init__(self, query: QueryFigures, refinements: Refinements) -> None:
        self._query, self._refinements = query, refinements

    def compute(self, deadline: Deadline) -> Total:
        """Return the total."""
        query = self._query
        is_shared = bool(query.record.packing.is_shared[query.components].any())
        members = query.record.components.find_members(query.components)
        is_complete = not len(query.record.table.find_incomplete(members))
        if is_complete and not len(query.wide) and not (is_shared and query.has_all):
            return SummedQuery(query).compute_components(deadline)
        closure = self._find_closure()
        if closure is not None:
            component = query.objects.make_component(closure)
            return query.combine([component.compute_result(query.region, deadline)], deadline)
        total = SummedQuery(query).compute(deadline)
        if total is not None:
            if total.is_relaxed and query.has_all:
                refining = deadline.take_share(REFINING_SHARE)
                return self._refinements.refine(query, total, refining)
            return replace(total, exact=False)
        total = RelaxedQuery(query).compute(deadline) if len(query.wide) else None
        # Wide figures about other days or places can narrow it further.
        total = total or SummedQuery(query).compute_components(deadline)
        return replace(total, exact=False, is_relaxed=total.is_final)

    def _find_closure(self) -> IntArray | None:
        """Return all constraints that share people with each other and with some in the query.

        None if they are too many to be spelled out.
        """
        query, record = self._query, self._query.record
        sizes, outcomes = record.components.sizes, record.bounds.outcomes
        largest = record.packing.cluster_sizes[query.components].max(initial=0)
        if query.has_all and largest > MAX_CLOSURE:
            return None
        is_member = np.zeros(record.components.count, dtype=bool)
        is_wide_member = np.zeros(len(record.components.wide), dtype=bool)
        new_components, new_wide = query.components, query.wide
        while len(new_components) or len(new_wide):
            is_member[new_components] = True
            is_wide_member[new_wide] = True
            if sizes[is_member].sum() + is_wide_member.sum() > MAX_CLOSURE:
                return None
            if not query.has_all:
                break  # Everything that is kept and shares people is inside the query.
            touched = np.zeros(record.components.count, dtype=bool)
            met = record.overlaps.flag_near(new_components)
            for constraint in record.components.wide[new_wide].tolist():
                reach = record.overlaps.find(constraint)
                own_outcomes = record.table.reach_outcomes[constraint]
                touched |= reach.components & (outcomes & own_outcomes != 0)
                met |= reach.wide
            self._add_partners(new_components, new_wide, touched, met)
            new_components = np.flatnonzero(touched & ~is_member)
            new_wide = np.flatnonzero(met & ~is_wide_member)
        members = record.components.find_members(np.flatnonzero(is_member))
        closure = np.concatenate([members, record.components.wide[is_wide_member]])
        return closure if len(closure) <= MAX_CLOSURE else None

    def _add_partners(
        self, components: IntArray, wide: IntArray, touched: BoolArray, met: BoolArray
    ) -> None:
        """Flag what counts people of irregular constraints that are in other components."""
        record = self._query.record
        members = [record.components.find_members(components), record.components.wide[wide]]
        partners = record.table.add_partners(np.concatenate(members))
        labels = record.components.labels[partners]
        touched[labels[labels != WIDE]] = True
        met[np.searchsorted(record.components.wide, partners[labels == WIDE])] = True
