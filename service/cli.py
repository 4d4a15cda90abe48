"""The commands of ``python -m service``: each one a use case, its answer on standard output."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from service.domain.errors import DomainError
from service.progress import progress
from service.settings import BadSetting, Settings, from_environment
from service.store.copies import Copy
from service.store.migrations import migrate as migrate_store
from service.store.sqlite import Store
from service.usecases import backups, keys

Command = TypeVar("Command", bound=Callable[..., Any])

_HEAD = ("id", "name", "scope", "created_at", "revoked_at")


def main() -> None:
    """Run the command that the arguments name."""
    commands(prog_name="python -m service")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Keep a casualty-figure service: its database, copies of it, and its API keys.

    \b
    The server itself is started with
        gunicorn wsgi:app
    It migrates an older or empty database when it starts.

    \b
    Settings, as environment variables:
        CASUALTY_DATABASE        the SQLite file (data/casualties.db)
        CASUALTY_READING         open, or closed: readers need a key (open)
        CASUALTY_SOLVER_SECONDS  time for one total before it widens (1.5)
        CASUALTY_BUSY_SECONDS    how long a writer waits for another (10)
        CASUALTY_LOG_LEVEL       debug, info, warning or error (info)

    \b
    First steps:
        python -m service key create --name "Desk" --scope report
        curl -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \\
             -d @report.json http://127.0.0.1:8000/v1/reports
    """


def _plainly(command: Command) -> Command:
    """Return the command with the errors that may be shown said in one line."""

    @wraps(command)
    def plain(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (BadSetting, DomainError, OSError) as error:
            raise click.ClickException(str(error)) from None

    return plain  # type: ignore[return-value]


@commands.command()
@_plainly
def migrate() -> None:
    """Bring the database up to date; safe at any time."""
    settings = from_environment()
    done = migrate_store(Store(settings.database, settings.busy_seconds))
    click.echo(f"{settings.database}: {_steps(done)}", err=True)


@commands.command()
@click.argument("dest", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace DEST if it exists.")
@_plainly
def backup(dest: Path, force: bool) -> None:
    """Copy the database to the file DEST, while it is in use.

    Everything that was acknowledged before is in the copy. It is checked, and has its name only
    when all of it is on the disk.

    \b
    Every night:
        python -m service backup /backups/$(date +%F).db
    """
    with progress("Copying") as told:
        copy = backups.backup(from_environment().database, dest, told, force)
    click.echo(_copied(copy))


@commands.command()
@click.argument("source", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Keep the present database under a dated name.")
@_plainly
def restore(source: Path, force: bool) -> None:
    """Put a copy of SOURCE, a backup, where the database is.

    Stop the service first: while it runs this is refused. SOURCE is checked before anything
    changes. An older release's backup is migrated when the service starts.

    \b
    Look into a backup without touching the database:
        CASUALTY_DATABASE=/tmp/look.db python -m service restore 2026-01-05.db
        CASUALTY_DATABASE=/tmp/look.db gunicorn --bind 127.0.0.1:8001 wsgi:app
    """
    with progress("Copying") as told:
        done = backups.restore(source, from_environment().database, told, _now(), force)
    click.echo(_copied(done.copy))
    if done.aside:
        click.echo(f"The former database is kept as {done.aside}.", err=True)


@commands.group()
def key() -> None:
    """Create, list and revoke API keys."""


@key.command("create")
@click.option("--name", required=True, help="Whose key it is, for your own list.")
@click.option(
    "--scope",
    required=True,
    type=click.Choice(keys.SCOPES),
    help="read; report (and read); admin (and both).",
)
@_plainly
def create_key(name: str, scope: str) -> None:
    """Make a key and print it, this once; only a hash of it is kept."""
    made = keys.create(_store(), name=name, scope=scope, now=_now())
    click.echo(made)
    click.echo("Keep it safe: it cannot be shown again.", err=True)


@key.command("list")
@_plainly
def list_keys() -> None:
    """List all keys: a table in a terminal, tab-separated lines in a pipe."""
    rows = [[getattr(each, name) or "" for name in _HEAD] for each in keys.everyone(_store())]
    if not _in_terminal():
        for row in [list(_HEAD), *rows]:
            click.echo("\t".join(row))
        return
    if not rows:
        click.echo("No keys yet: python -m service key create --help", err=True)
        return
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    for row in [list(_HEAD), *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@key.command("revoke")
@click.argument("id")
@_plainly
def revoke_key(id: str) -> None:
    """End the key with the ID that key list shows, at once."""
    keys.revoke(_store(), id, now=_now())
    click.echo(f"The key {id} is revoked.", err=True)


def _in_terminal() -> bool:
    return sys.stdout.isatty()


def _store() -> Store:
    settings: Settings = from_environment()
    store = Store(settings.database, settings.busy_seconds)
    migrate_store(store)
    return store


def _copied(copy: Copy) -> str:
    return f"{copy.path}: {copy.size:,} bytes, entries up to {copy.seq}, checked"


def _steps(done: int) -> str:
    return f"{done} steps run, up to date" if done else "up to date"


def _now() -> datetime:
    return datetime.now(UTC)
