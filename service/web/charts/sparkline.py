"""A sparkline: a tiny picture of what is placed in each month or year, for a row of a table."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from service.web.charts.items import PeriodBar

WIDTH: Final = 120
HEIGHT: Final = 28
MAX_BARS: Final = 24

_STYLE: Final = (
    ".l{fill:#33566f}.h{fill:#c3d4e0}.a{fill:#67747f}"
    "@media(prefers-color-scheme:dark){.l{fill:#93b7d1}.h{fill:#34506a}.a{fill:#8a96a1}}"
)
STYLE_HASH: Final = f"sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}"
"""What a content security policy names to allow the style."""

_EMPTY: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
    f' viewBox="0 0 {WIDTH} {HEIGHT}">'
)


def draw_sparkline(bars: Sequence[PeriodBar]) -> str:
    """Return the SVG of the last bars in their order; it is empty if nothing is known.

    The style inside has the colours for light and dark.
    """
    shown = bars[-MAX_BARS:]
    greatest = max((number for bar in shown for number in bar.shown_range if number), default=0)
    if not greatest:
        return f"{_EMPTY}</svg>"
    step = min(WIDTH / len(shown), 12)
    marks = [f'<rect class="a" y="{HEIGHT - 1}" width="{step * len(shown):g}" height="1"/>']
    for place, bar in enumerate(shown):
        if not bar.is_drawn:
            continue
        low, high = bar.shown_range
        for name, people in (("h", high if bar.is_placed else None), ("l", low)):
            height = round((people or 0) / greatest * (HEIGHT - 2), 1)
            if people:
                x, y, width = place * step + 0.5, HEIGHT - 1 - max(height, 1), step - 1
                marks.append(
                    f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{width:g}"'
                    f' height="{max(height, 1):g}"/>'
                )
    return f"{_EMPTY}<style>{_STYLE}</style>{''.join(marks)}</svg>"
