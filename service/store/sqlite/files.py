"""The database as files: what SQLite keeps beside it, its size, and how files change places."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

SIDE_FILE_SUFFIXES: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of what SQLite keeps beside a database file."""


def size_on_disk(database: Path) -> int:
    """Return the bytes that the database takes on disk, with what is not yet folded into it."""
    return sum(each.stat().st_size for each in list_existing(database.resolve()))


def list_existing(database: Path) -> list[Path]:
    """Return those of the database's files that exist: its own, then those beside it."""
    files = (database, *(side_file(database, suffix) for suffix in SIDE_FILE_SUFFIXES))
    return [each for each in files if os.path.lexists(each)]


def side_file(database: Path, suffix: str) -> Path:
    """Return the name of one of the files that SQLite keeps beside the database."""
    return database.with_name(database.name + suffix)


def sync_to_disk(path: Path) -> None:
    """Return when the file, or the names in the folder, would survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_database(new_file: Path, database: Path) -> None:
    """Give a whole database its name, in place of what had it; it survives a loss of power.

    What lies beside the name goes first: SQLite would take it for the new file's own.
    """
    for each in list_existing(database):
        if each != database:
            each.unlink()
    os.replace(new_file, database)
    sync_to_disk(database.parent)


def rename_database(database: Path, new_path: Path) -> None:
    """Let the database have another name too, with all that lies beside it."""
    for suffix in SIDE_FILE_SUFFIXES:
        if os.path.lexists(side_file(database, suffix)):
            os.replace(side_file(database, suffix), side_file(new_path, suffix))
    if os.path.lexists(database):
        try:
            os.link(database, new_path)  # So that there is no moment without a database.
        except OSError:  # Not every file system can.
            os.replace(database, new_path)
    sync_to_disk(new_path.parent)


def copy_permissions(file: Path, reference: Path) -> None:
    """Let those use the file who may use the model, as far as this process can."""
    status = reference.stat()
    with suppress(PermissionError):
        if reference.is_file():
            os.chmod(file, stat.S_IMODE(status.st_mode))
        os.chown(file, status.st_uid, status.st_gid)
