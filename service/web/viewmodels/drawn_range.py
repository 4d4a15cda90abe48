"""Which range of a total pages draw and state: what is placed in the scope, or all of it."""

from dataclasses import dataclass, replace

from service.domain.figure_set import FigureSet
from service.domain.reach import NO_GAPS, Reach
from service.domain.term_list import list_terms
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal
from service.domain.wording.range_text import total_range_text
from service.web.messages import plain_text


@dataclass(frozen=True, slots=True)
class DrawnRange:
    """The range that a page draws for a total, and the figures that it is made from.

    ``total`` is the total that proves it. ``low`` None means that nothing is reported. ``beyond``
    is the range of the whole total where it is another one. ``is_placed`` is False if no figure is
    wholly inside. ``contradiction`` is by how many people the reports of a disputed range
    contradict each other; None if that is not known. ``reach`` is what the figures cover.
    """

    text: str
    low: int | None
    high: int | None
    is_disputed: bool
    nearest: tuple[int, int | None] | None
    exact: bool
    total: Total
    figures: FigureSet
    beyond: tuple[int, int | None] | None = None
    is_placed: bool = True
    contradiction: int | None = None
    reach: Reach = NO_GAPS

    @property
    def is_reported(self) -> bool:
        """Whether somebody reports it: a zero can also follow from figures of other people."""
        is_zero = self.low == self.high == 0
        follows = is_zero and not (self.reach.is_zero_reported or self.reach.is_zero_elsewhere)
        return self.low is not None and not follows


def choose_drawn_range(outcome_total: OutcomeTotal) -> DrawnRange:
    """Return the range to draw: what is placed, unless figures about more people prove more here.

    What such figures prove without any figure inside is drawn from zero to the low of the total. An
    upper limit that follows from figures about more places, days, groups or outcomes is not drawn:
    nobody who counts these people reports it.
    """
    total, placed = outcome_total.total, outcome_total.placed
    if total.low is None:
        return _draw(total, outcome_total.figures)
    whole = (total.low, total.high)
    exact = total.exact and placed.exact
    is_disputed = any(each.is_disputed and is_decided(each) for each in (total, placed))
    if placed.low is None and total.low != total.high:
        drawn = replace(total, high=total.low, exact=exact, is_disputed=is_disputed)
        text = total_range_text(total) if total.low else plain_text("bars.not_placed")
        return replace(_draw(drawn, outcome_total.figures, whole), text=text, is_placed=False)
    if not states_total(total, placed):
        chosen, figures = placed, outcome_total.placed_figures
        contradiction = placed.contradiction if placed.is_disputed else total.contradiction
        chosen = replace(placed, exact=exact, is_disputed=is_disputed, contradiction=contradiction)
    elif whole == (placed.low, placed.high):
        chosen, figures = total, outcome_total.placed_figures
    else:
        chosen, figures = total, outcome_total.figures
    if _has_foreign_high(chosen, outcome_total.outcomes):
        chosen = replace(chosen, high=None)
    is_whole = figures is outcome_total.figures
    reach = outcome_total.reach if is_whole else outcome_total.placed_reach
    beyond = None if (chosen.low, chosen.high) == whole else whole
    return replace(_draw(chosen, figures, beyond), reach=reach)


def is_decided(total: Total) -> bool:
    """Whether it is known if reports about the total contradict each other.

    If time runs out first, all contradictions that could matter are listed.
    """
    return total.is_final or total.contradiction is not None


def _draw(
    total: Total, figures: FigureSet, beyond: tuple[int, int | None] | None = None
) -> DrawnRange:
    if total.is_disputed and not is_decided(total):
        total = replace(total, is_disputed=False)
    return DrawnRange(
        total_range_text(total), total.low, total.high, total.is_disputed,
        find_distinct_nearest(total), total.exact, total, figures, beyond,
        contradiction=total.contradiction,
    )  # fmt: skip


def _has_foreign_high(total: Total, outcomes: frozenset[str]) -> bool:
    """Whether the high follows from figures that also count other outcomes."""
    if total.high is None or total.low == total.high or total.is_disputed:
        return False
    return list_terms(total, "high").has_other_outcomes(outcomes)


def states_total(total: Total, placed: Total) -> bool:
    """Whether the total is stated, and not what is placed: it is the same, or proves more.

    It also is where both have an upper limit and the total is the narrower range.
    """
    if total.low is None:
        return True
    if placed.low is None:
        return total.low == total.high
    if (total.low, total.high) == (placed.low, placed.high) or total.low > placed.low:
        return True
    is_narrower = placed.high is not None and total.high is not None and total.high <= placed.high
    return is_narrower and total.low == placed.low


def find_distinct_nearest(total: Total) -> tuple[int, int | None] | None:
    """Return the nearest range of a disputed total; None if it equals the range."""
    return None if total.nearest == (total.low, total.high) else total.nearest
