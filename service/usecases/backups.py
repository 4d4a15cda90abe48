"""Copies of the record to keep elsewhere, and the way back."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from service.domain.errors import ConflictError, NotFoundError, StoreUnavailableError
from service.store.sqlite.backup import (
    CopyProgress,
    DatabaseCopy,
    hold_exclusive_access,
    make_checked_copy,
)
from service.store.sqlite.files import (
    copy_permissions,
    list_existing,
    rename_database,
    replace_database,
)


@dataclass(frozen=True, slots=True)
class Restored:
    """The database as it is now, and the name under which the former one is kept, if any was."""

    copy: DatabaseCopy
    aside: Path | None


def backup(database: Path, target: Path, told: CopyProgress, force: bool = False) -> DatabaseCopy:
    """Return the copy that was made of the database, which may be in use all the while.

    All that was acknowledged before is in it. The target has its name once it is whole, checked and
    safely on disk, and not before. Raises ConflictError for a target that exists, unless forced.
    """
    _must_differ(database, target)
    _must_be_free(target, force)
    with make_checked_copy(database, target, told) as copy:
        _must_be_free(target, force)
        copy_permissions(copy.path, database)
        replace_database(copy.path, target)
    return replace(copy, path=target)


def restore(
    source: Path, database: Path, told: CopyProgress, now: datetime, force: bool = False
) -> Restored:
    """Return what took the database's place: a checked copy of the source, which stays as it is.

    Raises ConflictError where there is a database, unless forced, which keeps the former one under
    a name with the date; and LockTimeoutError while a service has it open. Nothing changes on an
    error.
    """
    _must_differ(source, database)
    if database.is_symlink():
        database = database.resolve()  # The link stays, and leads to the new file.
    if not force and list_existing(database):
        raise ConflictError(
            f"{database} exists already; with --force it is kept under another name."
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    with hold_exclusive_access(database), make_checked_copy(source, database, told) as copy:
        copy_permissions(copy.path, database if database.exists() else database.parent)
        aside = _kept(database, now)
        replace_database(copy.path, database)
    return Restored(replace(copy, path=database), aside)


def _kept(database: Path, now: datetime) -> Path | None:
    """Return the other name that the former database was given; None if there was none."""
    if not list_existing(database):
        return None
    name = database.with_name(f"{database.name}.{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    _must_be_free(name)
    rename_database(database, name)
    return name


def _must_differ(source: Path, target: Path) -> None:
    if not source.is_file():
        raise NotFoundError(f"{source}: there is no such file.")
    if target.exists() and target.samefile(source):
        raise ConflictError(f"{target} is the database itself.")


def _must_be_free(target: Path, force: bool = False) -> None:
    if not target.parent.is_dir():
        raise StoreUnavailableError(f"{target.parent}: there is no such folder.")
    if not force and (found := list_existing(target)):
        raise ConflictError(f"{found[0]} exists already; with --force it is replaced.")
