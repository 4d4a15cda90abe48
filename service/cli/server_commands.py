"""The command that serves HTTP."""

import os
import sys
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parents[2]
"""The folder of wsgi.py and gunicorn.conf.py."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[GUNICORN OPTIONS]")
def serve(options: tuple[str, ...]) -> None:
    """Serve the API and the dashboard, until Ctrl-C.

    \b
        python -m service serve
        PORT=8080 python -m service serve
        python -m service serve --bind unix:/run/casualties.sock --workers 4

    This is gunicorn with gunicorn.conf.py, the same as `gunicorn wsgi:app` in the folder of the
    service; all its options can be given. An older or empty database is migrated first.
    """
    command = [
        sys.executable, "-m", "gunicorn",
        "--config", str(ROOT / "gunicorn.conf.py"), "--pythonpath", str(ROOT), *options, "wsgi:app",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - it replaces this process, as gunicorn expects.
