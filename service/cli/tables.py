"""Tables: aligned for a person in a terminal, tab-separated for a program in a pipe."""

from collections.abc import Sequence

import click

from service.cli.progress import is_terminal


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], if_empty: str) -> None:
    """Print the rows below the names of their columns; a person reads ``if_empty`` if none are."""
    if not is_terminal():
        for row in [columns, *rows]:
            click.echo("\t".join(row))
        return
    if not rows:
        click.echo(if_empty, err=True)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in [columns, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
