"""The database as files: what SQLite keeps beside it, its size, and how files change places."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

SIDES: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of what SQLite keeps beside a database file."""


def size(database: Path) -> int:
    """Return the bytes that the database takes on disk, with what is not yet folded into it."""
    return sum(each.stat().st_size for each in present(database.resolve()))


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


def put(part: Path, database: Path) -> None:
    """Give a whole database its name, in place of what had it; it survives a loss of power.

    What lies beside the name goes first: SQLite would take it for the new file's own.
    """
    for each in present(database):
        if each != database:
            each.unlink()
    os.replace(part, database)
    settle(database.parent)


def set_aside(database: Path, name: Path) -> None:
    """Let the database have another name too, with all that lies beside it."""
    for side in SIDES:
        if os.path.lexists(beside(database, side)):
            os.replace(beside(database, side), beside(name, side))
    if os.path.lexists(database):
        try:
            os.link(database, name)  # So that there is no moment without a database.
        except OSError:  # Not every file system can.
            os.replace(database, name)
    settle(name.parent)


def open_to(part: Path, model: Path) -> None:
    """Let those use the file who may use the model, as far as this process can."""
    known = model.stat()
    with suppress(PermissionError):
        if model.is_file():
            os.chmod(part, stat.S_IMODE(known.st_mode))
        os.chown(part, known.st_uid, known.st_gid)
