"""From totals to what pictures and tables show of them."""

from typing import Final

from service.domain.answer import Stated
from service.domain.phrases import outcomes_text
from service.domain.total import Total
from service.web import naming
from service.web.charts.bars import Bar, Side
from service.web.texts import plain
from service.web.view import View

MOST_SIDES: Final = 6
"""So many of those who contradict each other are shown beside a bar; the proof shows all."""


def bar(
    view: View, key: str, label: str, stated: Stated, opens: str | None = None, **changes: str
) -> Bar:
    """Return the bar of a total; its proof is that of the question with the changes."""
    total = stated.total
    about, sides = _sides(view, total)
    return Bar(
        key, label, said(stated), total.low, total.high, total.disputed, nearest(total),
        total.exact, proof(view, **changes) if total.reported else None, opens,
        about=about, sides=sides,
    )  # fmt: skip


def proof(view: View, **changes: str) -> str:
    """Return where the number is proved that answers the question with the changes."""
    return view.asked.link("proof", every=None, **changes)


def nearest(total: Total) -> tuple[int, int | None] | None:
    """Return the nearest reading where it is another than the range."""
    return None if total.nearest == (total.low, total.high) else total.nearest


def said(stated: Stated) -> str:
    """Return the total in words, without its dispute: pictures and tables say that themselves."""
    return stated.text.removesuffix(", disputed")


def _sides(view: View, total: Total) -> tuple[str, tuple[Side, ...]]:
    """Return what those speak of who contradict each other, and what each of them says.

    Only ranges of the same people can be held against each other: where the figures speak of
    different ones, or there are many, they are counted instead.
    """
    aside = list(dict.fromkeys((*total.floors_set_aside, *total.ceilings_set_aside)))
    if not aside:
        return "", ()
    if len(aside) > MOST_SIDES or len({each.scope for each in aside}) > 1:
        return plain("bars.contradict", count=len(aside)), ()
    scope = aside[0].scope
    parts = (
        outcomes_text(scope.outcomes),
        naming.groups(view.claims, scope.groups),
        naming.places(view.claims, scope.places),
        naming.days(scope.period),
    )
    about = plain("bars.about", scope=" · ".join(part for part in parts if part))
    reporters = view.claims.reporters
    return about, tuple(
        Side(reporters[f.reporter].name, f.quantity.low, f.quantity.high) for f in aside
    )
