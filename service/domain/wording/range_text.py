"""Ranges of people in words: in a total, a chart, and beside a figure's wording."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

from service.domain.reach import Reach
from service.domain.total import Total
from service.domain.vocabulary import OUTCOMES, sort_outcomes

RangeKind = Literal["unknown", "at_least", "nobody", "exactly", "up_to", "between"]
"""The kinds of range, by which of its ends are known and which of them are zero."""

NO_FIGURE: Final = "no figure reported"
"""The words of a total to which no figure contributes."""


def classify_range(low: int, high: int | None) -> RangeKind:
    """Return the kind of the range; ``high`` None means that no upper bound is known."""
    if high is None:
        return "at_least" if low else "unknown"
    if low == high:
        return "exactly" if low else "nobody"
    return "between" if low else "up_to"


@dataclass(frozen=True, slots=True)
class RangeForm:
    """The words for each kind of range in one context.

    ``{low}`` and ``{high}`` are replaced by the ends.
    """

    unknown: str
    at_least: str
    nobody: str
    exactly: str
    up_to: str
    between: str

    def render(self, low: int, high: int | None) -> str:
        """Return the range in the words of this form."""
        template: str = getattr(self, classify_range(low, high))
        low_text, high_text = format_count(low), "" if high is None else format_count(high)
        return template.format(low=low_text, high=high_text)


TOTAL_FORM: Final = RangeForm(
    unknown="reported, number not known",
    at_least="at least {low}",
    nobody="nobody",
    exactly="{low}",
    up_to="up to {high}",
    between="between {low} and {high}",
)
"""A total: in the API's ``text`` and beside a bar."""

DISPUTED_TOTAL_FORM: Final = replace(TOTAL_FORM, up_to="0 to {high}")
"""A disputed total: "up to" would hide that some report says more than zero."""

FIGURE_FORM: Final = RangeForm(
    unknown="an unknown number",
    at_least="at least {low}",
    nobody="{low}",
    exactly="{low}",
    up_to="{low} to {high}",
    between="{low} to {high}",
)
"""The range of one figure inside a sentence."""

CHART_FORM: Final = replace(FIGURE_FORM, unknown="{low} or more", at_least="{low} or more")
"""The short form beside a mark of a chart."""

COMPACT_FORM: Final = RangeForm(
    unknown="not known",
    at_least="{low}+",
    nobody="0",
    exactly="{low}",
    up_to="0\u2013{high}",
    between="{low}\u2013{high}",
)
"""The number beside a bar, an en dash between its ends."""

READING_FORM: Final = replace(CHART_FORM, unknown="any number", up_to="up to {high}")
"""How the service reads a wording: "Read as 30 or more"."""

NOT_DISCLOSED: Final = "number not known"
"""Used instead of ``READING_FORM`` for a figure whose reporter disclosed no number."""


def format_count(count: int) -> str:
    """Return the number with commas between thousands: 3,001."""
    return f"{count:,}"


def join_words(words: Sequence[str], conjunction: str = "and") -> str:
    """Return the words as a list in a sentence: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def outcomes_text(outcomes: Collection[str]) -> str:
    """Return the outcomes as alternatives, in the vocabulary's order: "killed or wounded"."""
    return join_words(sort_outcomes(outcomes), "or")


def all_outcomes_texts() -> dict[str, str]:
    """Return the text of every set of outcomes, by its outcomes with commas between."""
    sizes = range(1, len(OUTCOMES) + 1)
    return {
        ",".join(outcomes): outcomes_text(outcomes)
        for size in sizes
        for outcomes in combinations(OUTCOMES, size)
    }


def total_text(total: Total, outcomes: Collection[str], reach: Reach | None = None) -> str:
    """Return the total in words, such as "at least 30 killed or wounded, disputed".

    With ``reach``, outcomes that no figure covers are named as such, and a zero is "nobody" only
    where figures report it for the whole of what was asked.
    """
    if total.low is None:
        return NO_FIGURE
    reach = reach or Reach()
    words = outcomes_text(reach.spoken_outcomes or outcomes)
    silence = silence_text(reach)
    if _is_nearest_narrower(total):
        text = _nearest_first_text(total, words)
    elif total.low == total.high == 0:
        text = _zero_text(words, reach)
    elif classify_range(total.low, total.high) == "unknown":
        text = total_range_text(total)
    else:
        text = f"{total_range_text(total)} {words}"
    if total.is_disputed and not _is_nearest_narrower(total):
        text = f"{text}, disputed"
    if not silence:
        return text
    is_plain = ";" not in text and "reported" not in text
    return f"{text}, as reported; {silence}" if is_plain else f"{text}; {silence}"


def silence_text(reach: Reach) -> str:
    """Return what no figure covers, "" if nothing: "nothing was reported of wounded or missing"."""
    silent = [outcomes_text(reach.silent_outcomes)] if reach.silent_outcomes else []
    if not reach.is_zero_reported:
        if reach.silent_places:
            count, whole = format_count(len(reach.silent_places)), format_count(reach.place_count)
            silent.append(f"{count} of {whole} places")
        if reach.silent_days:
            count, whole = format_count(reach.silent_day_count), format_count(reach.day_count)
            silent.append(f"{count} of {whole} days")
    return f"nothing was reported of {join_words(silent)}" if silent else ""


def _zero_text(words: str, reach: Reach) -> str:
    """Return the words of a zero, by whether it was reported, reported of a part, or follows."""
    if reach.is_zero_reported:
        return f"nobody {words}"
    if reach.is_zero_elsewhere:
        return f"0 {words} in the part that was reported"
    return f"0 {words}, which follows from figures of other people"


def _is_nearest_narrower(total: Total) -> bool:
    """Whether the total is disputed, and the reading nearest to the reports is narrower than it."""
    return (
        total.is_disputed
        and total.nearest is not None
        and total.contradiction is not None
        and total.nearest != (total.low, total.high)
    )


def _nearest_first_text(total: Total, words: str) -> str:
    """Return a disputed total, its nearest reading first, then the range that holds in any case."""
    low, high = total.nearest or (0, None)
    text = f"{range_text(low, high)} {words} by the nearest reading"
    certain = DISPUTED_TOTAL_FORM.render(total.low or 0, total.high)
    if classify_range(total.low or 0, total.high) == "unknown":
        certain = "number not known"
    return f"{text}; {contradiction_text(total.contradiction or 0)}; {certain} whichever is wrong"


def contradiction_text(people: int) -> str:
    """Return by how many people the reports contradict each other, as a clause."""
    noun = "person" if people == 1 else "people"
    return f"reports contradict each other by {format_count(people)} {noun}"


def total_range_text(total: Total) -> str:
    """Return the range of the total without its outcomes and dispute, such as "at least 30".

    Of a disputed total it is the reading nearest to the reports, where that is narrower.
    """
    if total.low is None:
        return NO_FIGURE
    if _is_nearest_narrower(total) and total.nearest is not None:
        return f"{range_text(*total.nearest)} by the nearest reading"
    form = DISPUTED_TOTAL_FORM if total.is_disputed else TOTAL_FORM
    return form.render(total.low, total.high)


def range_text(low: int, high: int | None) -> str:
    """Return the range of a figure in words, such as "at least 30" or "2 to 8"."""
    return FIGURE_FORM.render(low, high)


def chart_range_text(low: int, high: int | None) -> str:
    """Return the range as charts write it, such as "30 or more" or "2 to 8"."""
    return CHART_FORM.render(low, high)


def compact_range_text(low: int, high: int | None) -> str:
    """Return the range as numbers alone, such as "30+", "2–8" or "100"."""
    return COMPACT_FORM.render(low, high)
