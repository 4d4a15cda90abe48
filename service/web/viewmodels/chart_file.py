"""A chart as a file: which one, and the text that it carries."""

from dataclasses import dataclass
from typing import Any, Final

from service.domain.wording.range_text import join_words, outcomes_text
from service.web import day_words, labels
from service.web.charts.card import layout_card
from service.web.charts.svg_document import DocumentText
from service.web.messages import plain_text
from service.web.query.addresses import make_absolute
from service.web.query.page_query import SUBJECT_PAGE
from service.web.viewmodels.place_page import PlacePage

MAX_NAMED_REPORTERS: Final = 3


@dataclass(frozen=True, slots=True)
class SelectedChart:
    """The chart of an embedded page or a file; ``chart`` is None if there is nothing to draw.

    ``omission`` states what the chart leaves out; it is empty if there is nothing.
    """

    kind: str
    title: str
    chart: Any
    omission: str = ""


def select_chart(view: PlacePage, *, is_file: bool = False) -> SelectedChart:
    """Return the chart that the query asks for; a file has fewer parts in any case.

    Raises TimeBudgetExceededError if its totals take too long.
    """
    selected = _select(view, is_file=is_file)
    timeout = view.time_series.timeout if selected.kind == "times" else view.breakdown.timeout
    if timeout is not None:
        raise timeout
    return selected


def _select(view: PlacePage, *, is_file: bool) -> SelectedChart:
    kind = view.page_query.chart or "parts"
    if kind == "times":
        unit = view.time_series.unit or "day"
        return SelectedChart(kind, plain_text(f"times.title.{unit}"), view.time_series.time_chart)
    if kind == "map":
        without = view.breakdown.without_point
        names = [f"{each.label} {each.number}" for each in without.shown]
        if without.rest_count:
            names.append(plain_text("map.without.more", count=without.rest_count))
        omission = f"{plain_text('map.without')} {', '.join(names)}." if names else ""
        return SelectedChart(kind, plain_text("map.title"), view.breakdown.map_chart, omission)
    breakdown = view.breakdown
    count = breakdown.omitted_in_file if is_file else breakdown.omitted_count
    omission = plain_text("parts.left_out", count=count) if count else ""
    chart = breakdown.file_chart if is_file else breakdown.range_chart
    return SelectedChart(
        "parts", plain_text(f"parts.title.{view.page_query.by}"),
        chart if breakdown.bars else None, omission,
    )  # fmt: skip


def make_document_text(view: PlacePage, title: str = "", omission: str = "") -> DocumentText:
    """Return the text of a file: its sentence, source, caveats, date and full address."""
    outcomes = outcomes_text(view.lead_outcomes).capitalize()
    caveats = [each.text for each in (*view.leading_caveats, *view.other_caveats)]
    address = view.page_query.name_page(
        SUBJECT_PAGE, as_of=str(view.seq), chart=None, every=None, unit=None, start=None
    )
    return DocumentText(
        view.headline,
        _describe_source(view),
        plain_text("charts.file.caption", outcomes=outcomes, title=title) if title else "",
        [*([omission] if omission else []), *caveats],
        plain_text(
            "charts.file.foot",
            seq=str(view.seq),
            at=day_words.format_moment(view.state.recorded_at),
        ),
        make_absolute(address),
    )


def _describe_source(view: PlacePage) -> str:
    """Return who reports it, and of which days: "Source: UCDP · 6,170 reports · cover 2016"."""
    reporters = [each.id for each in view.result.coverage.reporters]
    shown = reporters[:MAX_NAMED_REPORTERS]
    names = [labels.join_reporter_names(view.state, [each]) for each in shown]
    if not names:
        return ""
    rest = len(reporters) - len(shown)
    source = (
        plain_text("charts.file.sources", names=", ".join(names), count=rest)
        if rest
        else plain_text("charts.file.source", names=join_words(names))
    )
    return " · ".join((source, *view.coverage_words))


def make_card(view: PlacePage) -> Any:
    """Return the layout of the card of the page."""
    return layout_card(make_document_text(view), view.time_series.time_chart)
