"""Commands for API keys."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import click

from schemas.fields import is_slug
from service.cli.errors import show_errors_in_one_line
from service.cli.stores import open_store
from service.cli.tables import show_table
from service.domain.access import SCOPES
from service.store.api_keys import ApiKey
from service.usecases import api_keys

_KEY_COLUMNS = (
    "id", "name", "scope", "reporters", "created_at", "expires_at", "last_used_at", "revoked_at"
)  # fmt: skip


@click.group()
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
@show_errors_in_one_line
def create_key(
    name: str, scope: str, reporters: tuple[str, ...], expires: datetime | None, days: int | None
) -> None:
    """Create an API key and print it once; only a hash of it is stored.

    Without --expires and --days the key is valid until it is revoked.
    """
    if expires is not None and days is not None:
        raise click.UsageError("Give --expires or --days, not both.")
    store, now, expires_at = open_store(), datetime.now(UTC), None
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
@show_errors_in_one_line
def list_keys() -> None:
    """List all keys: a table in a terminal, tab-separated lines in a pipe."""
    rows = [_key_row(each) for each in api_keys.list_keys(open_store())]
    show_table(_KEY_COLUMNS, rows, "No keys yet: python -m service key create --help")


@key.command("revoke")
@click.argument("key_id", metavar="ID")
@show_errors_in_one_line
def revoke_key(key_id: str) -> None:
    """Revoke the key with this ID (see key list), with immediate effect."""
    api_keys.revoke_key(open_store(), key_id, now=datetime.now(UTC))
    click.echo(f"The key {key_id} is revoked.", err=True)


def _key_row(api_key: ApiKey) -> list[str]:
    cells = (getattr(api_key, name) for name in _KEY_COLUMNS)
    return [",".join(each) if isinstance(each, tuple) else each or "" for each in cells]
