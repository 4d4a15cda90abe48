"""The commands of ``python -m service``; results go to standard output, notes to stderr."""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from schemas.fields import is_slug
from service.cli.progress import show_progress
from service.domain.access import SCOPES
from service.domain.errors import DomainError
from service.settings import SettingsError, load_settings, parse_database_address
from service.store.api_keys import ApiKey
from service.store.factory import open_store
from service.store.interface import DatabaseCopy, Store
from service.usecases import api_keys, copy_store, maintenance

Command = TypeVar("Command", bound=Callable[..., Any])

_KEY_COLUMNS = (
    "id", "name", "scope", "reporters", "created_at", "expires_at", "last_used_at", "revoked_at"
)  # fmt: skip


def main() -> None:
    """Run the command that the arguments name."""
    # The driver's warnings about each try to connect would hide the one line about the result.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    commands(prog_name="python -m service")


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
            store = open_store(address, load_settings().busy_seconds)
        except (ValueError, DomainError) as error:
            self.fail(str(error), param, ctx)
        ctx.call_on_close(store.close)
        return store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Administer a casualty-figure service: its database, backups and API keys.

    \b
    Start the server itself with
        gunicorn wsgi:app
    It migrates an older or empty database when it starts.

    \b
    Settings, as environment variables:
        CASUALTY_DATABASE        an SQLite file (data/casualties.db), or
                                 a PostgreSQL URL (postgresql://…)
        CASUALTY_READ_DATABASE   URL of a standby for readers (off)
        CASUALTY_READING         open, or closed: readers need a key (open)
        CASUALTY_SOLVER_SECONDS  time for one total before it widens (1.5)
        CASUALTY_ANSWER_SECONDS  time that all totals of one answer share (20)
        CASUALTY_BUSY_SECONDS    how long a writer waits for another (10)
        CASUALTY_COSTLY_SLOTS    costly answers at once per process (2)
        CASUALTY_SEND_SECONDS    how long a client may take nothing (30)
        CASUALTY_CACHE_MEGABYTES memory of a process for caches, in MiB (128)
        CASUALTY_PUBLIC_URL      address of the dashboard for readers (off)
        CASUALTY_LOG_LEVEL       debug, info, warning or error (info)
        CASUALTY_RATE_LIMIT      answers per key, like 600/minute (off)
        CASUALTY_PROXIES         number of reverse proxies in front (0)
        CASUALTY_ORIGINS         CORS origins, like https://a.org (off)

    \b
    First steps:
        python -m service key create --name "Desk" --scope report
        curl -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \\
             -d @report.json http://127.0.0.1:8000/v1/reports
    """


def _show_errors_in_one_line(command: Command) -> Command:
    """Return the command with expected errors shown in one line, without a traceback."""

    @wraps(command)
    def run_command(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (SettingsError, DomainError, OSError) as error:
            raise click.ClickException(str(error)) from None

    return run_command  # type: ignore[return-value]


@commands.command()
@_show_errors_in_one_line
def migrate() -> None:
    """Run the pending migrations of the database; safe at any time."""
    store = _get_store()
    click.echo(f"{store.display_address}: {_migration_summary(store.prepare())}", err=True)


@commands.command()
@_show_errors_in_one_line
def verify() -> None:
    """Check the integrity of the record and list all faults.

    Checks the database file, the hash chain of the event log, and the tables against a rebuild from
    the event log. Compares the end of the record with the high-water mark beside an SQLite file.
    Exits with 1 if there are faults; changes nothing.
    """
    store = _get_store()
    if loss := store.find_loss():
        # The other checks would change what is left of the log.
        click.echo(loss)
        raise SystemExit(1)
    store.migrate()
    last, last_hash = maintenance.get_last_seq_and_hash(store)
    with show_progress("Verifying") as report_progress:
        problems = maintenance.check_integrity(store, report_progress)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise SystemExit(1)
    click.echo(f"Whole: {last:,} events, the last with the hash {last_hash}.")
    if note := store.explain_missing_mark():
        click.echo(note, err=True)


@commands.command("accept-loss")
@click.argument("seq", type=click.IntRange(0))
@_show_errors_in_one_line
def accept_loss(seq: int) -> None:
    """Continue a record that lost its events after SEQ.

    The service refuses to start, and to write, where acknowledged events are missing at the end of
    an SQLite file: verify lists what is missing. First try to get them back, from the missing -wal
    file or from a backup. This command gives them up. The next events get their sequence numbers,
    so clients that follow /v1/changes must start again from the beginning.
    """
    store = _get_store()
    former_seq = store.accept_loss(seq)
    click.echo(
        f"{store.display_address}: accepted that the record ends with event {seq}; event"
        f" {former_seq} had been acknowledged.",
        err=True,
    )


@commands.command()
@click.argument("dest", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@_show_errors_in_one_line
def dump(dest: IO[str]) -> None:
    """Write the whole event log to DEST (standard output), one event in JSON per line.

    The command load reads it back into the same event log, with the same hashes.
    """
    store = _open_store()
    last, _ = maintenance.get_last_seq_and_hash(store)
    with show_progress("Dumping") as report_progress:
        for done, line in enumerate(maintenance.dump_events(store), start=1):
            dest.write(f"{line}\n")
            report_progress(done, last)


@commands.command()
@click.argument("source", type=DatabaseAddress(exists=True))
@click.argument("target", metavar="DEST", type=DatabaseAddress())
@_show_errors_in_one_line
def copy(source: Store, target: Store) -> None:
    """Copy the whole record from SOURCE to DEST, each an SQLite file or a PostgreSQL URL.

    \b
    To change the engine with a short pause:
        python -m service copy data/casualties.db postgresql://…
        stop the service, and run the command again: it copies what is new
        set CASUALTY_DATABASE, and start the service

    DEST is empty or an earlier copy. If the command is interrupted, the events copied so far
    remain, and the next run continues. At the end both have the same hash chain, the same state and
    the same API keys. SOURCE is migrated first, as at a start of the service.

    \b
    Other users of the machine can see command lines. Keep the password out of them:
        PGPASSFILE=~/.pgpass python -m service copy … postgresql://user@host/name
    """
    with show_progress("Copying") as report_progress:
        result = copy_store.copy_store(source, target, report_progress)
    click.echo(
        f"{target.display_address}: {result.seq:,} events ({result.new_events:,} new), the last"
        f" with the hash {result.hash}; equal to {source.display_address}."
    )


@commands.command()
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@_show_errors_in_one_line
def load(source: IO[str]) -> None:
    """Load a dump from SOURCE (standard input) into a new database.

    All events are loaded or none: each must continue the hash chain.
    """
    store = _open_store()
    with click.progressbar(
        maintenance.load_events(store, source), label="Loading", file=sys.stderr, show_pos=True
    ) as seqs:
        for _ in seqs:
            pass
    last, last_hash = maintenance.get_last_seq_and_hash(store)
    click.echo(f"Loaded: {last:,} events, the last with the hash {last_hash}.", err=True)


@commands.command()
@click.argument("dest", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace DEST if it exists.")
@_show_errors_in_one_line
def backup(dest: Path, force: bool) -> None:
    """Copy the SQLite database to the file DEST, while it is in use.

    The copy contains everything that was acknowledged before. It is checked, and gets its name only
    when all of it is on disk.

    \b
    Every night:
        python -m service backup /backups/$(date +%F).db
    """
    with show_progress("Copying") as report_progress:
        copy = _get_store().backup(dest, report_progress, force)
    click.echo(_copy_summary(copy))


@commands.command()
@click.argument("source", type=click.Path(dir_okay=False, readable=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the database; keep it under a dated name.")
@_show_errors_in_one_line
def restore(source: Path, force: bool) -> None:
    """Replace the SQLite database by a copy of the backup SOURCE.

    Stop the service first: the command refuses to run while the database is open. SOURCE is checked
    before anything changes. The backup of an older release is migrated when the service starts.

    \b
    To read a backup without touching the database:
        CASUALTY_DATABASE=/tmp/look.db python -m service restore 2026-01-05.db
        CASUALTY_DATABASE=/tmp/look.db gunicorn --bind 127.0.0.1:8001 wsgi:app
    """
    with show_progress("Copying") as report_progress:
        result = _get_store().restore(source, report_progress, _now(), force)
    click.echo(_copy_summary(result.copy))
    if result.former_path:
        click.echo(f"The former database is kept as {result.former_path}.", err=True)


@commands.group()
def key() -> None:
    """Create, list and revoke API keys."""


def _check_slugs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> Any:
    for reporter_id in values:
        if not is_slug(reporter_id):
            raise click.BadParameter(
                f"{reporter_id!r} is not a valid reporter id: give one like ua-hur."
            )
    return values


@key.command("create")
@click.option("--name", required=True, help="A name for your own list, such as the holder's.")
@click.option(
    "--scope",
    required=True,
    type=click.Choice(SCOPES),
    help="read; report (and read); admin (and both).",
)
@click.option(
    "--reporter",
    "reporters",
    metavar="ID",
    multiple=True,
    callback=_check_slugs,
    help="Bind a key that reports to this reporter; may be repeated.",
)
@click.option(
    "--expires",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day on which the key is valid, in UTC.",
)
@click.option("--days", type=click.IntRange(1, 36_500), help="For how many days the key is valid.")
@_show_errors_in_one_line
def create_key(
    name: str, scope: str, reporters: tuple[str, ...], expires: datetime | None, days: int | None
) -> None:
    """Create an API key and print it once; only a hash of it is stored.

    Without --expires and --days the key is valid until it is revoked.
    """
    if expires is not None and days is not None:
        raise click.UsageError("Give --expires or --days, not both.")
    store, now, expires_at = _open_store(), _now(), None
    if expires is not None:
        expires_at = datetime.combine(expires, time.max, UTC)
    elif days is not None:
        expires_at = now + timedelta(days=days)
    api_key = api_keys.create_key(
        store, name=name, scope=scope, now=now, reporters=reporters, expires=expires_at
    )
    click.echo(api_key)
    click.echo("Keep it safe: it cannot be shown again.", err=True)
    for reporter_id in api_keys.find_unknown_reporters(store, reporters):
        click.echo(
            f"There is no reporter {reporter_id} yet: a report with this key can add it.", err=True
        )


@key.command("list")
@_show_errors_in_one_line
def list_keys() -> None:
    """List all keys: a table in a terminal, tab-separated lines in a pipe."""
    rows = [_key_row(each) for each in api_keys.list_keys(_open_store())]
    if not _is_terminal():
        for row in [list(_KEY_COLUMNS), *rows]:
            click.echo("\t".join(row))
        return
    if not rows:
        click.echo("No keys yet: python -m service key create --help", err=True)
        return
    widths = [max(map(len, column)) for column in zip(_KEY_COLUMNS, *rows, strict=True)]
    for row in [list(_KEY_COLUMNS), *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@key.command("revoke")
@click.argument("key_id", metavar="ID")
@_show_errors_in_one_line
def revoke_key(key_id: str) -> None:
    """Revoke the key with this ID (see key list), with immediate effect."""
    api_keys.revoke_key(_open_store(), key_id, now=_now())
    click.echo(f"The key {key_id} is revoked.", err=True)


def _key_row(api_key: ApiKey) -> list[str]:
    cells = (getattr(api_key, name) for name in _KEY_COLUMNS)
    return [",".join(each) if isinstance(each, tuple) else each or "" for each in cells]


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _get_store() -> Store:
    """Return the store of the settings, neither opened nor migrated yet."""
    settings = load_settings()
    store = open_store(settings.database, settings.busy_seconds)
    # The last process that closes an SQLite file leaves nothing in its write-ahead log.
    click.get_current_context().call_on_close(store.close)
    return store


def _open_store() -> Store:
    """Return the store of the settings, migrated and checked."""
    store = _get_store()
    store.prepare()
    return store


def _copy_summary(copy: DatabaseCopy) -> str:
    return f"{copy.path}: {copy.size:,} bytes, events up to {copy.seq}, checked"


def _migration_summary(count: int) -> str:
    return f"{count} migrations run, up to date" if count else "up to date"


def _now() -> datetime:
    return datetime.now(UTC)
