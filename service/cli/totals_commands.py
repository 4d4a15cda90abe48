"""The commands that ask: for totals, and for what words mean."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.totals import dump_totals
from schemas.wording import dump_wording
from service.cli.errors import show_errors_in_one_line
from service.cli.progress import is_terminal
from service.cli.queries import make_totals_query, select_totals
from service.cli.range_chart import choose_scale
from service.cli.stores import open_store
from service.domain.caveats import Caveat
from service.domain.totals_result import Part, TotalsResult
from service.domain.wording.range_text import compact_range_text, outcomes_text, range_text
from service.domain.wording.reader import UnreadableWordingError, read_wording
from service.exports import total_rows
from service.exports.csv_writer import iterate_csv
from service.exports.question_texts import ask_totals
from service.exports.text_formats import iterate_ndjson
from service.usecases.totals_reader import TotalsReader

NAME_WIDTH: Final = 30
"""The longest name in a chart; longer ones are cut."""

SPACE: Final = 14
"""What the space between columns and the word "disputed" take of a line."""

MAX_CHARTS: Final = 3

MAX_CAVEATS: Final = 6


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "csv", "ndjson", "json"]),
    help="Default: text with charts in a terminal, csv in a pipe.",
)
@select_totals
@show_errors_in_one_line
def totals(format_name: str | None, **options: Any) -> None:
    """Show the fewest and the most people for which all counted figures can be true.

    \b
        python -m service totals --place ukraine --by month
        python -m service totals --place ru-kursk --outcomes killed,wounded
        python -m service totals --by place --format csv > places.csv

    In a chart a line is the range, an arrow means that no upper limit is known, and a dot is an
    exact number.
    """
    query = make_totals_query(options)
    format_name = format_name or ("text" if is_terminal() else "csv")
    with TotalsReader(open_store()) as reader:
        result = reader.compute(query)
        if format_name == "text":
            _show_result(result, ask_totals(reader.load_snapshot(result.seq).state, result))
            return
        for text in _iterate_texts(result, format_name):
            click.echo(text, nl=False)


def _iterate_texts(result: TotalsResult, format_name: str) -> Iterator[str]:
    if format_name == "json":
        yield json.dumps(dump_totals(result), ensure_ascii=False) + "\n"
    elif format_name == "ndjson":
        yield from iterate_ndjson(total_rows.iterate_rows(result))
    else:
        columns = [field.name for field in total_rows.list_fields(result, has_places=False)]
        yield from iterate_csv(columns, total_rows.iterate_rows(result))


def _show_result(result: TotalsResult, question: str) -> None:
    console = Console(highlight=False)
    console.print(Text(question, style="bold"))
    for outcome_total in result.totals:
        if outcome_total.total.is_reported:
            console.print(Text(f"  {outcome_total.text}"))
    if not any(each.total.is_reported for each in result.totals):
        console.print("  no figure reported")
    reported = [position for position, each in enumerate(result.totals) if each.total.is_reported]
    for position in reported[:MAX_CHARTS] if result.parts else ():
        _show_parts(console, result.parts or (), position)
    _show_caveats(console, result.caveats)


def _show_caveats(console: Console, caveats: Sequence[Caveat]) -> None:
    texts = list(dict.fromkeys(each.text for each in caveats))
    if texts:
        console.print()
    for text in texts[:MAX_CAVEATS]:
        console.print(Text(f"- {text}", style="dim"))
    if len(texts) > MAX_CAVEATS:
        console.print(Text(f"- {len(texts) - MAX_CAVEATS} more: --format json", style="dim"))


def _show_parts(console: Console, parts: Sequence[Part], position: int) -> None:
    """Print the ranges of one set of outcomes, a line for each part that has one."""
    pairs = [(part, part.totals[position]) for part in parts]
    drawn = [(part, each) for part, each in pairs if each.total.is_reported]
    if not drawn:
        return
    names = [_name_part(part) for part, _ in drawn]
    numbers = [compact_range_text(each.total.low or 0, each.total.high) for _, each in drawn]
    heading = outcomes_text(drawn[0][1].outcomes).capitalize()
    name_width = min(max(map(cell_len, [heading, *names])), NAME_WIDTH)
    width = console.width - name_width - max(map(cell_len, numbers)) - SPACE
    scale = choose_scale([(each.total.low, each.total.high) for _, each in drawn], width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(Text(heading), no_wrap=True, max_width=name_width, overflow="ellipsis")
    table.add_column("", no_wrap=True, justify="right")
    table.add_column(Text(scale.label(), style="dim"), no_wrap=True)
    for name, number, (_, each) in zip(names, numbers, drawn, strict=True):
        line = scale.draw(each.total.low, each.total.high)
        style, suffix = ("yellow", " disputed") if each.total.is_disputed else ("", "")
        table.add_row(Text(name), Text(number, style), Text(line + suffix, style))
    console.print()
    console.print(table)


def _name_part(part: Part) -> str:
    return part.name if part.name2 is None else f"{part.name}, {part.name2}"


@click.command()
@click.argument("texts", metavar="WORDS", nargs=-1, required=True)
def wording(texts: tuple[str, ...]) -> None:
    """Show what WORDS mean as a range, by the lexicon of this release.

    \b
        python -m service wording "at least 30 killed or wounded"
        python -m service wording "dozens" "a few hundred" | jq .low

    JSON lines in a pipe. Exits with 1 if some words cannot be read.
    """
    unread = False
    for text in texts:
        try:
            reading = read_wording(text)
        except UnreadableWordingError as error:
            click.echo(f"{text}: {error}", err=True)
            unread = True
            continue
        if is_terminal():
            outcomes = outcomes_text(reading.outcomes) if reading.outcomes else "people"
            meaning = f"{range_text(reading.low, reading.high)} {outcomes}"
            click.echo(f"{text}: {meaning} ({reading.qualifier}, lexicon {reading.lexicon})")
        else:
            click.echo(json.dumps(dump_wording(text, reading), ensure_ascii=False))
    raise SystemExit(1 if unread else 0)
