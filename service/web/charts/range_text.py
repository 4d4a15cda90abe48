"""Ranges in words, as charts and their tables write them."""

from service.web.charts.text_layout import clean_text
from service.web.messages import markup


def format_range(low: int | None, high: int | None) -> str:
    """Return the range in digits and words: "30 to 40", "30 or more", "not reported"."""
    if low is None:
        return clean_text(markup("charts.none"))
    if high is None:
        return clean_text(markup("charts.range.open", low=low))
    kind = "exact" if high == low else "range"
    return clean_text(markup(f"charts.range.{kind}", low=low, high=high))


def format_dispute(disputed: bool, nearest: tuple[int, int | None] | None) -> str:
    """Return what is said of a dispute: that there is one, and its nearest reading; or nothing."""
    parts = [clean_text(markup("charts.disputed"))] if disputed else []
    if nearest is not None:
        parts.append(clean_text(markup("charts.nearest", range=format_range(*nearest))))
    return ", ".join(parts)
