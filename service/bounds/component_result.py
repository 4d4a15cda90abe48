"""What one component adds to a total, with its certificates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.bounds.accounts import AccountRanges
from service.bounds.certificate import Certificate
from service.bounds.constraints import Constraint
from service.bounds.infeasibility import Dispute
from service.bounds.nearest_range import NearestRange
from service.bounds.optimize import Bound
from service.bounds.solver import Deadline
from service.domain.figure import Figure
from service.domain.total import End, RoundedSum, Term


@dataclass(frozen=True, slots=True)
class ComponentResult:
    """What one component adds to a total."""

    constraints: Sequence[Constraint]
    low: Bound
    high: Bound
    find_nearest: Callable[[Deadline], NearestRange | None]
    """Return the nearest range, None if time ran out; lazy, as only a disputed total needs it."""
    minimise_violation: Callable[[Sequence[Dispute], Deadline], float | None]
    """Return the least sum of shortfall and excess in some contradictions; None if time ran out."""
    accounts: AccountRanges
    """The accounts of all the contradictions together."""
    find_dispute_accounts: Callable[[Deadline], Sequence[AccountRanges]]
    """Return the accounts of each contradiction that may move the total, the others set aside."""
    disputes: Sequence[Dispute] = ()
    """All contradictions that bear on the total."""
    exact: bool = True
    is_unresolved: bool = False
    """Whether time ran out before a block that overlaps the query was resolved."""
    set_aside: frozenset[tuple[str, End]] = frozenset()
    opening: tuple[Figure, ...] = ()
    """The figures that count people whom no high counts, and so leave the total without one."""

    def make_terms(self, bound_end: End) -> Sequence[Term]:
        """Return the certificate of one end of the range, with figures in place of constraints."""
        return self.name_terms((self.low if bound_end == "low" else self.high).certificate)

    def make_roundings(self, bound_end: End) -> list[RoundedSum]:
        """Return the sums in the certificate that are rounded to whole people."""
        return [
            RoundedSum(
                tuple(self.name_terms(each.certificate)),
                each.terms_sum,
                each.people,
                each.needs_search,
            )
            for each in (self.low if bound_end == "low" else self.high).roundings
        ]

    def name_terms(self, certificate: Certificate) -> list[Term]:
        """Return the terms of a certificate, with figures in place of constraints."""
        return [
            Term(
                find_end_figure(self.constraints[constraint], end, self.set_aside), end, multiplier
            )
            for (constraint, end), multiplier in certificate.items()
        ]


def find_end_figure(
    constraint: Constraint, end: End, set_aside: frozenset[tuple[str, End]]
) -> Figure:
    """Return the figure that gives the constraint this end, a firm one if possible.

    ``set_aside`` are ends that do not count, by the id of the figure; some other one is left.
    """
    candidates = [
        figure
        for figure in (constraint.lower_figures if end == "low" else constraint.upper_figures)
        if (figure.id, end) not in set_aside
    ]

    def rank_figure(figure: Figure) -> tuple[float, bool]:
        quantity = figure.quantity
        if end == "low":
            return -quantity.low, "low" in quantity.soft
        return np.inf if quantity.high is None else quantity.high, "high" in quantity.soft

    return min(candidates, key=rank_figure)
