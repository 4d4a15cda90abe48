"""Which range of a total pages draw and state: what is placed in the scope, or all of it."""

from dataclasses import dataclass

from service.domain.figure_set import FigureSet
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal
from service.domain.wording.range_text import total_range_text
from service.web.messages import plain_text


@dataclass(frozen=True, slots=True)
class DrawnRange:
    """The range that a page draws for a total, and the figures that it is made from.

    ``low`` None means that nothing is reported. ``beyond`` is the range of the total where wider
    figures make it another one. Then ``is_placed`` is False if no figure is wholly inside.
    ``contradiction`` is by how many people the reports of a disputed range differ; None if that is
    not known.
    """

    text: str
    low: int | None
    high: int | None
    is_disputed: bool
    nearest: tuple[int, int | None] | None
    exact: bool
    figures: FigureSet
    beyond: tuple[int, int | None] | None = None
    is_placed: bool = True
    contradiction: int | None = None


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
            find_distinct_nearest(total), total.exact, outcome_total.figures,
            contradiction=total.contradiction,
        )  # fmt: skip
    beyond = (total.low, total.high)
    if placed.low is None:
        text = total_range_text(total) if total.low else plain_text("bars.not_placed")
        return DrawnRange(
            text, total.low, total.low, is_disputed, find_distinct_nearest(total), exact,
            outcome_total.figures, beyond, is_placed=False, contradiction=total.contradiction,
        )  # fmt: skip
    return DrawnRange(
        total_range_text(placed), placed.low, placed.high, is_disputed,
        find_distinct_nearest(placed), exact, outcome_total.placed_figures, beyond,
        contradiction=placed.contradiction if placed.is_disputed else total.contradiction,
    )  # fmt: skip


def adds_beyond(outcome_total: OutcomeTotal) -> bool:
    """Whether the total allows more or fewer people than what is placed."""
    total, placed = outcome_total.total, outcome_total.placed
    if total.low is None:
        return False
    if placed.low is None:
        return not total.low == total.high
    is_higher = placed.high is not None and (total.high is None or total.high > placed.high)
    return is_higher or total.low < placed.low


def find_distinct_nearest(total: Total) -> tuple[int, int | None] | None:
    """Return the nearest range of a disputed total; None if it equals the range."""
    return None if total.nearest == (total.low, total.high) else total.nearest
