"""A damaged file: what it does not touch is read, the rest is refused; verify finds all of it."""

import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service import create_app
from service.domain.errors import StoreUnavailableError
from service.settings import Settings
from service.store.sqlite.engine import SqliteStore
from service.usecases import api_keys, maintenance
from tests.faults.client import Client
from tests.faults.posting_clients import SentReports, keep_posting, make_body, wait_for_acknowledged
from tests.faults.run_size import choose_size, print_progress
from tests.faults.service_process import ServiceProcess

PAGE_BYTES = 4096
REPORT_COUNT = 60
READ_PATHS = (
    "/readyz",
    "/v1/totals?outcomes=killed",
    "/v1/totals?outcomes=killed&by=month&from=1990-01-01&to=1990-03-31",
    "/v1/totals?as_of=20&outcomes=killed",
    "/v1/reports?limit=1000",
    "/v1/reports?q=killed",
    "/v1/reports/{id}",
    "/v1/reports/{id}/history",
    "/v1/changes?limit=1000",
    "/v1/places?q=place",
)
DAMAGE_DETAIL = "administrator must look"


def _fill_with_zeros(page: bytes, chance: random.Random) -> bytes:
    return bytes(PAGE_BYTES)


def _fill_with_noise(page: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(PAGE_BYTES)


def _flip_bits(page: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(page)
    for _ in range(8):
        flipped[chance.randrange(PAGE_BYTES)] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _overwrite_stretch(page: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(PAGE_BYTES - 100)
    return page[:begin] + chance.randbytes(100) + page[begin + 100 :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _fill_with_zeros,
    _fill_with_noise,
    _flip_bits,
    _overwrite_stretch,
)


@dataclass
class SavedRecord:
    """A whole record, its key, and what is answered from it."""

    path: Path
    key: str = ""
    addresses: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> SavedRecord:
    """A record in one file, with nothing left beside it."""
    saved_record = SavedRecord(tmp_path_factory.mktemp("whole") / "casualties.db")
    client = create_app(Settings(database=saved_record.path, log_level="critical")).test_client()
    store = SqliteStore(saved_record.path)
    saved_record.key = api_keys.create_key(
        store, name="test", scope="report", now=datetime.now(UTC)
    )
    headers = {"Authorization": f"Bearer {saved_record.key}"}
    for number in range(REPORT_COUNT):
        answer = client.post("/v1/reports", json=make_body(f"ref-{number}"), headers=headers)
        assert answer.status_code == 201
    report_id = answer.get_json()["id"]
    saved_record.addresses = tuple(each.format(id=report_id) for each in READ_PATHS)
    saved_record.answers = {each: client.get(each).get_json() for each in saved_record.addresses}
    store.erase_overwritten()
    store.close()
    return saved_record


def _iterate_damaged_copies(record: SavedRecord, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield copies of the record with one page spoilt: all of them, or a choice."""
    chance = random.Random(20_261_125)
    pages = record.path.stat().st_size // PAGE_BYTES
    all_damages = [(page, damage) for page in range(pages) for damage in DAMAGES]
    for page, damage in all_damages if choose_size(False, True) else chance.sample(all_damages, 24):
        path = folder / f"{page}{damage.__name__}.db"
        shutil.copy(record.path, path)
        with path.open("r+b") as file:
            file.seek(page * PAGE_BYTES)
            damaged_page = damage(file.read(PAGE_BYTES), chance)
            file.seek(page * PAGE_BYTES)
            file.write(damaged_page)
        yield path.stem, path
        path.unlink()


def _is_damage_found(path: Path) -> bool:
    try:
        return maintenance.check_integrity(SqliteStore(path), lambda what, done: None) != []
    except StoreUnavailableError:
        return True


def test_a_damaged_page_gives_the_right_answer_or_none_or_is_found_by_verify(
    record: SavedRecord, tmp_path: Path
) -> None:
    settings = Settings(database=record.path, log_level="critical")
    headers = {"Authorization": f"Bearer {record.key}"}
    counts = {"right": 0, "refused": 0, "other": 0, "not started": 0}
    for name, path in _iterate_damaged_copies(record, tmp_path):
        try:
            client = create_app(replace(settings, database=path)).test_client()
        except StoreUnavailableError as error:
            assert "is damaged" in error.detail
            counts["not started"] += 1
            continue
        differs = False
        for address in record.addresses:
            answer = client.get(address)
            if answer.status_code == 503:
                assert (
                    DAMAGE_DETAIL in answer.get_json()["detail"] and answer.headers["Retry-After"]
                )
                counts["refused"] += 1
            elif answer.status_code == 200 and answer.get_json() == record.answers[address]:
                counts["right"] += 1
            else:
                assert answer.status_code < 500, (name, address, answer.text)
                counts["other"] += 1
                differs = True
        assert not differs or _is_damage_found(path), name
        answer = client.post("/v1/reports", json=make_body("ref-99"), headers=headers)
        assert answer.status_code in (201, 401, 503), (name, answer.text)
        print_progress(f"page {name}: {counts}")
    assert counts["right"] > counts["refused"] > 0


@pytest.mark.parametrize(
    ("whole", "spoilt"),
    [
        (b'"figures":', b'"figures";'),  # No JSON any more.
        (b"killed, says", b"killed,\xff\xfeays"),  # No UTF-8.
        (b"1990-01-03", b"1990-21-03"),  # No day.
    ],
)
def test_a_row_that_cannot_be_decoded_is_refused_and_found_by_verify(
    record: SavedRecord, tmp_path: Path, whole: bytes, spoilt: bytes
) -> None:
    path = tmp_path / "casualties.db"
    path.write_bytes(record.path.read_bytes().replace(whole, spoilt))
    client = create_app(Settings(database=path, log_level="critical")).test_client()
    answers = [client.get(each) for each in record.addresses]
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = [answer.get_json() for answer in answers if answer.status_code == 503]
    assert all(DAMAGE_DETAIL in each["detail"] for each in refused)
    assert _is_damage_found(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_running_service_whose_file_is_damaged_refuses_and_does_not_crash(tmp_path: Path) -> None:
    sent_reports = SentReports()
    with ServiceProcess(
        tmp_path / "casualties.db", tmp_path / "log", workers=choose_size(1, 2)
    ) as service:
        key = service.create_key()
        service.wait_until_ready()
        with keep_posting([service.url], key, sent_reports):
            wait_for_acknowledged(sent_reports, 40)
        service.stop()
        with closing(sqlite3.connect(service.database)) as db:
            pages = [
                db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
                for name in ("reports", "figures")
            ]
        service.wait_until_ready()
        workers = service.find_worker_pids()
        with service.database.open("r+b") as file:
            for (page,) in pages:
                file.seek((page - 1) * PAGE_BYTES)
                file.write(b"\xff" * PAGE_BYTES)
        with Client(service.url, key) as client:
            assert client.get("/v1/places").status == 200
            for _ in range(20):
                for address in ("/v1/reports", "/v1/totals"):
                    _assert_refused(client.get(address))
                _assert_refused(client.post("/v1/reports", make_body("ref-99999")))
        assert service.find_worker_pids() == workers
        completed = service.run_command("verify")
        assert completed.returncode == 1 and "Traceback" not in completed.stdout + completed.stderr


def _assert_refused(answer: Any) -> None:
    assert answer.status == 503 and DAMAGE_DETAIL in answer.body["detail"], answer
    assert answer.retry_after


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_service_whose_file_is_no_database_logs_it_once_and_exits(
    record: SavedRecord, tmp_path: Path
) -> None:
    path = tmp_path / "casualties.db"
    path.write_bytes(b"\xff" * PAGE_BYTES + record.path.read_bytes()[PAGE_BYTES:])
    with ServiceProcess(path, tmp_path / "log", workers=1) as service:
        service.start()
        assert service.process is not None
        started_at = time.monotonic()
        assert service.process.wait(30) == 3
        assert time.monotonic() - started_at < 30
        assert service.read_log().count(f"{path} is damaged, or not a database") == 1
        assert "Traceback" not in service.read_log()
