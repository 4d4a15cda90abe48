"""From totals to what pictures and tables show of them."""

from typing import Final

from service.domain.answer import Stated
from service.domain.total import Total
from service.web.charts.bars import Bar, Side
from service.web.view import View

MOST_SIDES: Final = 4
"""So many of those who contradict each other are shown; the proof shows all."""


def bar(
    view: View, key: str, label: str, stated: Stated, opens: str | None = None, **changes: str
) -> Bar:
    """Return the bar of a total; its proof is that of the question with the changes."""
    total = stated.total
    return Bar(
        key, label, said(stated), total.low, total.high, total.disputed, nearest(total),
        total.exact, proof(view, **changes) if total.reported else None, opens,
        sides=_sides(view, total),
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


def _sides(view: View, total: Total) -> tuple[Side, ...]:
    """Return what each of those who contradict each other says, the first few of many."""
    aside = dict.fromkeys((*total.floors_set_aside, *total.ceilings_set_aside))
    return tuple(
        Side(view.claims.reporters[f.reporter].name, f.quantity.low, f.quantity.high)
        for f in list(aside)[:MOST_SIDES]
    )
