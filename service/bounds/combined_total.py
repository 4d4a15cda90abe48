"""A total from the results of its components: their sum, its proof and its contradictions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from service.bounds.boxes import Region
from service.bounds.component_result import ComponentResult
from service.bounds.component_solver import Component
from service.bounds.infeasibility import Dispute
from service.bounds.solver import Deadline, remove_noise
from service.domain.figure import Figure
from service.domain.total import End, RoundedSum, Term, Total

FigureOrder = Callable[[Figure], int]
"""The position of a figure in the order of recording."""


JoinTerms = Callable[[Sequence[Sequence[Term]]], Sequence[Term]]
"""Returns the terms of several lists, those that contribute most first."""


def solve_components(
    components: Sequence[Component], query_region: Region, deadline: Deadline
) -> list[ComponentResult]:
    """Return the result of each component; a hard one leaves half of the time to those after it."""
    return [
        component.compute_result(query_region, deadline.take_share(0.5 if more else 1.0))
        for more, component in zip(range(len(components) - 1, -1, -1), components, strict=True)
    ]


def make_unknown_total(figures: Sequence[Figure], opening: Sequence[Figure]) -> Total:
    """Return the total of the figures if nothing about it is known in time.

    ``opening`` are those without a high.
    """
    return Total(figures, low=0, exact=False, is_disputed=True, opening=opening)


def combine_results(
    figures: Sequence[Figure],
    results: Sequence[ComponentResult],
    order: FigureOrder,
    overlaps: Callable[[Figure], bool],
    deadline: Deadline,
    join_terms: JoinTerms | None = None,
) -> Total:
    """Return the total of the figures that overlap a scope, from the results of components.

    ``overlaps`` tells whether a figure is one of them. ``join_terms`` joins the terms of the
    results; None makes a sorted tuple of them.
    """
    if join_terms is None:

        def join_terms(parts: Sequence[Sequence[Term]]) -> Sequence[Term]:
            return sort_terms((term for part in parts for term in part), order)

    low = sum((result.low.value or Fraction(0) for result in results), Fraction(0))
    highs = [result.high.value for result in results if result.high.value is not None]
    disputes_by_result, is_listing_known = _find_disputing(results, deadline)
    disputes = [dispute for disputes in disputes_by_result for dispute in disputes]
    is_disputed = bool(disputes) or any(result.is_unresolved for result in results)
    high = sum(highs, Fraction(0)) if len(highs) == len(results) else None
    low_terms, low_roundings = _explain_bound(results, "low", low, order, join_terms)
    high_terms, high_roundings = (
        ((), ()) if high is None else _explain_bound(results, "high", high, order, join_terms)
    )
    nearest = _add_nearest_ranges(results, deadline) if disputes else None
    contradiction = (
        _add_violations(results, disputes_by_result, deadline)
        if disputes and is_listing_known
        else None
    )
    return Total(
        figures=figures,
        low=floor(low),
        high=None if high is None else ceil(high),
        exact=all(result.exact for result in results)
        and (not is_disputed or (nearest is not None and contradiction is not None)),
        is_disputed=is_disputed,
        lows_set_aside=sort_figures((each for one in disputes for each in one.lows), order),
        highs_set_aside=sort_figures((each for one in disputes for each in one.highs), order),
        nearest=nearest,
        contradiction=contradiction,
        opening=sort_figures(
            (each for result in results for each in result.opening if overlaps(each)), order
        ),
        low_terms=low_terms,
        high_terms=high_terms,
        low_roundings=low_roundings,
        high_roundings=high_roundings,
    )


def sort_figures(figures: Iterable[Figure], order: FigureOrder) -> tuple[Figure, ...]:
    """Return the figures in the order of recording."""
    return tuple(sorted(figures, key=order))


def _explain_bound(
    results: Sequence[ComponentResult],
    end: End,
    value: Fraction,
    order: FigureOrder,
    join_terms: JoinTerms,
) -> tuple[Sequence[Term], tuple[RoundedSum, ...]]:
    """Return the terms of the bound, and the sums of some of them that are rounded.

    A bound that is a fraction is rounded outward at the end, all terms together.
    """
    terms = join_terms([result.make_terms(end) for result in results])
    roundings = [
        replace(rounding, terms=sort_terms(rounding.terms, order))
        for result in results
        for rounding in result.make_roundings(end)
    ]
    if value.denominator > 1:
        people = floor(value) if end == "low" else ceil(value)
        roundings.append(RoundedSum(terms, value, people, needs_search=False))
    return terms, tuple(roundings)


def sort_terms(terms: Iterable[Term], order: FigureOrder) -> tuple[Term, ...]:
    """Return the terms, those that contribute most first."""
    return tuple(
        sorted(terms, key=lambda term: (_negate_contribution(term), order(term.figure), term.end))
    )


def _negate_contribution(term: Term) -> int | Fraction:
    """Return the people that the term adds or subtracts, below zero; mostly a whole number."""
    numerator, denominator = abs(term.multiplier.numerator), term.multiplier.denominator
    people = -numerator * term.people
    return people if denominator == 1 else Fraction(people, denominator)


def _add_nearest_ranges(
    results: Sequence[ComponentResult], deadline: Deadline
) -> tuple[int, int | None] | None:
    """Return the sum of the nearest ranges, rounded outward; None if one of them is unknown."""
    low, high = 0.0, 0.0
    open_above = False
    for result in results:
        nearest = result.find_nearest(deadline)
        if nearest is None:
            return None
        low += nearest[0]
        open_above |= nearest[1] is None
        high += nearest[1] or 0
    return floor(remove_noise(low)), None if open_above else ceil(remove_noise(high))


def _find_disputing(
    results: Sequence[ComponentResult], deadline: Deadline
) -> tuple[list[list[Dispute]], bool]:
    """Return the contradictions that dispute the total, for each component, and if that is known.

    There are none if the two accounts of all of them together give the total the same range. Else
    it is those that do so one by one, or if there is none, those that move their component's part.
    Where time runs out, those that were not tried are in the lists too.
    """
    if not any(result.disputes for result in results) or (
        all(result.accounts.is_known for result in results) and not _do_accounts_differ(results)
    ):
        return [[] for _ in results], True
    open_count = sum(_is_open(result) for result in results)
    accounts_by_result = [result.find_dispute_accounts(deadline) for result in results]
    disputing = [
        [
            each.dispute
            for each in accounts
            if each.dispute is not None
            and each.differ(is_open_anyway=open_count > _is_open(result))
        ]
        for result, accounts in zip(results, accounts_by_result, strict=True)
    ]
    is_known = all(each.is_known for accounts in accounts_by_result for each in accounts)
    if any(disputing):
        return disputing, is_known
    moving = [
        list(result.disputes) if result.accounts.differ(is_open_anyway=False) else []
        for result in results
    ]
    return moving, is_known


def _is_open(result: ComponentResult) -> bool:
    """Whether it is proved that the component has no high; False too if time ran out."""
    return result.high.value is None and result.high.is_known


def _do_accounts_differ(results: Sequence[ComponentResult]) -> bool:
    """Whether the accounts of all contradictions together give the total different ranges.

    A high that is not known because time ran out is the same in both.
    """
    known_highs = [result for result in results if result.high.is_known]
    totals = []
    for name in ("first", "second"):
        low = sum((getattr(result.accounts, name)[0] for result in results), Fraction(0))
        highs = [getattr(result.accounts, name)[1] for result in known_highs]
        is_open = any(high is None for high in highs)
        totals.append((floor(low), None if is_open else ceil(sum(highs, Fraction(0)))))
    return totals[0] != totals[1]


def _add_violations(
    results: Sequence[ComponentResult],
    disputes_by_result: Sequence[Sequence[Dispute]],
    deadline: Deadline,
) -> int | None:
    """Return the least violation of the disputing bounds, rounded up; None if time ran out."""
    amounts = [
        result.minimise_violation(disputes, deadline)
        for result, disputes in zip(results, disputes_by_result, strict=True)
        if disputes
    ]
    known = [amount for amount in amounts if amount is not None]
    return ceil(remove_noise(sum(known))) if len(known) == len(amounts) else None
