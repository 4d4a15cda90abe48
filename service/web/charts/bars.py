"""What a range chart is made of: one bar for every part of the answer."""

from dataclasses import dataclass

from service.web.charts import range_text
from service.web.charts.text_layout import clean_text
from service.web.messages import markup


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says of a disputed number of people; ``high`` None means open above.

    ``about`` says of whom, unless the side before speaks of the same.
    """

    label: str
    low: int
    high: int | None
    about: str = ""

    @property
    def range_text(self) -> str:
        """The side's name and its range, in words."""
        return clean_text(
            markup(
                "charts.side", label=self.label, range=range_text.format_range(self.low, self.high)
            )
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """One part's number of people, and its words.

    ``text`` is the total in words. ``low`` None means that nothing is reported; ``high`` None
    beside a ``low`` means open above. ``nearest`` is the nearest reading of a disputed total, and
    ``sides`` what each side says. Without ``exact`` the true ends may lie further in. ``href``
    leads to the proof and ``more`` to the part itself. A ``shared`` bar is of people known to lie
    in some part, but in no one of them: it is drawn apart, its low only. ``untold`` is how many
    more figures contradict each other than ``sides`` tells, and ``caveats`` what qualifies the
    number, in sentences.
    """

    key: str
    label: str
    text: str
    low: int | None
    high: int | None
    disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    exact: bool = True
    href: str | None = None
    more: str | None = None
    shared: bool = False
    sides: tuple[Side, ...] = ()
    untold: int = 0
    caveats: tuple[str, ...] = ()

    @property
    def dispute_text(self) -> str:
        """What is said of a dispute, in words; empty where there is none."""
        return range_text.format_dispute(self.disputed, self.nearest)
