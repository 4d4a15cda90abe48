"""How far a long work is, for somebody who sits in front of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def show_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what to tell how much is done, and of how much: a bar in a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda done, whole: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def update(done: int, whole: int) -> None:
            bar.length = whole
            bar.update(done - bar.pos)

        yield update
