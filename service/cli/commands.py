"""The commands of ``python -m service``; results go to standard output, notes to stderr."""

import gc
import logging
from importlib import import_module
from typing import Final

import click

GC_THRESHOLD: Final = (100_000, 20, 50)
"""An import makes many objects that stay until the end of a batch, and hardly any cycles."""


_MODULES: Final = {
    "serve": "server_commands",
    "sample": "sample_commands",
    "totals": "totals_commands",
    "wording": "totals_commands",
    "import": "import_commands",
    "export": "export_commands",
    "follow": "follow_commands",
    "key": "key_commands",
    "migrate": "database_commands",
    "verify": "database_commands",
    "accept-loss": "database_commands",
    "dump": "database_commands",
    "copy": "database_commands",
    "load": "database_commands",
    "backup": "database_commands",
    "restore": "database_commands",
}
"""The module of service.cli that has each command."""


class LazyGroup(click.Group):
    """A group that loads the module of a command when the command is used.

    All modules together take a second to load, since each needs other libraries.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of the name; None if there is none."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"service.cli.{_MODULES[cmd_name]}")
        return next(
            each
            for each in vars(module).values()
            if isinstance(each, click.Command) and each.name == cmd_name
        )


def main() -> None:
    """Run the command that the arguments name."""
    # The driver's warnings about each try to connect would hide the one line about the result.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    gc.set_threshold(*GC_THRESHOLD)
    commands(prog_name="python -m service")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Administer a casualty-figure service: its database, backups and API keys.

    \b
    Look at it with something in it:
        python -m service sample
        python -m service totals --by place
        python -m service serve

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
