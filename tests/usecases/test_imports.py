"""Imports are recorded as events, continued after an interruption, and withdrawn as a whole."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.report_in import ReportIn
from service.domain.access import Principal
from service.domain.errors import ConflictError, ForbiddenError, NotFoundError
from service.domain.file_import import ImportedFile, ImportProgress, RecordedImport
from service.domain.submission import BatchOptions, Submission
from service.store import event_log
from service.store.event_log import Event
from service.store.factory import open_scratch_store
from service.store.interface import Connection, Store
from service.usecases import batches, imports, maintenance
from service.usecases.batches import RecordedItem
from tests.conftest import START_TIME
from tests.support import bodies

FILE = ImportedFile("events.csv", "1" * 64, "Events", "2" * 64)
SCHEMA = ReportIn()


class Importer:
    """Imports reports into one store, with one key."""

    def __init__(self, store: Store, actor: str | None = None) -> None:
        self.store, self.actor = store, actor
        self._ids = (f"{actor or 'id'}{number}" for number in count(1))

    def start(self, imported: ImportedFile = FILE) -> tuple[RecordedImport, bool]:
        return imports.start_import(
            self.store, imported, actor=self.actor, now=START_TIME, new_id=self._ids.__next__
        )

    def submit(
        self, import_id: str | None, refs: list[str], rows: int = 0, low: int = 1
    ) -> list[Any]:
        progress = None if import_id is None else ImportProgress(import_id, rows)
        results, _ = batches.submit_batch(
            self.store,
            [
                bodies.make_report(ref=ref, figures=[{"outcomes": ["killed"], "low": low}])
                for ref in refs
            ],
            options=BatchOptions(supersede_known=True, progress=progress),
            actor=self.actor,
            now=START_TIME,
            new_id=self._ids.__next__,
            load_item=_load,
        )
        return list(results)

    def finish(self, import_id: str, **counts: int) -> RecordedImport:
        return imports.finish_import(
            self.store, import_id, counts, actor=self.actor, now=START_TIME
        )

    def withdraw(self, import_id: str) -> RecordedImport:
        return imports.withdraw_import(
            self.store, import_id, "wrong", actor=self.actor, now=START_TIME
        )

    def list_events(self) -> list[Event]:
        with self.store.read_transaction() as db:
            return list(event_log.load_events(db))


def _load(body: dict[str, Any]) -> Submission:
    loaded: Submission = SCHEMA.load(body)
    return loaded


@pytest.fixture
def importer(store: Store) -> Importer:
    return Importer(store)


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_TRANSACTION_REPORTS", 2)
    monkeypatch.setattr(imports, "MAX_TRANSACTION_RETRACTIONS", 2)
    monkeypatch.setattr(imports, "MAX_RETRACTED", 4)


def test_a_transaction_of_an_import_does_not_count_the_reports_of_all_before(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each row of a large file would take longer than the one before."""
    statements: list[str] = []
    fetch_value = Connection.fetch_value

    def note_statement(self: Connection, name: str, /, **binds: Any) -> Any:
        statements.append(name)
        return fetch_value(self, name, **binds)

    monkeypatch.setattr(Connection, "fetch_value", note_statement)
    started, _ = importer.start()
    statements.clear()
    importer.submit(started.id, ["a", "b", "c"], rows=3)
    assert "count_live_import_reports" not in statements
    assert importer.finish(started.id).live_count == 3
    assert "count_live_import_reports" in statements


def test_an_import_is_recorded_as_events(importer: Importer) -> None:
    started, is_new = importer.start()
    assert is_new and (started.state, started.row_count) == ("running", 0)
    importer.submit(started.id, ["a", "b", "c"], rows=5)
    finished = importer.finish(started.id, added=3, skipped=2)
    assert (finished.state, finished.row_count, finished.report_count) == ("finished", 5, 3)
    assert finished.counts == {
        "added": 3, "revised": 0, "known": 0, "skipped": 2, "refused": 0, "retracted": 0,
    }  # fmt: skip
    assert finished.imported == FILE
    events = importer.list_events()
    own = [each for each in events if each.subject == started.id]
    assert [each.kind for each in own] == [
        "import_started", "import_recorded", "import_recorded", "import_finished",
    ]  # fmt: skip
    for each, reports, rows in zip(own[1:3], (2, 1), (0, 5), strict=True):
        within = [one for one in events if each.body["first"] <= one.seq <= each.body["last"]]
        assert [one.kind for one in within].count("reported") == reports == each.body["reports"]
        assert each.body["rows"] == rows and each.body["last"] == each.seq - 1


def test_an_interrupted_import_of_the_same_file_is_continued(importer: Importer) -> None:
    started, _ = importer.start()
    importer.submit(started.id, ["a"], rows=7)
    again, is_new = importer.start()
    assert (again.id, is_new, again.row_count) == (started.id, False, 7)
    for other in (
        ImportedFile("events.csv", "3" * 64, "Events", "2" * 64),
        ImportedFile("events.csv", "1" * 64, "Events", "3" * 64),
    ):
        assert importer.start(other)[1]
    assert Importer(importer.store, "another").start()[1]
    importer.finish(started.id)
    assert importer.start()[1]


def test_reports_that_are_known_belong_to_the_import_that_recorded_them(
    importer: Importer,
) -> None:
    first, _ = importer.start()
    importer.submit(first.id, ["a", "b"], rows=2)
    importer.finish(first.id)
    second, _ = importer.start()
    importer.submit(second.id, ["a", "b"], rows=2)
    found = importer.finish(second.id, known=2)
    assert (found.report_count, found.live_count) == (0, 0)
    assert importer.withdraw(second.id).retracted_now == 0
    assert imports.get_import(importer.store, first.id).live_count == 2


def test_an_import_is_withdrawn_as_a_whole_and_nothing_else(importer: Importer) -> None:
    started, _ = importer.start()
    importer.submit(None, ["before"])
    importer.submit(started.id, ["a", "b", "c"])
    importer.submit(None, ["between"])
    importer.submit(started.id, ["d", "e", "f"])
    importer.submit(None, ["after"])
    withdrawn = importer.withdraw(started.id)
    assert (withdrawn.state, withdrawn.retracted_now, withdrawn.live_count) == ("withdrawn", 4, 2)
    withdrawn = importer.withdraw(started.id)
    assert (withdrawn.retracted_now, withdrawn.live_count) == (2, 0)
    retracted = [each.subject for each in importer.list_events() if each.kind == "retracted"]
    reported = {
        each.body["report"]["ref"]: each.subject
        for each in importer.list_events()
        if each.kind == "reported"
    }
    assert retracted == [reported[ref] for ref in "abcdef"]
    kinds = [each.kind for each in importer.list_events()]
    assert kinds.count("import_withdrawn") == 1
    with pytest.raises(ConflictError, match="withdrawn"):
        importer.submit(started.id, ["g"])
    with pytest.raises(ConflictError, match="withdrawn"):
        importer.finish(started.id)


def test_what_a_newer_edition_superseded_stays_as_it_is(importer: Importer) -> None:
    first, _ = importer.start()
    importer.submit(first.id, ["a", "b"])
    importer.finish(first.id)
    second, _ = importer.start()
    importer.submit(second.id, ["a"], low=2)
    importer.finish(second.id)
    assert imports.count_replacing_reports(importer.store, second.id) == 1
    assert importer.withdraw(first.id).retracted_now == 1
    assert imports.get_import(importer.store, second.id).live_count == 1


def test_an_older_edition_can_be_imported_again_after_the_newer_was_withdrawn(
    importer: Importer,
) -> None:
    first, _ = importer.start()
    importer.submit(first.id, ["a", "b"])
    importer.finish(first.id)
    second, _ = importer.start()
    importer.submit(second.id, ["a"], low=2)
    importer.finish(second.id)
    importer.withdraw(second.id)
    third, _ = importer.start()
    results = importer.submit(third.id, ["a", "b"])
    assert [each.is_new for each in results if isinstance(each, RecordedItem)] == [True, False]
    assert imports.get_import(importer.store, third.id).live_count == 1


def test_only_the_key_that_began_an_import_or_an_admin_goes_on(store: Store) -> None:
    mine = Importer(store, "mine")
    started, _ = mine.start()
    for scope, is_refused in (("report", True), ("admin", False)):
        principal = Principal("other", scope)
        arguments: dict[str, Any] = {
            "actor": principal.id, "now": START_TIME, "principal": principal,
        }  # fmt: skip
        if is_refused:
            with pytest.raises(ForbiddenError):
                imports.finish_import(store, started.id, {}, **arguments)
            with pytest.raises(ForbiddenError):
                imports.withdraw_import(store, started.id, "x", **arguments)
        else:
            imports.finish_import(store, started.id, {}, **arguments)


def test_an_unknown_import_is_not_found(importer: Importer) -> None:
    with pytest.raises(NotFoundError):
        importer.submit("nothing", ["a"])
    with pytest.raises(NotFoundError):
        importer.withdraw("nothing")
    assert importer.list_events() == []


def test_imports_are_listed_the_newest_first_page_by_page(importer: Importer) -> None:
    ids = []
    for number in range(5):
        started, _ = importer.start(ImportedFile(f"{number}.csv", "1" * 64, "x", "2" * 64))
        ids.append(started.id)
    first = imports.list_imports(importer.store, None, 3)
    second = imports.list_imports(importer.store, first[-1].seq, 3)
    assert [each.id for each in (*first, *second)] == ids[::-1]


STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 5)), min_size=1, max_size=8)


@pytest.mark.sqlite
@settings(max_examples=25)
@given(STEPS)
def test_ranges_hold_exactly_the_reports_of_the_import(steps: list[tuple[bool, int]]) -> None:
    """Whatever is recorded between: in or out of the import, and in how many transactions."""
    with open_scratch_store() as store:
        importer = Importer(store)
        started, _ = importer.start()
        own: set[str] = set()
        for number, (is_own, size) in enumerate(steps):
            refs = [f"{number}-{at}" for at in range(size)]
            results = importer.submit(started.id if is_own else None, refs, rows=number)
            if is_own:
                own |= {each.report_id for each in results if isinstance(each, RecordedItem)}
        with store.read_transaction() as db:
            rows = db.fetch_all("select_live_import_reports", import_id=started.id, limit=1_000)
        assert {report_id for (report_id,) in rows} == own
        assert imports.get_import(store, started.id).report_count == len(own)
        assert maintenance.check_integrity(store, lambda done, total: None) == []
