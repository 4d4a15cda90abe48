"""Errors of the databases in one line for an operator: the cause, and what to do."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from service.domain.errors import (
    DatabaseUnreachableError,
    LockTimeoutError,
    StoreUnavailableError,
)
from service.store.factory import open_store
from service.store.postgresql.error_messages import explain_error, is_permanent
from service.store.sqlite import connections

POSTGRES_ERRORS = [
    (errors.LockNotAvailable("x"), LockTimeoutError, "lock_timeout"),
    (errors.QueryCanceled("x"), StoreUnavailableError, "statement_timeout"),
    (errors.ReadOnlySqlTransaction("x"), DatabaseUnreachableError, "standby"),
    (errors.InsufficientPrivilege("x"), StoreUnavailableError, "must own the tables"),
    (errors.DiskFull("x"), StoreUnavailableError, "Make room"),
    (psycopg.OperationalError("no such host"), DatabaseUnreachableError, "server runs"),
    (psycopg.OperationalError("password: secret"), DatabaseUnreachableError, "PGPASSFILE"),
]


@pytest.mark.parametrize(("error", "expected", "words"), POSTGRES_ERRORS)
def test_an_error_of_postgresql_says_what_to_do(
    error: psycopg.Error, expected: type[Exception], words: str
) -> None:
    store: Any = open_store("postgresql://casualties:secret@db/casualties", 1.0)
    explained = explain_error(error, store)
    assert type(explained) is expected
    assert words in str(explained)
    assert "secret" not in str(explained) and "\n" not in str(explained)


def test_a_password_is_left_out_only_if_there_is_one() -> None:
    store: Any = open_store("postgresql://casualties@db/casualties", 1.0)
    assert "no such host" in str(explain_error(psycopg.OperationalError("no such host"), store))


def test_other_errors_are_defects() -> None:
    store: Any = open_store("postgresql://casualties@db/casualties", 1.0)
    assert explain_error(ValueError("x"), store) is None
    assert explain_error(errors.SyntaxError("x"), store) is None


def test_only_a_refusal_is_permanent() -> None:
    assert is_permanent(psycopg.OperationalError('role "x" does not exist'))
    assert not is_permanent(psycopg.OperationalError("connection refused"))


def _make_sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("message of SQLite")
    error.sqlite_errorcode = code
    return error


SQLITE_ERRORS = [
    (_make_sqlite_error(sqlite3.SQLITE_BUSY), LockTimeoutError, "CASUALTY_BUSY_SECONDS"),
    (_make_sqlite_error(sqlite3.SQLITE_FULL), StoreUnavailableError, "make room"),
    (_make_sqlite_error(sqlite3.SQLITE_IOERR), StoreUnavailableError, "Check the disk"),
    (_make_sqlite_error(sqlite3.SQLITE_CANTOPEN), StoreUnavailableError, "rights of this user"),
    (PermissionError(13, "denied", "f"), StoreUnavailableError, "rights of this user"),
    (sqlite3.DatabaseError("file is not a database"), StoreUnavailableError, "restore"),
]


@pytest.mark.parametrize(("error", "expected", "words"), SQLITE_ERRORS)
def test_an_error_of_sqlite_says_what_to_do(
    tmp_path: Path, error: Exception, expected: type[Exception], words: str
) -> None:
    path = tmp_path / "c.db"
    path.touch()
    explained = connections.explain_error(error, path, 10.0)
    assert type(explained) is expected
    assert words in str(explained) and str(path) in str(explained)


def test_a_defect_has_no_explanation(tmp_path: Path) -> None:
    assert connections.explain_error(KeyError("x"), tmp_path / "c.db", 10.0) is None


@pytest.mark.parametrize(
    ("denied", "words"), [("folder", "may not create files"), ("c.db", "may not read and write")]
)
def test_a_right_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, denied: str, words: str
) -> None:
    """The superuser, who may run the tests, has every right."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "c.db"
    path.touch()
    monkeypatch.setattr(os, "access", lambda file, mode: Path(file).name != denied)
    error = _make_sqlite_error(sqlite3.SQLITE_READONLY)
    assert words in str(connections.explain_error(error, path, 10.0))


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    error = _make_sqlite_error(sqlite3.SQLITE_CANTOPEN)
    assert "it is a folder" in str(connections.explain_error(error, tmp_path, 10.0))
