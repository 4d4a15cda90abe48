"""Bars made from totals, with the sides of a dispute."""

from collections.abc import Iterable
from typing import Final

from service.domain.caveats import Caveat
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal
from service.domain.wording.range_text import outcomes_text
from service.web import labels
from service.web.charts.items import DisputeSide, RangeBar
from service.web.messages import plain_text
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.notes import list_notes

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
    drawn = choose_drawn_range(outcome_total)
    is_of_placed = drawn.beyond is not None and outcome_total.placed.is_disputed
    sides = _make_sides(view, outcome_total.placed if is_of_placed else total)
    return RangeBar(
        key, label, drawn.text, drawn.low, drawn.high, drawn.is_disputed, drawn.nearest,
        drawn.exact, link_to_proof(view, **changes) if total.is_reported else None, detail_link,
        list_notes(caveats, view.stated_caveats), drawn.beyond, drawn.is_placed,
        drawn.contradiction,
        sides=sides[:MAX_SIDES], omitted_side_count=len(sides[MAX_SIDES:]),
    )  # fmt: skip


def link_to_proof(view: ViewModel, **changes: str) -> str:
    """Return the address of the proof for the page query with the changes."""
    return view.page_query.link_to("why", every=None, unit=None, by=None, **changes)


def _make_sides(view: ViewModel, total: Total) -> tuple[DisputeSide, ...]:
    """Return the figures that contradict each other, ordered by scope.

    If they are of different scopes, the first figure of each has its scope in words: they must not
    be compared as if they covered the same people.
    """
    figures_set_aside = dict.fromkeys((*total.lows_set_aside, *total.highs_set_aside))
    is_one_scope = len({figure.scope for figure in figures_set_aside}) == 1
    sides: list[DisputeSide] = []
    previous_scope = None
    for figure in sorted(figures_set_aside, key=_scope_sort_key):
        is_told = is_one_scope or figure.scope == previous_scope
        about = "" if is_told else _describe_scope(view, figure.scope)
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
