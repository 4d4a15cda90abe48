"""Reports as flat rows, one for each figure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.entities import Place
from service.domain.periods import Period
from service.domain.report import RecordedReport, Report, ReportedFigure
from service.domain.vocabulary import ROOT_GROUP
from service.exports.fields import Field
from service.exports.table_cells import locate_place

FIELDS: Final = (
    Field("report", "the report's id"),
    Field("seq", "its position in the event log", "integer"),
    Field("recorded_at", "when it was recorded", "datetime"),
    Field("state", "`live`, `relay`, `superseded` or `retracted`"),
    Field("reporter", "the reporter's id"),
    Field("ref", "the reporter's own id of the report"),
    Field("published_at", "when it was published"),
    Field("stance", "`asserts` if there are figures"),
    Field("figure", "the figure's id; empty for a stance"),
    Field("outcomes", "one joint set, separated by commas"),
    Field("low", "the fewest people", "integer"),
    Field("high", "the most people; empty if there is no upper bound", "integer"),
    Field("best", "the reporter's own estimate", "integer"),
    Field("soft", "`low`, `high` or both: ends that rest on a convention of speech"),
    Field("wording", "the reporter's words"),
    Field("qualifier", "the rule of the lexicon by which the words were read"),
    Field("from", "first day; empty if it is not stated", "date"),
    Field("to", "last day", "date"),
    Field("places", "ids, separated by commas"),
    Field("groups", "ids, separated by commas"),
    Field("incident", "`scheme:id`, or `own`"),
    Field("reclassifies", "the earlier figure whose people it gives another outcome"),
    Field("relays", "the report that this one repeats"),
    Field("origin", "the first report of the chain of relays"),
    Field("supersedes", "the report that this one replaces"),
    Field("superseded_by", "the report that replaced this one"),
    Field("source_url", "the address of the source"),
    Field("source_publisher", "its publisher"),
    Field("source_title", "its title"),
    Field("quote", "the quotation"),
    Field("note", "the note on the report"),
    Field("figure_note", "the note on the figure"),
    Field("caveats", "the report's own caveats, separated by `; `"),
)
"""Every column in order; new ones are added at the end."""

COLUMNS: Final = tuple(field.name for field in FIELDS)


def iterate_figure_rows(reports: Iterable[RecordedReport]) -> Iterator[dict[str, Any]]:
    """Yield a row by column for each figure, and for each report without figures.

    A row without a figure's id is a stance without numbers.
    """
    for recorded in reports:
        yield from iterate_rows(recorded)


def add_places(
    rows: Iterable[dict[str, Any]], places: Mapping[str, Place]
) -> Iterator[dict[str, Any]]:
    """Yield the rows with where the place of each is."""
    for row in rows:
        yield {**row, **locate_place(places, (row["places"] or "").split(","))}


def iterate_rows(recorded: RecordedReport) -> Iterator[dict[str, Any]]:
    """Yield a row by column for each figure of the report, or one for a report without figures."""
    report = recorded.report
    report_columns = {**_content_columns(report), **_record_columns(recorded)}
    for figure_columns in (
        map(_figure_columns, report.figures) if report.figures else (_scope_columns(report),)
    ):
        row = {**report_columns, **figure_columns}
        yield {column: row.get(column) for column in COLUMNS}


def _content_columns(report: Report) -> dict[str, Any]:
    source = report.source
    return {
        "report": report.id,
        "reporter": report.reporter,
        "ref": report.ref,
        "published_at": report.published_at,
        "stance": report.stance,
        "relays": report.relays,
        "supersedes": report.supersedes,
        "source_url": source and source.url,
        "source_publisher": source and source.publisher,
        "source_title": source and source.title,
        "quote": report.quote,
        "note": report.note,
        "caveats": "; ".join(report.caveats) or None,
    }


def _record_columns(recorded: RecordedReport) -> dict[str, Any]:
    return {
        "seq": recorded.seq,
        "recorded_at": recorded.recorded_at,
        "state": recorded.state,
        "origin": recorded.origin,
        "superseded_by": recorded.superseded_by,
    }


def _figure_columns(figure: ReportedFigure) -> dict[str, Any]:
    columns = {
        "figure": figure.id,
        "outcomes": ",".join(figure.outcomes),
        "low": figure.low,
        "high": figure.high,
        "best": figure.best,
        "soft": ",".join(figure.soft) or None,
        "wording": figure.wording,
        "qualifier": figure.qualifier,
        "figure_note": figure.note,
        "reclassifies": figure.reclassifies and figure.reclassifies.figure,
    }
    return {**columns, **_scope_columns(figure)}


def _scope_columns(scoped: Report | ReportedFigure) -> dict[str, Any]:
    period: Period | None = scoped.period
    first_day, last_day = (period.first, period.last) if period else (None, None)
    return {
        "from": first_day and first_day.isoformat(),
        "to": last_day and last_day.isoformat(),
        "places": ",".join(scoped.places),
        "groups": ",".join(scoped.groups or (ROOT_GROUP,)),
        "incident": scoped.incident,
    }
