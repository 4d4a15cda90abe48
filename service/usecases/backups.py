"""Copies of the record to keep elsewhere, and the way back."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from service.domain.errors import ConflictError, NotFoundError, StoreUnavailableError
from service.store.sqlite.backup import Copy, Told, alone, copied
from service.store.sqlite.files import open_to, present, put, set_aside


@dataclass(frozen=True, slots=True)
class Restored:
    """The database as it is now, and the name under which the former one is kept, if any was."""

    copy: Copy
    aside: Path | None


def backup(database: Path, target: Path, told: Told, force: bool = False) -> Copy:
    """Return the copy that was made of the database, which may be in use all the while.

    All that was acknowledged before is in it. The target has its name once it is whole, checked and
    safely on disk, and not before. Raises ConflictError for a target that exists, unless forced.
    """
    _must_differ(database, target)
    _must_be_free(target, force)
    with copied(database, target, told) as copy:
        _must_be_free(target, force)
        open_to(copy.path, database)
        put(copy.path, target)
    return replace(copy, path=target)


def restore(
    source: Path, database: Path, told: Told, now: datetime, force: bool = False
) -> Restored:
    """Return what took the database's place: a checked copy of the source, which stays as it is.

    Raises ConflictError where there is a database, unless forced, which keeps the former one under
    a name with the date; and LockTimeoutError while a service has it open. Nothing changes on an
    error.
    """
    _must_differ(source, database)
    if database.is_symlink():
        database = database.resolve()  # The link stays, and leads to the new file.
    if not force and present(database):
        raise ConflictError(
            f"{database} exists already; with --force it is kept under another name."
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    with alone(database), copied(source, database, told) as copy:
        open_to(copy.path, database if database.exists() else database.parent)
        aside = _kept(database, now)
        put(copy.path, database)
    return Restored(replace(copy, path=database), aside)


def _kept(database: Path, now: datetime) -> Path | None:
    """Return the other name that the former database was given; None if there was none."""
    if not present(database):
        return None
    name = database.with_name(f"{database.name}.{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    _must_be_free(name)
    set_aside(database, name)
    return name


def _must_differ(source: Path, target: Path) -> None:
    if not source.is_file():
        raise NotFoundError(f"{source}: there is no such file.")
    if target.exists() and target.samefile(source):
        raise ConflictError(f"{target} is the database itself.")


def _must_be_free(target: Path, force: bool = False) -> None:
    if not target.parent.is_dir():
        raise StoreUnavailableError(f"{target.parent}: there is no such folder.")
    if not force and (found := present(target)):
        raise ConflictError(f"{found[0]} exists already; with --force it is replaced.")
