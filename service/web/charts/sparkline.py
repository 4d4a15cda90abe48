"""A sparkline: a tiny picture of what is placed in each month or year, for a row of a table."""

from collections.abc import Sequence
from typing import Final

from service.web.charts.items import PeriodBar

WIDTH: Final = 120
HEIGHT: Final = 28
MAX_BARS: Final = 24

_START: Final = (
    f'<svg class="sparkline" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    ' aria-hidden="true" focusable="false">'
)


def draw_sparkline(bars: Sequence[PeriodBar]) -> str:
    """Return the last bars in their order as SVG inside a page; "" if nothing is known."""
    shown = bars[-MAX_BARS:]
    greatest = max((number for bar in shown for number in bar.shown_range if number), default=0)
    if not greatest:
        return ""
    step = min(WIDTH / len(shown), 12)
    marks = [
        f'<rect class="spark-axis" y="{HEIGHT - 1}" width="{step * len(shown):g}" height="1"/>'
    ]
    for place, bar in enumerate(shown):
        if not bar.is_drawn:
            continue
        low, high = bar.shown_range
        for name, people in (
            ("spark-range", high if bar.is_placed else None),
            ("spark-low", low),
        ):
            height = round((people or 0) / greatest * (HEIGHT - 2), 1)
            if people:
                x, y, width = place * step + 0.5, HEIGHT - 1 - max(height, 1), step - 1
                marks.append(
                    f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{width:g}"'
                    f' height="{max(height, 1):g}"/>'
                )
    return f"{_START}{''.join(marks)}</svg>"
