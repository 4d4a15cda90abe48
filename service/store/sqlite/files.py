"""The files of an SQLite database: their size, and replacing and renaming them."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

SIDE_FILE_SUFFIXES: Final = ("-wal", "-shm", "-journal", "-mark")
"""The suffixes of the files that belong to a database file: SQLite's, and the high-water mark."""


def size_on_disk(database: Path) -> int:
    """Return the size of the database on disk in bytes, its write-ahead log included."""
    return sum(each.stat().st_size for each in list_existing(database.resolve()))


def list_existing(database: Path) -> list[Path]:
    """Return the existing files of the database: its own first, then those beside it."""
    files = (database, *(side_file(database, suffix) for suffix in SIDE_FILE_SUFFIXES))
    return [each for each in files if os.path.lexists(each)]


def side_file(database: Path, suffix: str) -> Path:
    """Return the path of the file with the suffix beside the database."""
    return database.with_name(database.name + suffix)


def sync_to_disk(path: Path) -> None:
    """Sync the file, or the names in the folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_database(new_file: Path, database: Path) -> None:
    """Rename the new file to the database's name, and sync; what had that name is replaced.

    Files beside the database are deleted first: SQLite would take them for the new file's own.
    """
    for each in list_existing(database):
        if each != database:
            each.unlink()
    os.replace(new_file, database)
    sync_to_disk(database.parent)


def rename_database(database: Path, new_path: Path) -> None:
    """Give the database another name, with the files beside it."""
    for suffix in SIDE_FILE_SUFFIXES:
        if os.path.lexists(side_file(database, suffix)):
            os.replace(side_file(database, suffix), side_file(new_path, suffix))
    if os.path.lexists(database):
        try:
            os.link(database, new_path)  # So that the database exists at all times.
        except OSError:  # The file system has no hard links.
            os.replace(database, new_path)
    sync_to_disk(new_path.parent)


def copy_permissions(file: Path, reference: Path) -> None:
    """Copy mode and owner of the reference to the file, as far as this process may."""
    status = reference.stat()
    with suppress(PermissionError):
        if reference.is_file():
            os.chmod(file, stat.S_IMODE(status.st_mode))
        os.chown(file, status.st_uid, status.st_gid)
