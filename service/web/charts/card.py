"""The card: a picture of the size that link previews show, with the sentence in large letters."""

from dataclasses import dataclass, replace
from typing import Final

from service.web.charts.svg_document import DocumentText, Swatch, TextLine
from service.web.charts.text_layout import clean_text, shorten_text, wrap_text
from service.web.charts.time_chart import TimeChart

WIDTH: Final = 1200
HEIGHT: Final = 630
MARGIN: Final = 56
CONTENT_WIDTH: Final = WIDTH - 2 * MARGIN

_SENTENCE_SIZES: Final = (44, 38, 32, 28, 24)
_MAX_LARGE_LINES: Final = 4
_MAX_SMALL_LINES: Final = 9
_FOOT_HEIGHT: Final = 84
_MIN_PLOT_HEIGHT: Final = 70
_MAX_PLOT_HEIGHT: Final = 220


@dataclass(frozen=True, slots=True)
class Card:
    """The layout of a card; ``chart`` is drawn from ``chart_top`` on, and None without room."""

    title: str
    lines: tuple[TextLine, ...]
    chart: TimeChart | None
    chart_top: int
    width: int = WIDTH
    height: int = HEIGHT
    margin: int = MARGIN
    content_width: int = CONTENT_WIDTH
    id_prefix: str = "card"
    swatches: tuple[Swatch, ...] = ()


def layout_card(text: DocumentText, chart: TimeChart | None = None) -> Card:
    """Return the layout of the card; the first caveat of the text is on it.

    A sentence that is too long even in small letters is cut.
    """
    lines: list[TextLine] = []
    size, sentence = _fit_sentence(text.sentence)
    y = MARGIN - 8
    for line in sentence:
        lines.append(TextLine(MARGIN, y + size, size, "title", line))
        y += size * 5 // 4
    for words, role in ((text.source, "quiet"), ("".join(text.caveats[:1]), "ink")):
        if words:
            line = shorten_text(words, 21, CONTENT_WIDTH)
            lines.append(TextLine(MARGIN, y + 32, 21, role, line))
            y += 32
    foot_top = HEIGHT - _FOOT_HEIGHT
    for number, words in enumerate((text.foot, text.address)):
        line = shorten_text(words, 18, CONTENT_WIDTH)
        lines.append(TextLine(MARGIN, foot_top + 24 + 26 * number, 18, "quiet", line))
    chart = None if chart is None else _fit_chart(chart, foot_top - y - 30)
    chart_top = foot_top - 10 - (chart.height if chart else 0)
    return Card(clean_text(text.sentence), tuple(lines), chart, chart_top)


def _fit_chart(chart: TimeChart, height: int) -> TimeChart | None:
    """Return the chart with bars as high as there is room; None if that is very little."""
    plot_height = chart.plot_height + height - chart.height
    if plot_height < _MIN_PLOT_HEIGHT:
        return None
    return replace(chart, plot_height=min(plot_height, _MAX_PLOT_HEIGHT))


def _fit_sentence(sentence: str) -> tuple[int, tuple[str, ...]]:
    """Return the largest size at which the sentence fits, and its lines."""
    for size in _SENTENCE_SIZES:
        lines = wrap_text(sentence, size, CONTENT_WIDTH, bold=True)
        if len(lines) <= _MAX_LARGE_LINES:
            return size, lines
    if len(lines) <= _MAX_SMALL_LINES:
        return size, lines
    *shown, last = lines[:_MAX_SMALL_LINES]
    return size, (*shown, f"{last[:-1]}…")
