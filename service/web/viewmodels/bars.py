"""Bars made from totals, with the sides of a dispute."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.domain.caveats import Caveat
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal
from service.domain.wording.range_text import outcomes_text, total_range_text
from service.web import labels
from service.web.charts.items import DisputeSide, RangeBar
from service.web.messages import plain_text
from service.web.viewmodels.base import ViewModel

MAX_SIDES: Final = 4
"""The most sides of a dispute that are shown beside a bar; the proof shows all."""


def make_bar(
    view: ViewModel,
    key: str,
    label: str,
    outcome_total: OutcomeTotal,
    caveats: Iterable[Caveat],
    detail_link: str | None = None,
    **changes: str,
) -> RangeBar:
    """Return the bar of a total; ``changes`` are those of the page query for its proof."""
    total = outcome_total.total
    sides = _make_sides(view, total)
    drawn = choose_drawn_range(outcome_total)
    return RangeBar(
        key, label, drawn.text, drawn.low, drawn.high, drawn.is_disputed, drawn.nearest,
        drawn.exact, link_to_proof(view, **changes) if total.is_reported else None, detail_link,
        tuple(each.text for each in caveats), drawn.beyond, drawn.is_placed,
        sides=sides[:MAX_SIDES], omitted_side_count=len(sides[MAX_SIDES:]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawnRange:
    """The range that a chart draws for a total, with the fields of a chart item."""

    text: str
    low: int | None
    high: int | None
    is_disputed: bool
    nearest: tuple[int, int | None] | None
    exact: bool
    beyond: tuple[int, int | None] | None = None
    is_placed: bool = True


def choose_drawn_range(outcome_total: OutcomeTotal) -> DrawnRange:
    """Return the range to draw: what is placed if wider figures make the total another one.

    If they only narrow what is placed, the total is drawn. What they prove without any figure
    inside is drawn from zero to the low of the total.
    """
    total, placed = outcome_total.total, outcome_total.placed
    is_disputed, exact = total.is_disputed or placed.is_disputed, total.exact and placed.exact
    if total.low is None or not adds_beyond(outcome_total):
        return DrawnRange(
            total_range_text(total), total.low, total.high, total.is_disputed,
            find_distinct_nearest(total), total.exact,
        )  # fmt: skip
    beyond = (total.low, total.high)
    if placed.low is None:
        text = total_range_text(total) if total.low else plain_text("bars.not_placed")
        return DrawnRange(
            text, total.low, total.low, is_disputed, find_distinct_nearest(total), exact, beyond,
            is_placed=False,
        )  # fmt: skip
    text = plain_text("bars.placed", range=total_range_text(placed))
    return DrawnRange(
        text, placed.low, placed.high, is_disputed, find_distinct_nearest(placed), exact, beyond
    )


def adds_beyond(outcome_total: OutcomeTotal) -> bool:
    """Whether the total allows more or fewer people than what is placed."""
    total, placed = outcome_total.total, outcome_total.placed
    if total.low is None:
        return False
    if placed.low is None:
        return not total.low == total.high
    is_higher = placed.high is not None and (total.high is None or total.high > placed.high)
    return is_higher or total.low < placed.low


def link_to_proof(view: ViewModel, **changes: str) -> str:
    """Return the address of the proof for the page query with the changes."""
    return view.page_query.link_to("proof", every=None, **changes)


def find_distinct_nearest(total: Total) -> tuple[int, int | None] | None:
    """Return the nearest range of a disputed total; None if it equals the range."""
    return None if total.nearest == (total.low, total.high) else total.nearest


def _make_sides(view: ViewModel, total: Total) -> tuple[DisputeSide, ...]:
    """Return the figures that contradict each other, ordered by scope.

    The first figure of each scope has the scope in words: figures of different scopes can
    contradict each other, and must not be compared as if they covered the same people.
    """
    figures_set_aside = dict.fromkeys((*total.lows_set_aside, *total.highs_set_aside))
    sides: list[DisputeSide] = []
    previous_scope = None
    for figure in sorted(figures_set_aside, key=_scope_sort_key):
        about = "" if figure.scope == previous_scope else _describe_scope(view, figure.scope)
        previous_scope = figure.scope
        name = view.state.reporters[figure.reporter].name
        sides.append(DisputeSide(name, figure.quantity.low, figure.quantity.high, about))
    return tuple(sides)


def _describe_scope(view: ViewModel, scope: Scope) -> str:
    parts = (
        outcomes_text(scope.outcomes),
        labels.join_group_names(view.state, scope.groups),
        labels.join_place_names(view.state, scope.places),
        labels.format_period(scope.period),
    )
    return plain_text("bars.about", scope=" · ".join(part for part in parts if part))


def _scope_sort_key(figure: Figure) -> tuple[object, ...]:
    scope = figure.scope
    return (
        scope.places,
        scope.period.stop,
        scope.period.start,
        sorted(scope.outcomes),
        scope.groups,
        scope.incident or "",
    )
