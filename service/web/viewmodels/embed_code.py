"""The code of a frame that shows one chart in another page."""

from typing import Final

from markupsafe import escape

from service.web.messages import plain_text
from service.web.query.addresses import make_absolute
from service.web.query.page_query import PageQuery
from service.web.viewmodels.base import NamedLink
from service.web.viewmodels.breakdown import MAX_BARS
from service.web.viewmodels.place_page import PlacePage

CODE_PAGE: Final = "embed/code"

HEIGHTS: Final = {"times": 620, "map": 760}
"""The heights of frames in pixels: sufficient for a sentence of three lines and three caveats."""

PARTS_HEIGHT: Final = 400
ROW_HEIGHT: Final = 30
MAX_HEIGHT: Final = 900
"""The height of a frame with the chart of parts depends on their number, up to this one."""


class EmbedCode:
    """The view model of the page with the code."""

    def __init__(self, view: PlacePage) -> None:
        """Choose the chart: the one that is asked for, or the first that is not empty."""
        self.view = view
        self.kinds = [each for each in view.chart_kinds if each != "card"]
        asked = view.page_query.chart
        first = self.kinds[0] if self.kinds else "parts"
        self.kind = asked if asked in self.kinds else first

    @property
    def _query(self) -> PageQuery:
        return self.view.page_query

    @property
    def frame_link(self) -> str:
        """The address of the frame, relative to this page."""
        return self._query.link_to("embed", chart=self.kind)

    @property
    def address(self) -> str:
        """The absolute address of the frame."""
        return make_absolute(self._query.name_page("embed", chart=self.kind))

    @property
    def height(self) -> int:
        """The height of the frame in pixels."""
        if self.kind != "parts":
            return HEIGHTS[self.kind]
        row_count = min(len(self.view.breakdown.bars), MAX_BARS)
        return min(PARTS_HEIGHT + ROW_HEIGHT * row_count, MAX_HEIGHT)

    @property
    def html(self) -> str:
        """The code of the frame, in one line."""
        address, title = escape(self.address), escape(self.view.headline)
        size = f'width="100%" height="{self.height}"'
        # A text, not Markup: the page shows the code itself.
        return f'<iframe src="{address}" title="{title}" {size} loading="lazy"></iframe>'

    @property
    def choices(self) -> list[NamedLink]:
        """The charts to choose from; that of the frame has no address."""
        return [
            NamedLink(
                each,
                plain_text(f"embed.chart.{each}"),
                "" if each == self.kind else self._query.link_to(CODE_PAGE, chart=each),
            )
            for each in self.kinds
        ]

    @property
    def is_pinned(self) -> bool:
        """Whether the frame always shows the same state of the record."""
        return self._query.query.as_of is not None

    @property
    def other_link(self) -> str:
        """The address of the code for the present state for good; of the latest if it is pinned."""
        as_of = None if self.is_pinned else str(self.view.seq)
        return self._query.link_to(CODE_PAGE, as_of=as_of)
