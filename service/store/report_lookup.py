"""Recorded reports that others refer to, by id or by ref: looked up once for many submissions."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from service.domain.report import Report
from service.store.interface import Connection


class ReportHead(NamedTuple):
    """What a link to a report needs to know of it."""

    id: str
    seq: int
    reporter: str
    ref: str | None
    content_hash: str
    relays: str | None
    origin: str | None
    supersedes: str | None
    superseded_by: str | None


class ReportLookup:
    """The heads of reports, in a transaction in which only those that are added are recorded."""

    def __init__(self, db: Connection) -> None:
        """Begin without any; nothing is read yet."""
        self._db = db
        self._heads: dict[str, ReportHead | None] = {}
        self._ids_by_ref: dict[tuple[str, str], list[str]] = {}

    def prefetch(self, report_ids: Collection[str], refs: Iterable[tuple[str, str]]) -> None:
        """Load the reports by id, and by reporter and ref, with few statements for all of them."""
        if missing := [each for each in report_ids if each not in self._heads]:
            rows = self._db.fetch_all("select_report_heads", ids=json.dumps(missing))
            self._heads |= dict.fromkeys(missing)
            self._heads |= {row[0]: ReportHead._make(row) for row in rows}
        missing_refs = [each for each in dict.fromkeys(refs) if each not in self._ids_by_ref]
        if len(missing_refs) > 1:
            # Most refs are new.
            rows = self._db.fetch_all(
                "select_recorded_refs", refs=json.dumps(sorted({ref for _, ref in missing_refs}))
            )
            recorded = {row[0] for row in rows}
            self._ids_by_ref |= {each: [] for each in missing_refs if each[1] not in recorded}
            missing_refs = [each for each in missing_refs if each[1] in recorded]
        found = self._db.fetch_each(
            "select_report_heads_by_ref",
            [{"reporter": reporter, "ref": ref} for reporter, ref in missing_refs],
        )
        for key, rows_of_ref in zip(missing_refs, found, strict=True):
            self._ids_by_ref[key] = [row[0] for row in rows_of_ref]
            for row in rows_of_ref:
                self._heads.setdefault(row[0], ReportHead._make(row))

    def get(self, report_id: str) -> ReportHead | None:
        """Return the report with the id; None where there is none."""
        self.prefetch([report_id], ())
        return self._heads[report_id]

    def find_by_ref(self, reporters: Sequence[str], ref: str) -> list[ReportHead]:
        """Return the reporters' reports with the ref.

        Those that are not superseded come first, then the newest.
        """
        keys = [(reporter, ref) for reporter in reporters]
        self.prefetch((), keys)
        found = (self._heads[each] for key in keys for each in self._ids_by_ref[key])
        heads = [head for head in found if head is not None]
        return sorted(heads, key=lambda head: (head.superseded_by is not None, -head.seq))

    def add(self, report: Report, seq: int, origin: str | None, content_hash: str) -> None:
        """Note that the report was recorded by the event ``seq``."""
        self._heads[report.id] = ReportHead(
            report.id,
            seq,
            report.reporter,
            report.ref,
            content_hash,
            report.relays,
            origin,
            report.supersedes,
            None,
        )
        if report.ref is not None and (report.reporter, report.ref) in self._ids_by_ref:
            self._ids_by_ref[report.reporter, report.ref].append(report.id)
        if report.supersedes is not None:
            superseded = self.get(report.supersedes)
            if superseded is not None:
                self._heads[superseded.id] = superseded._replace(superseded_by=report.id)
