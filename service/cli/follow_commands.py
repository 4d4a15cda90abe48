"""The command that keeps a mirror: it follows the event log of another service."""

import time
from typing import Final
from urllib.parse import urlencode

import click

from service.cli.errors import show_errors_in_one_line
from service.cli.progress import show_progress
from service.cli.stores import open_store
from service.imports.errors import ServiceError
from service.imports.service_client import ServiceClient
from service.settings import KEY_VARIABLE
from service.store.interface import Store
from service.usecases import mirror

PAGE_SIZE: Final = 500
"""So many events are read and recorded at once."""

WAIT_SECONDS: Final = 30
"""How long the service waits for an event before it answers without one."""

RETRY_SECONDS: Final = 10
"""How long the command waits before it asks a service again that does not answer."""

REFUSED: Final = range(400, 500)
"""The answers that asking again does not change."""


@click.command()
@click.argument("url")
@click.option("--key", envvar=KEY_VARIABLE, help="A key of scope admin; or CASUALTY_KEY.")
@click.option("--once", is_flag=True, help="Stop when everything is there, instead of waiting.")
@show_errors_in_one_line
def follow(url: str, key: str | None, once: bool) -> None:
    """Keep the database the same as that of the service at URL, until Ctrl-C.

    \b
        CASUALTY_DATABASE=mirror.db CASUALTY_KEY=cas_… \\
            python -m service follow https://figures.example.org
        CASUALTY_DATABASE=mirror.db gunicorn --bind 127.0.0.1:8001 wsgi:app

    The mirror has the same events with the same hashes, so also the same ids, totals and history.
    Texts that the service erases are erased in the mirror, too. A crash or a lost connection loses
    and doubles nothing: events are recorded page by page, and the next start continues after the
    last one. The database must be empty or a mirror of the same service; give out no keys that
    write into it. Keys are not copied.
    """
    client = ServiceClient(url, key)
    store = open_store()
    _check_same_record(client, store)
    with show_progress("Following") as report_progress:
        while True:
            try:
                seq, pending = _follow_page(client, store, waits=not once)
            except ServiceError as error:
                if once or error.status in REFUSED:
                    raise
                click.echo(f"{error.detail} Asking again in {RETRY_SECONDS} seconds.", err=True)
                time.sleep(RETRY_SECONDS)
                continue
            report_progress(seq, seq + pending)
            if once and not pending:
                break
    click.echo(f"{store.display_address}: {seq:,} events, the same as {client.url}.", err=True)


def _check_same_record(client: ServiceClient, store: Store) -> None:
    last, last_hash = mirror.get_mirror_end(store)
    events = client.get(_make_address(client, last - 1, 1))["events"] if last else []
    mirror.check_common_end(last, last_hash, events)


def _follow_page(client: ServiceClient, store: Store, *, waits: bool) -> tuple[int, int]:
    """Record the next events; return the last one, and how many more there are."""
    last, _ = mirror.get_mirror_end(store)
    page = client.get(_make_address(client, last, PAGE_SIZE, WAIT_SECONDS if waits else 0))
    if page["events"]:
        mirror.record_mirrored_events(store, page["events"])
    return page["last_seq"], page["pending"]


def _make_address(client: ServiceClient, since: int, limit: int, wait: int = 0) -> str:
    parameters = {"since": since, "limit": limit, "wait": wait}
    return f"{client.url}/v1/events?{urlencode(parameters)}"
