"""The import of an export: everything of another record, once."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from service.domain.file_import import ImportedFile
from service.exports.archive import REPORTS_FILE
from service.exports.record_tables import ENTITY_TABLES
from service.imports.converted_rows import RefusedRow
from service.imports.errors import FileError
from service.imports.exported_reports import make_submission
from service.imports.file_import import ReportProgress, cut_batches, ignore_progress
from service.imports.import_counts import ImportCounts
from service.imports.imported_files import describe_file
from service.imports.linked_reports import LinkedReports
from service.imports.receivers import BATCH_SIZE, Json, Receiver
from service.imports.row_converter import RefuseRow, ignore_refused_row

PACKAGE_TITLE: Final = "Export of a casualty-figure service"
"""What stands in the record in place of a mapping."""

NO_ORIGIN: Final = "it repeats a report that the export does not have, and is not counted"
"""Why a report is skipped."""

_REQUIRED: Final = (REPORTS_FILE, *(f"{each}.ndjson" for each in ENTITY_TABLES))


def is_package(path: Path) -> bool:
    """Whether the file is an archive of an export."""
    try:
        with ZipFile(path) as archive:
            return set(_REQUIRED) <= set(archive.namelist())
    except (BadZipFile, OSError):
        return False


def describe_package(path: Path) -> ImportedFile:
    """Return what is recorded of the import of an archive; reads the whole file."""
    return describe_file(path, PACKAGE_TITLE, PACKAGE_TITLE)


class PackageImport:
    """Sends the places, groups, reporters and reports of an export to a receiver.

    Ids of reports are those of the receiver; links between reports are kept.
    """

    def __init__(self, receiver: Receiver, refuse: RefuseRow = ignore_refused_row) -> None:
        """Send to the receiver; ``refuse`` takes each report that is not in the record."""
        self.counts = ImportCounts()
        self.added_entities = 0
        self._receiver, self._refuse = receiver, refuse

    def run(self, path: Path, report_progress: ReportProgress = ignore_progress) -> None:
        """Import the archive; ``report_progress`` is called after each batch.

        Entities that the record has are left as they are. The same archive can be imported again:
        its reports are known by their refs. Raises FileError if it is no such archive, and the
        receiver's errors.
        """
        if not is_package(path):
            raise FileError(f"{path.name} is no archive of an export.")
        with ZipFile(path) as archive:
            self._import_entities(archive)
            self._import_reports(archive, report_progress)

    def _import_entities(self, archive: ZipFile) -> None:
        for name, kind in ENTITY_TABLES.items():
            described = {each["id"]: each for each in _iterate_json(archive, f"{name}.ndjson")}
            for batch in cut_batches(_iterate_parents_first(described), BATCH_SIZE):
                items = [(each.pop("id"), each) for each in batch]
                self.added_entities += self._receiver.add_entities(kind, items)

    def _import_reports(self, archive: ZipFile, report_progress: ReportProgress) -> None:
        size = archive.getinfo(REPORTS_FILE).file_size
        sender = LinkedReports(self._receiver, self.counts, self._refuse)
        read_bytes = 0
        with archive.open(REPORTS_FILE) as file:
            for line, text in enumerate(file, start=1):
                read_bytes += len(text)
                self.counts.rows += 1
                try:
                    exported = json.loads(text)
                    submission, links = make_submission(exported), _list_links(exported)
                except (KeyError, TypeError, ValueError) as error:
                    self._refuse_line(line, f"this is no exported report: {error!r}")
                    continue
                if exported["relays"] is not None and not sender.has(exported["relays"]):
                    self.counts.skipped[NO_ORIGIN] += 1
                    continue
                sender.add(line, exported["id"], links, partial(_resolve_links, submission))
                if line % BATCH_SIZE == 0:
                    report_progress(self.counts, read_bytes / size)
        sender.send()
        report_progress(self.counts, 1.0)

    def _refuse_line(self, line: int, reason: str) -> None:
        self.counts.count_refused(line, "", reason)
        self._refuse(RefusedRow(line, {"id": ""}, "", reason))


def _resolve_links(body: Json, ids: Mapping[str, str]) -> Json:
    """Return the submission, with links to the ids of the receiver."""
    if "relays" in body:
        # The receiver refuses a link to a report that it has refused.
        body["relays"] = ids.get(body["relays"], body["relays"])
    for figure in body.get("figures", ()):
        if "reclassifies" in figure:
            link = figure["reclassifies"]
            report_id, _, number = link["figure"].rpartition("-")
            figure["reclassifies"] = {**link, "figure": f"{ids.get(report_id, report_id)}-{number}"}
    return body


def _iterate_json(archive: ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(name) as file:
        yield from map(json.loads, TextIOWrapper(file, encoding="utf-8"))


def _iterate_parents_first(described: dict[str, dict[str, Any]]) -> Iterator[Json]:
    """Yield each entity after its parent, without fields that are null."""
    done: set[str] = set()
    for entity_id in described:
        chain = []
        current: str | None = entity_id
        while current in described and current not in done:
            done.add(current)
            chain.append(described[current])
            current = described[current].get("parent")
        for entity in reversed(chain):
            yield {name: value for name, value in entity.items() if value is not None}


def _list_links(exported: Json) -> set[str]:
    """Return the ids of the reports to which the report links."""
    links = {exported["relays"]} - {None}
    for figure in exported["figures"]:
        if figure["reclassifies"] is not None:
            links.add(figure["reclassifies"]["figure"].rpartition("-")[0])
    return links
