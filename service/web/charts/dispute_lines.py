"""What contradicts each other below a range chart: each side as a thin line on one axis."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from service.domain.wording.bidi import isolate_bidi
from service.web.charts import scale
from service.web.charts.items import RangeBar
from service.web.charts.scale import AXIS_LENGTH, RangePosition
from service.web.charts.svg_document import CONTENT_WIDTH, MARGIN, TextLine
from service.web.charts.text_layout import clean_text, measure_text, shorten_text, wrap_text
from service.web.messages import markup

STUB_WIDTH: Final = 28
"""The length of the arrow of a range without an upper bound, in pixels."""

MAX_DISPUTES: Final = 8
"""The most contradictions below a chart; the table has those of all bars."""

_LABEL_WIDTH: Final = 280
_NARROWEST_STRIP: Final = 416
_LINE_HEIGHTS: Final = {"after": 18, "before": 18, "above": 32}

LabelPlace = Literal["after", "before", "above"]
"""Where the name of a line is: after its end, before its beginning, or above its end."""


@dataclass(frozen=True, slots=True)
class ThinLine:
    """A thin line with its label, of one side, or of the range that holds in any case.

    ``label`` is the text, shortened. ``scope_text`` names the people of the figure; it is empty if
    the line before is about the same.
    """

    text: str
    label: str
    position: RangePosition
    place: LabelPlace
    is_side: bool
    scope_text: str = ""

    @property
    def height(self) -> int:
        """The height of the line with its label, in pixels."""
        return _LINE_HEIGHTS[self.place]


@dataclass(frozen=True, slots=True)
class Dispute:
    """Reports that contradict each other, and the bars that they dispute.

    ``lines`` are the sides on an axis of their own and, last, what holds in any case.
    """

    text: str
    lines: tuple[ThinLine, ...]
    omitted_side_count: int


@dataclass(frozen=True, slots=True)
class PlacedDispute:
    """A contradiction in a file: its lines of text, and the upper edges of its thin lines."""

    dispute: Dispute
    texts: tuple[TextLine, ...]
    line_tops: tuple[int, ...]
    bottom: int


def layout_disputes(bars: Iterable[RangeBar]) -> list[Dispute]:
    """Return each contradiction once, with all bars that it disputes."""
    groups: dict[tuple[object, ...], list[RangeBar]] = {}
    for bar in bars:
        if bar.is_disputed:
            key = (bar.sides, bar.omitted_side_count, bar.contradiction)
            groups.setdefault(key, []).append(bar)
    return [_layout_dispute(group) for group in groups.values()]


def _layout_dispute(bars: Sequence[RangeBar]) -> Dispute:
    first = bars[0]
    merged = [(bar, *bar.merged_range) for bar in bars if bar.merged_text][:MAX_DISPUTES]
    axis = scale.fit_scale(
        (
            *(number for side in first.sides for number in (side.low, side.high)),
            *(number for _, low, high in merged for number in (low, high)),
        )
    )
    lines = [
        _layout_line(side.text, axis.locate_range(side.low, side.high), True, side.scope_text)
        for side in first.sides
    ]
    for bar, low, high in merged:
        name = f"{isolate_bidi(clean_text(bar.label))}: " if len(bars) > 1 else ""
        text = f"{name}{bar.merged_text}"
        lines.append(_layout_line(text, axis.locate_range(low or 0, high), False))
    names = ", ".join(isolate_bidi(clean_text(bar.label)) for bar in bars[:MAX_DISPUTES])
    if len(bars) > MAX_DISPUTES:
        more = markup("charts.dispute.more", names=names, count=len(bars) - MAX_DISPUTES)
        names = clean_text(more)
    text = clean_text(markup("charts.dispute", names=names, differ=first.differ_text))
    return Dispute(text, tuple(lines), first.omitted_side_count)


def _layout_line(
    text: str, position: RangePosition, is_side: bool, scope_text: str = ""
) -> ThinLine:
    """Return the line, with its label at its end if there is room in any chart with labels."""
    label = shorten_text(text, 12, _LABEL_WIDTH)
    label_length = (measure_text(label, 12) + 20) * AXIS_LENGTH / _NARROWEST_STRIP
    stub_length = STUB_WIDTH * AXIS_LENGTH / _NARROWEST_STRIP if position.is_open else 0
    place: LabelPlace = "above"
    if position.high + stub_length + label_length <= AXIS_LENGTH:
        place = "after"
    elif position.low >= label_length:
        place = "before"
    return ThinLine(clean_text(text), label, position, place, is_side, clean_text(scope_text))


def place_disputes(disputes: Iterable[Dispute], top: int) -> Iterator[PlacedDispute]:
    y = top
    for dispute in disputes:
        texts: list[TextLine] = []
        line_tops = []

        def write(words: str, role: str, size: int, y: int, texts: list[TextLine] = texts) -> int:
            for line in wrap_text(words, size, CONTENT_WIDTH):
                texts.append(TextLine(MARGIN, y + size, size, role, line))
                y += size + 5
            return y

        y = write(dispute.text, "ink", 13, y)
        for line in dispute.lines:
            y = write(line.scope_text, "quiet", 12, y + 2)
            line_tops.append(y)
            y += line.height
        if dispute.omitted_side_count:
            more = markup("charts.sides.more", count=dispute.omitted_side_count)
            y = write(clean_text(more), "quiet", 12, y)
        y += 10
        yield PlacedDispute(dispute, tuple(texts), tuple(line_tops), y)
