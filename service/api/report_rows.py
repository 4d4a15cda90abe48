"""Reports as flat rows, one for each figure, for CSV and GeoJSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from service.domain.entities import Place
from service.domain.periods import Period
from service.domain.report import RecordedReport, Report, ReportedFigure
from service.domain.vocabulary import ROOT_GROUP
from service.http.csv_writer import write_csv
from service.http.table_cells import PLACE_COLUMNS, locate_place

COLUMNS: Final = (
    "report",
    "seq",
    "recorded_at",
    "state",
    "reporter",
    "ref",
    "published_at",
    "stance",
    "figure",
    "outcomes",
    "low",
    "high",
    "best",
    "soft",
    "wording",
    "qualifier",
    "from",
    "to",
    "places",
    "groups",
    "incident",
    "reclassifies",
    "relays",
    "origin",
    "supersedes",
    "superseded_by",
    "source_url",
    "source_publisher",
    "source_title",
    "quote",
    "note",
    "figure_note",
    "caveats",
)
"""Every column in order; new ones are added at the end."""


def to_csv(reports: Iterable[RecordedReport], bom: bool = False) -> str:
    """Return the CSV table: a header, and one row for each figure or report without figures.

    An open upper bound is an empty cell. A row without a figure's id is a stance without numbers.
    """
    rows = (row for report in reports for row in iterate_rows(report))
    return write_csv(COLUMNS, rows, bom=bom)


def to_csv_with_places(
    reports: Iterable[RecordedReport],
    places: Mapping[str, Place],
    about: Iterable[str],
    bom: bool = False,
) -> str:
    """Return the same with lines that say what it is about, and with where each row's place is."""
    rows = (
        {**row, **locate_place(places, (row["places"] or "").split(","))}
        for report in reports
        for row in iterate_rows(report)
    )
    return write_csv((*COLUMNS, *PLACE_COLUMNS), rows, bom=bom, about=about)


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
