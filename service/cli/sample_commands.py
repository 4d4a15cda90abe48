"""The command that records the sample, to look at the service with something in it."""

import click

from service.cli.errors import show_errors_in_one_line
from service.cli.import_commands import make_receiver
from service.imports.converted_rows import RefusedRow
from service.imports.sample_import import SAMPLE, import_sample
from service.settings import KEY_VARIABLE


@click.command()
@click.option("--to", "url", metavar="URL", help="Send to a service instead of the database.")
@click.option("--key", envvar=KEY_VARIABLE, help="The API key for --to; or CASUALTY_KEY.")
@show_errors_in_one_line
def sample(url: str | None, key: str | None) -> None:
    """Record the sample: what was said about losses in Kursk Oblast in December 2024.

    \b
        python -m service sample
        python -m service totals --place ru-kursk --group dprk-forces
    In a container:
        docker exec casualties python -m service sample

    Nothing is changed that is recorded already, so it can be run again.
    """

    def show(row: RefusedRow) -> None:
        click.echo(f"Refused: {row.cells['id']}: {row.reason}", err=True)

    counts = import_sample(SAMPLE, make_receiver(url, key), show)
    click.echo(f"{counts.recorded} reports recorded, {counts.known} known already.", err=True)
    if counts.refused:
        raise SystemExit(1)
