"""What a terminal shows besides the result: a progress bar for long commands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from service.store.interface import Progress, ignore_progress


@contextmanager
def show_progress(label: str) -> Iterator[Progress]:
    """Yield a callback that updates a bar in a terminal, and does nothing without one."""
    if not sys.stderr.isatty():
        yield ignore_progress
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def update(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield update


def is_terminal() -> bool:
    """Whether a person reads the result, rather than a program."""
    return sys.stdout.isatty()
