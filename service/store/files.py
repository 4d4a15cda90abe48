"""The database as files: what SQLite keeps beside it, its size, and how files change places."""

import os
from pathlib import Path
from typing import Final

SIDES: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of what SQLite keeps beside a database file."""


def size(database: Path) -> int:
    """Return the bytes that the database takes on disk, with what is not yet folded into it."""
    return sum(each.stat().st_size for each in present(database))


def present(database: Path) -> list[Path]:
    """Return those of the database's files that exist: its own, then those beside it."""
    files = (database, *(beside(database, side) for side in SIDES))
    return [each for each in files if os.path.lexists(each)]


def beside(database: Path, side: str) -> Path:
    """Return the name of one of the files that SQLite keeps beside the database."""
    return database.with_name(database.name + side)


def settle(folder_or_file: Path) -> None:
    """Return when the file, or the names in the folder, would survive a loss of power."""
    handle = os.open(folder_or_file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
