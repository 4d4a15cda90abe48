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
from tests.faults.posting import Sent, await_more, body, posting
from tests.faults.running import Service
from tests.faults.size import at, progress

PAGE = 4096
REPORTS = 60
READS = (
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
LOOK = "keeper must look"


def _zeros(page: bytes, chance: random.Random) -> bytes:
    return bytes(PAGE)


def _noise(page: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(PAGE)


def _bits(page: bytes, chance: random.Random) -> bytes:
    turned = bytearray(page)
    for _ in range(8):
        turned[chance.randrange(PAGE)] ^= 1 << chance.randrange(8)
    return bytes(turned)


def _stretch(page: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(PAGE - 100)
    return page[:begin] + chance.randbytes(100) + page[begin + 100 :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_zeros, _noise, _bits, _stretch)


@dataclass
class Record:
    """A whole record, its key, and what is answered from it."""

    path: Path
    key: str = ""
    addresses: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record in one file, with nothing left beside it."""
    made = Record(tmp_path_factory.mktemp("whole") / "casualties.db")
    client = create_app(Settings(database=made.path, log_level="critical")).test_client()
    store = SqliteStore(made.path)
    made.key = api_keys.create_key(store, name="test", scope="report", now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {made.key}"}
    for number in range(REPORTS):
        answer = client.post("/v1/reports", json=body(f"ref-{number}"), headers=headers)
        assert answer.status_code == 201
    id = answer.get_json()["id"]
    made.addresses = tuple(each.format(id=id) for each in READS)
    made.answers = {each: client.get(each).get_json() for each in made.addresses}
    store.erase_overwritten()
    store.close()
    return made


def _damaged(record: Record, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield copies of the record with one page spoilt: all of them, or a choice."""
    chance = random.Random(20_261_125)
    pages = record.path.stat().st_size // PAGE
    every = [(page, damage) for page in range(pages) for damage in DAMAGES]
    for page, damage in every if at(False, True) else chance.sample(every, 24):
        path = folder / f"{page}{damage.__name__}.db"
        shutil.copy(record.path, path)
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            spoilt = damage(file.read(PAGE), chance)
            file.seek(page * PAGE)
            file.write(spoilt)
        yield path.stem, path
        path.unlink()


def _is_found(path: Path) -> bool:
    try:
        return maintenance.check_integrity(SqliteStore(path), lambda what, done: None) != []
    except StoreUnavailableError:
        return True


def test_a_damaged_page_gives_the_right_answer_or_none_or_is_found_by_verify(
    record: Record, tmp_path: Path
) -> None:
    settings = Settings(database=record.path, log_level="critical")
    headers = {"Authorization": f"Bearer {record.key}"}
    counts = {"right": 0, "refused": 0, "other": 0, "not started": 0}
    for name, path in _damaged(record, tmp_path):
        try:
            client = create_app(replace(settings, database=path)).test_client()
        except StoreUnavailableError as error:
            assert LOOK in error.detail
            counts["not started"] += 1
            continue
        differs = False
        for address in record.addresses:
            answer = client.get(address)
            if answer.status_code == 503:
                assert LOOK in answer.get_json()["detail"] and answer.headers["Retry-After"]
                counts["refused"] += 1
            elif answer.status_code == 200 and answer.get_json() == record.answers[address]:
                counts["right"] += 1
            else:
                assert answer.status_code < 500, (name, address, answer.text)
                counts["other"] += 1
                differs = True
        assert not differs or _is_found(path), name
        answer = client.post("/v1/reports", json=body("ref-99"), headers=headers)
        assert answer.status_code in (201, 401, 503), (name, answer.text)
        progress(f"page {name}: {counts}")
    assert counts["right"] > counts["refused"] > 0


@pytest.mark.parametrize(
    ("whole", "spoilt"),
    [
        (b'"figures":', b'"figures";'),  # No JSON any more.
        (b"killed, says", b"killed,\xff\xfeays"),  # No UTF-8.
        (b"1990-01-03", b"1990-21-03"),  # No day.
    ],
)
def test_what_cannot_be_read_back_is_refused_and_found(
    record: Record, tmp_path: Path, whole: bytes, spoilt: bytes
) -> None:
    path = tmp_path / "casualties.db"
    path.write_bytes(record.path.read_bytes().replace(whole, spoilt))
    client = create_app(Settings(database=path, log_level="critical")).test_client()
    answers = [client.get(each) for each in record.addresses]
    assert {answer.status_code for answer in answers} == {200, 503}
    refused = [answer.get_json() for answer in answers if answer.status_code == 503]
    assert all(LOOK in each["detail"] for each in refused)
    assert _is_found(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_running_service_whose_file_is_damaged_refuses_and_does_not_crash(tmp_path: Path) -> None:
    sent = Sent()
    with Service(tmp_path / "casualties.db", tmp_path / "log", workers=at(1, 2)) as service:
        key = service.new_key()
        service.await_ready()
        with posting([service.url], key, sent):
            await_more(sent, 40)
        service.stop()
        with closing(sqlite3.connect(service.database)) as db:
            pages = [
                db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
                for name in ("reports", "figures")
            ]
        service.await_ready()
        workers = service.workers()
        with service.database.open("r+b") as file:
            for (page,) in pages:
                file.seek((page - 1) * PAGE)
                file.write(b"\xff" * PAGE)
        with Client(service.url, key) as client:
            assert client.get("/v1/places").status == 200
            for _ in range(20):
                for address in ("/v1/reports", "/v1/totals"):
                    _assert_refused(client.get(address))
                _assert_refused(client.post("/v1/reports", body("ref-99999")))
        assert service.workers() == workers
        found = service.command("verify")
        assert found.returncode == 1 and "Traceback" not in found.stdout + found.stderr


def _assert_refused(answer: Any) -> None:
    assert answer.status == 503 and LOOK in answer.body["detail"], answer
    assert answer.retry_after


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_service_whose_file_is_no_database_says_so_once_and_ends(
    record: Record, tmp_path: Path
) -> None:
    path = tmp_path / "casualties.db"
    path.write_bytes(b"\xff" * PAGE + record.path.read_bytes()[PAGE:])
    with Service(path, tmp_path / "log", workers=1) as service:
        service.start()
        assert service.process is not None
        began = time.monotonic()
        assert service.process.wait(30) == 3
        assert time.monotonic() - began < 30
        assert service.said().count(LOOK) == 1
        assert "Traceback" not in service.said()
