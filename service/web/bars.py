"""From totals to what pictures and tables show of them."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from service.domain.answer import Stated
from service.domain.caveats import Caveat
from service.domain.figure import Figure
from service.domain.total import Total
from service.web.charts.bars import Bar, Side
from service.web.texts import plain
from service.web.view import View

MOST_SIDES: Final = 4
"""So many of those who contradict each other are shown; the proof shows all."""


def bar(
    view: View,
    key: str,
    label: str,
    stated: Stated,
    caveats: Iterable[Caveat],
    opens: str | None = None,
    **changes: str,
) -> Bar:
    """Return the bar of a total; its proof is that of the question with the changes."""
    total = stated.total
    sides = _sides(view, total)
    return Bar(
        key, label, said(stated), total.low, total.high, total.disputed, nearest(total),
        total.exact, proof(view, **changes) if total.reported else None, opens,
        sides=sides[:MOST_SIDES], untold=len(sides[MOST_SIDES:]),
        caveats=tuple(each.text for each in caveats),
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
    """Return what each of those says who contradict each other, and of where if not all of one.

    Those who speak of the same stand together, so that the first few tell a whole dispute.
    """
    aside = dict.fromkeys((*total.floors_set_aside, *total.ceilings_set_aside))
    scattered = len({each.scope.places for each in aside}) > 1

    def label(figure: Figure) -> str:
        name = view.claims.reporters[figure.reporter].name
        where = _named(view, figure.scope.places)
        return plain("sides.where", name=name, where=where) if scattered else name

    return tuple(
        Side(label(each), each.quantity.low, each.quantity.high)
        for each in sorted(aside, key=_spoken_of)
    )


def _spoken_of(figure: Figure) -> tuple[tuple[str, ...], date]:
    return figure.scope.places, figure.scope.period.last or date.max


def _named(view: View, places: Iterable[str]) -> str:
    present = view.claims.present("place", places)
    return ", ".join(view.claims.places[id].name for id in present)
