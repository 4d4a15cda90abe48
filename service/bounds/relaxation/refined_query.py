"""Totals refined by a linear program over wide constraints, and exact where a world proves it."""

from dataclasses import replace
from typing import Final, NamedTuple

from service.bounds.combined_total import sort_figures, sort_terms
from service.bounds.computation import Computation, Steps
from service.bounds.relaxation.end_search import RefinedEnd
from service.bounds.relaxation.large_record import LargeRecord
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.record_world import RecordWorld, RecordWorlds, find_record_worlds
from service.bounds.relaxation.refined_range import RangeSearch, Verdict
from service.bounds.relaxation.shapes import make_window
from service.bounds.solver import Deadline
from service.domain.figure import Scope
from service.domain.total import End, Total

MAX_KEPT: Final = 64
"""The refinements of so many queries are kept."""


class _Refined(NamedTuple):
    """Both ends of a total, and what is known of contradictions; None if nothing is."""

    low: RefinedEnd
    high: RefinedEnd
    verdict: Verdict | None


class Refinements:
    """The refinements of totals of one record. The next query continues what has no result yet.

    Threads may share it.
    """

    def __init__(self, record: LargeRecord) -> None:
        self._worlds = Computation(_list_worlds(record))
        self._refined: dict[Scope, Computation[_Refined]] = {}

    def refine(self, query: QueryFigures, total: Total, deadline: Deadline) -> Total:
        """Return the total, or a narrower one; exact if both ends are reached.

        If time runs out, a later call continues; the total is said to be neither exact nor final.
        """
        total = replace(total, exact=False)
        listed = self._worlds.run(deadline)
        if listed is None:
            return replace(total, is_relaxed=False)
        window = make_window(query.region, query.record.table.place_intervals.axis)
        if (
            window is None
            or window.group_axes
            or not listed
            or not _can_refine(query, listed[0].by_account["remaining"])
        ):
            return total
        computation = self._refined.get(query.scope)
        if computation is None:
            search = RangeSearch(query, listed[0], window)
            computation = self._refined[query.scope] = Computation(_refine(search, total))
            for old in list(self._refined)[:-MAX_KEPT]:
                self._refined.pop(old, None)
        refined = computation.run(deadline)
        if refined is None:
            return replace(total, is_relaxed=False)
        total = _replace_end(query, total, "low", refined.low)
        total = _replace_end(query, total, "high", refined.high)
        verdict = refined.verdict
        if verdict is not None and (total.low, total.high) == verdict.published:
            return _add_verdict(query, total, verdict)
        if total.nearest is not None:
            total = replace(total, nearest=(max(total.nearest[0], total.low or 0), total.high))
        return replace(total, is_relaxed=True)


def _list_worlds(record: LargeRecord) -> Steps[tuple[RecordWorlds, ...]]:
    """Return worlds of the record, or nothing if none is found."""
    worlds = yield from find_record_worlds(record)
    return () if worlds is None else (worlds,)


def _can_refine(query: QueryFigures, world: RecordWorld) -> bool:
    """Whether everything in the query is met by the world, and is not contradicted."""
    record = query.record
    touched = query.touched
    is_special = record.bounds.is_special[touched]
    if (world.is_unknown[touched] & ~is_special).any() or not world.is_met[query.wide].all():
        return False
    return all(each in record.special for each in touched[is_special].tolist())


def _refine(search: RangeSearch, total: Total) -> Steps[_Refined]:
    """Return both ends, which are known to be no wider than those of the total."""
    low, high = yield from search.find_ends(total.low or 0, total.high)
    verdict = None
    if low.is_reached and high.is_reached:
        verdict = yield from search.judge((low.people or 0, high.people))
    return _Refined(low, high, verdict)


def _replace_end(query: QueryFigures, total: Total, end: End, refined: RefinedEnd) -> Total:
    """Return the total with the refined end, if that is narrower."""
    if refined.terms is None or refined.people is None:
        return total
    terms = sort_terms(query.make_table_terms(refined.terms), query.objects.find_position)
    if end == "low":
        return replace(total, low=refined.people, low_terms=terms, low_roundings=())
    return replace(total, high=refined.people, high_terms=terms, high_roundings=(), opening=())


def _add_verdict(query: QueryFigures, total: Total, verdict: Verdict) -> Total:
    """Return the exact total, with the contradictions that dispute it."""
    order = query.objects.find_position
    disputes = [query.record.special[each].disputing for each in verdict.disputing]
    for component in verdict.disputing:
        query.objects.make_component(query.list_members(component))  # So their rows are known.
    return replace(
        total,
        exact=True,
        is_relaxed=False,
        is_disputed=bool(disputes),
        lows_set_aside=sort_figures(
            (low for own in disputes for each in own for low in each.lows), order
        ),
        highs_set_aside=sort_figures(
            (high for own in disputes for each in own for high in each.highs), order
        ),
        nearest=verdict.nearest,
        contradiction=verdict.contradiction,
    )
