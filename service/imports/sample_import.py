"""The import of a sample: a JSON file of places, groups, reporters and reports."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from service.exports.record_tables import ENTITY_TABLES
from service.imports.errors import FileError
from service.imports.import_counts import ImportCounts
from service.imports.linked_reports import LinkedReports
from service.imports.receivers import Json, Receiver
from service.imports.row_converter import RefuseRow, ignore_refused_row

SAMPLE: Final = Path(__file__).resolve().parents[2] / "samples" / "kursk.json"
"""The sample that comes with the service."""

_LINKS: Final[tuple[str, ...]] = ("relays", "supersedes")
"""The fields that have the ref of an earlier report of the file in place of an id."""


def import_sample(
    path: Path, receiver: Receiver, refuse: RefuseRow = ignore_refused_row
) -> ImportCounts:
    """Return what became of the reports; what is known already is left as it is.

    ``refuse`` takes each report that is refused. Raises FileError if the file is no sample.
    """
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
        entities = {kind: sample.get(name, []) for name, kind in ENTITY_TABLES.items()}
        reports = sample["reports"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise FileError(f"{path} is no sample: {error}.") from None
    for kind, described in entities.items():
        receiver.add_entities(kind, [_split_id(each) for each in described])
    counts = ImportCounts()
    sender = LinkedReports(receiver, counts, refuse)
    for number, report in enumerate(reports, start=1):
        counts.rows += 1
        links = {report[link] for link in _LINKS if link in report}
        sender.add(number, report["ref"], links, partial(_resolve_links, report))
    sender.send()
    return counts


def _split_id(entity: Json) -> tuple[str, Json]:
    return entity["id"], {name: value for name, value in entity.items() if name != "id"}


def _resolve_links(report: Json, ids: Mapping[str, str]) -> Json:
    resolved = {link: ids.get(ref, ref) for link in _LINKS if (ref := report.get(link))}
    return report | resolved
