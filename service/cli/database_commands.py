"""Commands for the database: migrations, checks, dumps, copies and backups."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from service.cli.errors import show_errors_in_one_line
from service.cli.progress import show_progress
from service.cli.stores import DatabaseAddress, get_store, open_store
from service.store.interface import DatabaseCopy, Store
from service.usecases import copy_store, maintenance


@click.command()
@show_errors_in_one_line
def migrate() -> None:
    """Run the pending migrations of the database; safe at any time."""
    store = get_store()
    click.echo(f"{store.display_address}: {_migration_summary(store.prepare())}", err=True)


@click.command()
@show_errors_in_one_line
def verify() -> None:
    """Check the integrity of the record and list all faults.

    Checks the database file, the hash chain of the event log, and the tables against a rebuild from
    the event log. Compares the end of the record with the high-water mark beside an SQLite file.
    Exits with 1 if there are faults; changes nothing.
    """
    store = get_store()
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


@click.command("accept-loss")
@click.argument("seq", type=click.IntRange(0))
@show_errors_in_one_line
def accept_loss(seq: int) -> None:
    """Continue a record that lost its events after SEQ.

    The service refuses to start, and to write, where acknowledged events are missing at the end of
    an SQLite file: verify lists what is missing. First try to get them back, from the missing -wal
    file or from a backup. This command gives them up. The next events get their sequence numbers,
    so clients that follow /v1/changes must start again from the beginning.
    """
    store = get_store()
    former_seq = store.accept_loss(seq)
    click.echo(
        f"{store.display_address}: accepted that the record ends with event {seq}; event"
        f" {former_seq} had been acknowledged.",
        err=True,
    )


@click.command()
@click.argument("dest", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@show_errors_in_one_line
def dump(dest: IO[str]) -> None:
    """Write the whole event log to DEST (standard output), one event in JSON per line.

    The command load reads it back into the same event log, with the same hashes.
    """
    store = open_store()
    last, _ = maintenance.get_last_seq_and_hash(store)
    with show_progress("Dumping") as report_progress:
        for done, line in enumerate(maintenance.dump_events(store), start=1):
            dest.write(f"{line}\n")
            report_progress(done, last)


@click.command()
@click.argument("source", type=DatabaseAddress(exists=True))
@click.argument("target", metavar="DEST", type=DatabaseAddress())
@show_errors_in_one_line
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


@click.command()
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@show_errors_in_one_line
def load(source: IO[str]) -> None:
    """Load a dump from SOURCE (standard input) into a new database.

    All events are loaded or none: each must continue the hash chain.
    """
    store = open_store()
    with click.progressbar(
        maintenance.load_events(store, source), label="Loading", file=sys.stderr, show_pos=True
    ) as seqs:
        for _ in seqs:
            pass
    last, last_hash = maintenance.get_last_seq_and_hash(store)
    click.echo(f"Loaded: {last:,} events, the last with the hash {last_hash}.", err=True)


@click.command()
@click.argument("dest", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace DEST if it exists.")
@show_errors_in_one_line
def backup(dest: Path, force: bool) -> None:
    """Copy the SQLite database to the file DEST, while it is in use.

    The copy contains everything that was acknowledged before. It is checked, and gets its name only
    when all of it is on disk.

    \b
    Every night:
        python -m service backup /backups/$(date +%F).db
    """
    with show_progress("Copying") as report_progress:
        copy = get_store().backup(dest, report_progress, force)
    click.echo(_copy_summary(copy))


@click.command()
@click.argument("source", type=click.Path(dir_okay=False, readable=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the database; keep it under a dated name.")
@show_errors_in_one_line
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
        result = get_store().restore(source, report_progress, datetime.now(UTC), force)
    click.echo(_copy_summary(result.copy))
    if result.former_path:
        click.echo(f"The former database is kept as {result.former_path}.", err=True)


def _copy_summary(copy: DatabaseCopy) -> str:
    return f"{copy.path}: {copy.size:,} bytes, events up to {copy.seq}, checked"


def _migration_summary(count: int) -> str:
    return f"{count} migrations run, up to date" if count else "up to date"
