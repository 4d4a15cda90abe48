"""Records the reports of a file into a database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from marshmallow import ValidationError

from schemas.entities import GroupIn, PlaceIn, ReporterIn
from service.domain.entities import Entity, Place
from service.domain.errors import ConflictError, DomainError, InvalidInputError
from service.domain.file_import import ImportedFile, ImportProgress, RecordedImport
from service.domain.list_queries import ReportListQuery
from service.domain.periods import Period
from service.domain.report import RecordedReport
from service.domain.submission import BatchOptions
from service.imports.gazetteer import complete_place
from service.imports.import_counts import ImportCounts
from service.imports.prepared_reports import find_first_message, prepare_report
from service.imports.receivers import (
    ItemOutcome,
    Json,
    KnownFigure,
    KnownImport,
    KnownReport,
    PlaceEnd,
    PlaceOutcome,
    Prepare,
)
from service.store.entity_cache import KeptEntities
from service.store.interface import Store
from service.usecases import batches, imports, lifecycle, reports
from service.usecases.batches import RecordedItem
from service.usecases.consistency import MonotonicReader
from service.usecases.entities import EntityChange, complete_entities

PAGE_SIZE: Final = 500

TRANSACTION_FACTOR: Final = 20
"""Larger transactions take less time; a service on the same database waits up to half a second."""

_ENTITY_SCHEMAS: Final = {"place": PlaceIn(), "group": GroupIn(), "reporter": ReporterIn()}


class StoreReceiver:
    """Records into a database."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        """Take an open store."""
        self._store, self._now, self._new_id = store, now, new_id
        self._import_id: str | None = None
        self._kept_entities = KeptEntities()

    def start_import(self, imported: ImportedFile) -> KnownImport:
        """Begin an import, or continue an interrupted one."""
        started, _ = imports.start_import(
            self._store, imported, actor=None, now=self._now(), new_id=self._new_id
        )
        self._import_id = started.id
        return _make_known_import(started)

    def finish_import(self, counts: ImportCounts) -> None:
        """Finish the import that was started."""
        if self._import_id is not None:
            imports.finish_import(
                self._store, self._import_id, counts.ends, actor=None, now=self._now()
            )

    def list_imports(self) -> Iterator[KnownImport]:
        """Yield the imports, a page at a time."""
        before: int | None = None
        while page := imports.list_imports(self._store, before, PAGE_SIZE):
            yield from map(_make_known_import, page)
            before = page[-1].seq

    def withdraw_import(self, import_id: str, reason: str) -> tuple[int, int]:
        """Retract reports of the import; returns how many now, and how many are left."""
        withdrawn = imports.withdraw_import(
            self._store, import_id, reason, actor=None, now=self._now()
        )
        return withdrawn.retracted_now, withdrawn.live_count

    def get_preparation(self) -> Prepare:
        """Return the loading and normalization of a report, which need no database."""
        return partial(prepare_report, new_id=self._new_id)

    def submit(self, reports: Sequence[Any], row_count: int = 0) -> list[ItemOutcome]:
        """Return the outcomes; raises DomainError if the database cannot be written."""
        progress = None if self._import_id is None else ImportProgress(self._import_id, row_count)
        prepare = self.get_preparation()
        results, _ = batches.submit_batch(
            self._store,
            reports,
            options=BatchOptions(
                supersede_known=True, progress=progress, transaction_factor=TRANSACTION_FACTOR
            ),
            actor=None,
            now=self._now(),
            new_id=self._new_id,
            load_item=lambda each: prepare(each) if isinstance(each, dict) else each,
            kept_entities=self._kept_entities,
        )
        return [make_outcome(each) for each in results]

    def retract(self, report_id: str, reason: str) -> bool:
        """Retract the report."""
        try:
            lifecycle.retract_report(self._store, report_id, reason, actor=None, now=self._now())
        except ConflictError:
            return False
        return True

    def get_reports(self, ids: Sequence[str]) -> list[KnownReport]:
        """Return the reports with these ids."""
        reader = MonotonicReader(self._store)
        with reader.read_transaction():
            seq = reader.seq
        found = reports.get_reports(reader, ids, seq)
        return [make_known(found[each]) for each in ids if each in found]

    def add_entities(self, kind: str, entities: Sequence[tuple[str, Json]]) -> int:
        """Record those that are not known, in one transaction; raises the first error."""
        described = [
            (entity_id, partial(_keep_known, _load_entity(kind, entity_id, values)))
            for entity_id, values in entities
        ]
        changes = complete_entities(self._store, kind, described, actor=None, now=self._now())
        for change in changes:
            if isinstance(change, DomainError):
                raise change
        return sum(isinstance(each, EntityChange) and each.is_new for each in changes)

    def complete_places(self, places: Sequence[tuple[str, Json]]) -> list[PlaceOutcome]:
        """Record the places in one transaction."""
        outcomes: dict[str, PlaceOutcome] = {}
        valid: list[tuple[str, Callable[[Entity | None], Json]]] = []
        for place_id, values in places:
            try:
                loaded = _ENTITY_SCHEMAS["place"].load(values)
            except ValidationError as error:
                pointer, reason = find_first_message(error.messages)
                outcomes[place_id] = PlaceOutcome(PlaceEnd.REFUSED, f"{pointer}: {reason}")
            else:
                valid.append((place_id, partial(_complete, described=loaded)))
        changes = complete_entities(self._store, "place", valid, actor=None, now=self._now())
        for (place_id, _), change in zip(valid, changes, strict=True):
            outcomes[place_id] = _make_place_outcome(change)
        return [outcomes[place_id] for place_id, _ in places]

    def list_reports(
        self, reporter: str, place: str, first: date | None, last: date
    ) -> Iterator[KnownReport]:
        """Yield the live reports, a page at a time."""
        after: int | None = None
        while True:
            query = ReportListQuery(
                places=(place,), reporters=(reporter,), states=("live",),
                period=Period(first, last), after=after, limit=PAGE_SIZE,
            )  # fmt: skip
            try:
                page = reports.list_reports(self._store, query, self._now())
            except InvalidInputError:  # The record has no such place or reporter.
                return
            yield from map(make_known, page)
            if len(page) < PAGE_SIZE:
                return
            after = page[-1].seq


def _make_known_import(found: RecordedImport) -> KnownImport:
    return KnownImport(
        found.id, found.state, found.recorded_at, found.imported.file, found.imported.mapping,
        found.row_count, found.report_count, found.live_count,
    )  # fmt: skip


def _load_entity(kind: str, entity_id: str, values: Json) -> Mapping[str, Any]:
    try:
        loaded: Mapping[str, Any] = _ENTITY_SCHEMAS[kind].load(values)
    except ValidationError as error:
        pointer, reason = find_first_message(error.messages)
        raise InvalidInputError(f"The {kind} {entity_id}: {pointer}: {reason}") from None
    return loaded


def _keep_known(described: Mapping[str, Any], known: Entity | None) -> Mapping[str, Any]:
    if known is None:
        return described
    return {each.name: getattr(known, each.name) for each in fields(known) if each.name != "id"}


def _complete(known: Entity | None, described: Json) -> Json:
    return complete_place(known if isinstance(known, Place) else None, described)


def _make_place_outcome(change: EntityChange | DomainError) -> PlaceOutcome:
    if isinstance(change, DomainError):
        return PlaceOutcome(PlaceEnd.REFUSED, change.detail)
    if change.is_new:
        return PlaceOutcome(PlaceEnd.ADDED)
    return PlaceOutcome(PlaceEnd.COMPLETED if change.is_changed else PlaceEnd.KNOWN)


def make_outcome(result: batches.ItemResult) -> ItemOutcome:
    """Return the outcome of a report of a batch."""
    if isinstance(result, RecordedItem):
        return ItemOutcome(
            result.report_id,
            result.is_new,
            result.supersedes if result.is_new else None,
            tuple(each.code for each in result.warnings),
        )
    first = result.errors[0] if result.errors else None
    if first is None:
        return ItemOutcome(None, reason=result.detail)
    return ItemOutcome(None, pointer=first.pointer, reason=first.detail)


def make_known(recorded: RecordedReport) -> KnownReport:
    """Return what an import needs to know of a recorded report."""
    report = recorded.report
    figures = [
        KnownFigure(each.outcomes, each.low, each.high, each.period.first, each.period.last)
        for each in report.figures
    ]
    return KnownReport(report.id, report.ref, figures)
