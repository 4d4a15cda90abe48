"""Reads all reports and entities of one state of the record, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from service.domain.entities import Entity
from service.domain.list_queries import EntityListQuery, ReportListQuery
from service.domain.report import RecordedReport
from service.exports.record_stamp import RecordStamp
from service.store import event_log
from service.store.interface import Progress, Reader, ignore_progress
from service.usecases import entities, reports
from service.usecases.as_of import resolve_as_of
from service.usecases.merged_ids import load_merged_ids

PAGE_SIZE: Final = 500
"""So many reports or entities are in memory at once."""

EXPORTED_STATES: Final = ("live", "relay")
"""The states of exported reports: withdrawn and replaced ones are left out."""


class RecordReader:
    """The record as of one event, for exports.

    Each page has a read transaction of its own, so that a slow client never holds one. Reports are
    all of the state ``seq``. Places, groups and reporters are the present ones.
    """

    def __init__(
        self,
        reader: Reader,
        query: ReportListQuery,
        now: datetime,
        report_progress: Progress = ignore_progress,
    ) -> None:
        """Read the reports that the query selects, whatever its order and its limit.

        ``reader`` begins a transaction for each use. Without states in the query these are
        EXPORTED_STATES. ``report_progress`` is called after each page of reports, with the last
        event of the page and that of the record. Raises InvalidInputError for an ``as_of`` in the
        future; unknown ids are found with the first page.
        """
        self._reader, self._now, self._report_progress = reader, now, report_progress
        with reader.read_transaction() as db:
            self.seq = resolve_as_of(db, query.as_of, now)
            self.recorded_at = event_log.load_event(db, self.seq).recorded_at if self.seq else None
            self._merged_ids = load_merged_ids(db, self.seq)
        self._query = replace(
            query,
            states=query.states or EXPORTED_STATES,
            as_of=self.seq,
            is_newest_first=False,
            limit=PAGE_SIZE,
        )

    def make_stamp(self, address: str | None) -> RecordStamp:
        """Return what exports state about themselves; ``address`` is that of the service."""
        return RecordStamp(self.seq, self.recorded_at, self._now, address)

    def iterate_report_pages(self) -> Iterator[list[RecordedReport]]:
        """Yield the reports in the order of the record, without ids that were merged."""
        after = 0
        while True:
            page = reports.list_reports(self._reader, replace(self._query, after=after), self._now)
            yield [
                replace(each, report=self._merged_ids.resolve_report(each.report)) for each in page
            ]
            if len(page) < PAGE_SIZE:
                self._report_progress(self.seq, self.seq)
                return
            after = page[-1].seq
            self._report_progress(after, self.seq)

    def iterate_reports(self) -> Iterator[RecordedReport]:
        """Yield the reports in the order of the record."""
        for page in self.iterate_report_pages():
            yield from page

    def iterate_entities(self, kind: str) -> Iterator[Entity]:
        """Yield the places, groups or reporters, ordered by id."""
        after = ""
        while True:
            query = EntityListQuery(after=after, limit=PAGE_SIZE)
            page = entities.list_entities(self._reader, kind, query)
            yield from page
            if len(page) < PAGE_SIZE:
                return
            after = page[-1].id

    def load_points(self, page: list[RecordedReport]) -> Mapping[str, tuple[float, float]]:
        """Return longitude and latitude of the places of the reports, by id."""
        return reports.load_points(self._reader, page, self.seq)
