"""Errors of the server and the driver in one line for an operator: the cause, and what to do."""

import re
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from service.domain.errors import (
    DatabaseUnreachableError,
    DomainError,
    LockTimeoutError,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    from service.store.postgresql.engine import PostgresStore

_PERMANENT_CAUSES: Final = (
    (r"password", "correct the password in PGPASSFILE or in the URL"),
    (r"database .* does not exist", "create the database, or correct its name in the URL"),
    (r"role .* does not exist", "create the role, or correct its name in the URL"),
    (r"pg_hba\.conf|authentication failed", "permit the connection in the server's pg_hba.conf"),
    (r"permission denied for database", "GRANT CONNECT on the database to the role"),
    (r"not permitted to log in", "permit it: ALTER ROLE ... LOGIN"),
)
"""Why the server refuses a connection, and what to do.

The protocol has a code for this, which libpq does not pass on. A server that writes another
language is treated like one that does not answer.
"""


def is_permanent(error: psycopg.Error) -> bool:
    """Whether another try to connect would fail as well."""
    return _find_connection_remedy(error) is not None


def explain_error(error: BaseException, store: "PostgresStore") -> DomainError | None:
    """Return the error with its cause and what to do about it, in one line without the password.

    None for a defect, and for an error that has its explanation already.
    """
    if not isinstance(error, psycopg.Error):
        return None
    address, cause = store.display_address, _describe_cause(error, store.url)
    match error:
        case errors.LockNotAvailable():
            return LockTimeoutError(
                f"{address}: another session held a lock for longer than lock_timeout. End that"
                " session (pg_stat_activity), or set lock_timeout higher."
            )
        case errors.QueryCanceled() | errors.TransactionTimeout():
            return StoreUnavailableError(
                f"{address}: the server ended a statement: {cause}. Set statement_timeout higher,"
                " in the URL or for the role, or find what it waited for (pg_locks)."
            )
        case errors.ReadOnlySqlTransaction():
            return DatabaseUnreachableError(
                f"{address} accepts no writes: {cause}. It is a standby, or"
                " default_transaction_read_only is on: set CASUALTY_DATABASE to the primary, or"
                " permit writes."
            )
        case errors.InsufficientPrivilege():
            return StoreUnavailableError(
                f"{address}: {cause}. The role of CASUALTY_DATABASE must own the tables, or have"
                " the right to create them in an empty schema."
            )
        case errors.DiskFull():
            return StoreUnavailableError(
                f"The disk of {address} is full: {cause}. Make room on the server."
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            remedy = _find_connection_remedy(error) or (
                "check that the server runs, and the address in CASUALTY_DATABASE"
            )
            return DatabaseUnreachableError(f"{address} cannot be reached: {cause}; {remedy}.")
    return None


def _find_connection_remedy(error: psycopg.Error) -> str | None:
    return next(
        (remedy for pattern, remedy in _PERMANENT_CAUSES if re.search(pattern, str(error))), None
    )


def _describe_cause(error: psycopg.Error, url: str) -> str:
    """Return the driver's message in one line, without the password."""
    text = error.diag.message_primary or str(error)
    text = re.sub(r"Is the server running [^?]*\?", "", text)  # The remedy contains it.
    if password := conninfo_to_dict(url).get("password"):
        text = text.replace(str(password), "...")
    return " ".join(text.split()).rstrip(".?;")
