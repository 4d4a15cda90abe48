"""The databases that commands use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from service.domain.errors import DomainError
from service.settings import load_settings, parse_database_address
from service.store.factory import open_store as connect
from service.store.interface import Progress, Store
from service.usecases import maintenance


class DatabaseAddress(click.ParamType[Store]):
    """A database: an SQLite file or a PostgreSQL URL."""

    name = "database"

    def __init__(self, *, exists: bool = False) -> None:
        self._exists = exists

    def convert(self, value: Any, param: Any, ctx: Any) -> Store:
        try:
            address = parse_database_address(value)
            if self._exists and isinstance(address, Path) and not address.is_file():
                raise ValueError(f"there is no file {value}")
            store = connect(address, load_settings().busy_seconds)
        except (ValueError, DomainError) as error:
            self.fail(str(error), param, ctx)
        ctx.call_on_close(store.close)
        return store


def get_store() -> Store:
    """Return the store of the settings, neither opened nor migrated yet."""
    settings = load_settings()
    store = connect(settings.database, settings.busy_seconds, is_bulk=True)
    # The last process that closes an SQLite file leaves nothing in its write-ahead log.
    click.get_current_context().call_on_close(store.close)
    return store


def open_store() -> Store:
    """Return the store of the settings, migrated and checked."""
    store = get_store()
    store.prepare()
    return store


@contextmanager
def open_trial_store(report_progress: Progress, *, is_empty: bool = False) -> Iterator[Store]:
    """Yield a copy of the store of the settings in a temporary SQLite file, which is deleted.

    ``is_empty``: nothing is copied.
    """
    # Imported here, so that other commands do not load the columns, and numpy.
    from service.usecases import copy_store

    with TemporaryDirectory(prefix="casualty-figures-") as folder:
        trial = connect(Path(folder) / "trial.db", load_settings().busy_seconds)
        try:
            source = None if is_empty else open_store()
            if source is not None and maintenance.get_last_seq_and_hash(source)[0]:
                copy_store.copy_store(source, trial, report_progress)
            else:
                trial.prepare()
            yield trial
        finally:
            trial.close()
