"""Backup of an SQLite file, and restore."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from service.domain.errors import ConflictError, NotFoundError, StoreUnavailableError
from service.store.interface import DatabaseCopy, Progress, RestoreResult
from service.store.sqlite.checked_copy import hold_exclusive_access, make_checked_copy
from service.store.sqlite.files import (
    copy_permissions,
    list_existing,
    rename_database,
    replace_database,
)
from service.store.sqlite.high_water_mark import HighWaterMark, HighWaterMarkFile


def make_backup(
    database: Path, target: Path, progress: Progress, force: bool = False
) -> DatabaseCopy:
    """Return a checked copy of the database, which may be in use meanwhile.

    It contains everything that was acknowledged before. The file gets its name ``target`` only when
    it is complete, checked and on disk. Raises ConflictError for a target that exists, unless
    ``force``.
    """
    _check_paths_differ(database, target)
    _check_target_is_free(target, force)
    with make_checked_copy(database, target, progress) as copy:
        _check_target_is_free(target, force)
        copy_permissions(copy.path, database)
        replace_database(copy.path, target)
    return replace(copy, path=target)


def restore_backup(
    source: Path, database: Path, progress: Progress, now: datetime, force: bool = False
) -> RestoreResult:
    """Replace the database by a checked copy of ``source``, which does not change.

    Raises ConflictError where a database exists, unless ``force``, which keeps the former one under
    a dated name with its high-water mark; and LockTimeoutError while a service has it open.
    Nothing changes on an error.
    """
    _check_paths_differ(source, database)
    if database.is_symlink():
        database = database.resolve()  # The link remains, and refers to the new file.
    if not force and list_existing(database):
        raise ConflictError(
            f"{database} exists already; with --force it is replaced, and kept under another name."
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    with hold_exclusive_access(database), make_checked_copy(source, database, progress) as copy:
        copy_permissions(copy.path, database if database.exists() else database.parent)
        former_path = _keep_former(database, now)
        replace_database(copy.path, database)
        with suppress(OSError):  # A missing mark is no error: the next commit creates it.
            HighWaterMarkFile(database).replace(HighWaterMark(copy.seq, copy.hash))
    return RestoreResult(replace(copy, path=database), former_path)


def _keep_former(database: Path, now: datetime) -> Path | None:
    """Rename the former database and return its new path; None where there is none."""
    if not list_existing(database):
        return None
    former_path = database.with_name(f"{database.name}.{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    _check_target_is_free(former_path)
    rename_database(database, former_path)
    return former_path


def _check_paths_differ(source: Path, target: Path) -> None:
    if not source.is_file():
        raise NotFoundError(f"{source}: there is no such file.")
    if target.exists() and target.samefile(source):
        raise ConflictError(f"{target} is the database itself.")


def _check_target_is_free(target: Path, force: bool = False) -> None:
    if not target.parent.is_dir():
        raise StoreUnavailableError(f"{target.parent}: there is no such folder.")
    if not force and (existing := list_existing(target)):
        raise ConflictError(f"{existing[0]} exists already; with --force it is replaced.")
