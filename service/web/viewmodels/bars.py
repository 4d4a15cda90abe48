"""From totals to what pictures and tables show of them."""

from collections.abc import Iterable
from typing import Final

from service.domain.caveats import Caveat
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.totals_result import OutcomeTotal
from service.domain.wording.range_text import outcomes_text
from service.web import labels
from service.web.charts.bars import Bar, Side
from service.web.messages import plain
from service.web.viewmodels.base import View

MOST_SIDES: Final = 4
"""So many of those who contradict each other are shown beside a bar; the proof shows all."""


def bar(
    view: View,
    key: str,
    label: str,
    stated: OutcomeTotal,
    caveats: Iterable[Caveat],
    opens: str | None = None,
    **changes: str,
) -> Bar:
    """Return the bar of a total; its proof is that of the question with the changes."""
    total = stated.total
    sides = _sides(view, total)
    return Bar(
        key, label, said(stated), total.low, total.high, total.is_disputed, nearest(total),
        total.exact, proof(view, **changes) if total.is_reported else None, opens,
        sides=sides[:MOST_SIDES], untold=len(sides[MOST_SIDES:]),
        caveats=tuple(each.text for each in caveats),
    )  # fmt: skip


def proof(view: View, **changes: str) -> str:
    """Return where the number is proved that answers the question with the changes."""
    return view.asked.link("proof", every=None, **changes)


def nearest(total: Total) -> tuple[int, int | None] | None:
    """Return the nearest reading where it is another than the range."""
    return None if total.nearest == (total.low, total.high) else total.nearest


def said(stated: OutcomeTotal) -> str:
    """Return the range in words, such as "at least 30".

    The picture around it says of whom, and shows a dispute.
    """
    words = stated.text.removesuffix(", disputed")
    return words.removesuffix(f" {outcomes_text(stated.outcomes)}")


def _sides(view: View, total: Total) -> tuple[Side, ...]:
    """Return what each figure says that contradicts others, those of the same people together.

    Of whom it speaks is said with the first of them: figures of different people can contradict
    each other, and must not be held against each other as if they were of the same.
    """
    aside = dict.fromkeys((*total.lows_set_aside, *total.highs_set_aside))
    found: list[Side] = []
    before = None
    for figure in sorted(aside, key=_spoken_of):
        about = "" if figure.scope == before else _about(view, figure.scope)
        before = figure.scope
        name = view.claims.reporters[figure.reporter].name
        found.append(Side(name, figure.quantity.low, figure.quantity.high, about))
    return tuple(found)


def _about(view: View, scope: Scope) -> str:
    parts = (
        outcomes_text(scope.outcomes),
        labels.groups(view.claims, scope.groups),
        labels.places(view.claims, scope.places),
        labels.days(scope.period),
    )
    return plain("bars.about", scope=" · ".join(part for part in parts if part))


def _spoken_of(figure: Figure) -> tuple[object, ...]:
    scope = figure.scope
    return (
        scope.places,
        scope.period.stop,
        scope.period.start,
        sorted(scope.outcomes),
        scope.groups,
        scope.incident or "",
    )
