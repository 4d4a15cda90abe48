"""Databases with recorded reports, for the other benchmarks."""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask.testing import FlaskClient

from benchmarks.generate import ReportGenerator
from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.usecases import api_keys

BATCH: Final = 1_000


class Recorder(NamedTuple):
    """A service in this process, and a key to report with."""

    client: FlaskClient
    key: str

    def record(self, reports: Iterable[Any]) -> None:
        """Record all reports."""
        remaining = iter(reports)
        headers = {"Authorization": f"Bearer {self.key}"}
        while batch := list(islice(remaining, BATCH)):
            answer = self.client.post("/v1/reports/batch", json={"reports": batch}, headers=headers)
            wrong = [each for each in answer.get_json()["results"] if each["status"] != 201]
            if wrong:
                raise SystemExit(f"a report is refused: {wrong[0]}")


def open_recorder(database: Path, **settings: Any) -> Recorder:
    """Return a service with a new database; ``settings`` are others than the usual ones."""
    own = Settings(database=database, log_level="error", **settings)
    client = create_app(own).test_client()
    store = open_store(own.database, own.busy_seconds)
    key = api_keys.create_key(store, name="benchmark", scope="report", now=datetime.now(UTC))
    store.close()
    return Recorder(client, key)


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the size of a record, or of a database that has one."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("reports", type=int, nargs="?", default=2_000)
    parser.add_argument("--database", type=Path)
    return parser


@contextmanager
def provide_database(arguments: argparse.Namespace) -> Iterator[tuple[Path, Path]]:
    """Yield the database of the arguments, or a new one of that size, and a temporary folder."""
    # When it is idle, the service still empties its write-ahead log, perhaps while the folder goes.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        database = arguments.database or folder / "casualties.db"
        if arguments.database is None:
            open_recorder(database).record(ReportGenerator(arguments.reports, seed=1))
        yield database.resolve(), folder
