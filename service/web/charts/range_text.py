"""Ranges in words, as charts and their tables write them."""

from service.web.charts.text_layout import plain
from service.web.messages import text


def said(low: int | None, high: int | None) -> str:
    """Return the range in digits and words: "30 to 40", "30 or more", "not reported"."""
    if low is None:
        return plain(text("charts.none"))
    if high is None:
        return plain(text("charts.range.open", low=low))
    kind = "exact" if high == low else "range"
    return plain(text(f"charts.range.{kind}", low=low, high=high))


def beyond(disputed: bool, nearest: tuple[int, int | None] | None) -> str:
    """Return what is said of a dispute: that there is one, and its nearest reading; or nothing."""
    parts = [plain(text("charts.disputed"))] if disputed else []
    if nearest is not None:
        parts.append(plain(text("charts.nearest", range=said(*nearest))))
    return ", ".join(parts)
