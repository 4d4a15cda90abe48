"""Commands that import files of published figures."""

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from service.cli.errors import show_errors_in_one_line
from service.cli.progress import is_terminal, show_progress
from service.cli.stores import open_store, open_trial_store
from service.cli.tables import show_table
from service.domain.errors import DomainError
from service.domain.wording.range_text import outcomes_text
from service.imports.errors import MappingError
from service.imports.file_check import FileCheck, ask_about_file, check_file
from service.imports.file_import import FileImport, ReportProgress, RowChange
from service.imports.gazetteer import Gazetteer
from service.imports.gazetteer_import import GazetteerImport
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Mapping
from service.imports.package_import import PackageImport, describe_package, is_package
from service.imports.questions import Question
from service.imports.receivers import KnownReport, PlaceEnd, Receiver
from service.imports.refused_rows import RefusedRowFile
from service.imports.shipped_maps import (
    describe_import,
    list_map_names,
    load_mapping,
    read_map_text,
)
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.settings import KEY_VARIABLE
from service.store.interface import Store

SOME_REFUSED: Final = 1
"""The exit code if some rows were refused and the others were imported."""

NOT_DONE: Final = 2
"""The exit code if nothing was imported, or only a part: a wrong file, or an interruption."""

IMPORT_COLUMNS: Final = (
    "id", "state", "started_at", "file", "mapping", "rows", "reports", "live",
)  # fmt: skip

CHANGE_COLUMNS: Final = ("change", "line", "ref", "report", "replaced", "before", "after")

MAX_PROBLEMS: Final = 20
"""How many kinds of problems are listed; the file of refused rows has all."""

PROGRESS_STEPS: Final = 1_000


class FileGroup(click.Group):
    """A group whose first argument may also be the file that its command ``file`` imports."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the named command, or the default one with all arguments."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return super().resolve_command(ctx, ["file", *args])


@click.group("import", cls=FileGroup, subcommand_metavar="FILE --map MAP | COMMAND")
def import_group() -> None:
    """Import a file of published figures: CSV, JSON, NDJSON or XLSX.

    \b
    Look at what would be imported, then import it:
        python -m service import ged251.csv --map ucdp-ged --check
        python -m service import ged251.csv --map ucdp-ged
    Into a service somewhere else, with a key of the scope report:
        CASUALTY_KEY=cas_… python -m service import ged251.csv --map ucdp-ged \\
            --to https://figures.example.org
    All options:
        python -m service import file --help

    \b
    Everything that another service has exported:
        python -m service import casualties.zip

    A mapping is one page of TOML that says which columns are what (docs/importing.md). The same
    file can be imported again, after an interruption or a correction: each row is known by its ref.
    Refused rows are written to FILE.refused.csv, with the reasons.
    """


@import_group.command("maps")
def list_maps() -> None:
    """List the mappings that come with the service."""
    width = max(map(len, list_map_names()))
    for name in list_map_names():
        title = load_mapping(name).title
        click.echo(f"{name.ljust(width)}  {title}" if is_terminal() else f"{name}\t{title}")


@import_group.command("map")
@click.argument("name", metavar="NAME")
@show_errors_in_one_line
def print_map(name: str) -> None:
    """Print the mapping NAME, to be changed for a file of your own.

    \b
        python -m service import map ucdp-ged > mine.toml
    """
    click.echo(read_map_text(name), nl=False)


@import_group.command("list")
@click.option("--to", "url", metavar="URL", help="A service, instead of the database.")
@click.option("--key", envvar=KEY_VARIABLE, help="The API key for --to; or CASUALTY_KEY.")
@show_errors_in_one_line
def list_imports(url: str | None, key: str | None) -> None:
    """List the imports, the newest first: a table in a terminal, tab-separated lines in a pipe.

    \b
    live is how many of its reports count now; the others were superseded or retracted.
    """
    rows = [
        [
            each.id, each.state, each.started_at[:19], each.file, each.mapping,
            str(each.row_count), str(each.report_count), str(each.live_count),
        ]
        for each in make_receiver(url, key).list_imports()
    ]  # fmt: skip
    show_table(IMPORT_COLUMNS, rows, "No imports yet: python -m service import --help")


@import_group.command("withdraw")
@click.argument("import_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it is public.")
@click.option("--to", "url", metavar="URL", help="A service, instead of the database.")
@click.option("--key", envvar=KEY_VARIABLE, help="The API key for --to; or CASUALTY_KEY.")
@show_errors_in_one_line
def withdraw_import(import_id: str, reason: str, url: str | None, key: str | None) -> None:
    """Withdraw the import ID (see import list): all its reports are retracted.

    Reports that a newer edition has superseded stay as they are. Reports of an older edition that
    this import has superseded do not count again: import the older file once more for that.
    """
    receiver = make_receiver(url, key)
    retracted_count, live_count = receiver.withdraw_import(import_id, reason)
    total, done = retracted_count + live_count, retracted_count
    with show_progress("Withdrawing") as report_progress:
        while live_count and retracted_count:
            report_progress(done, total)
            retracted_count, live_count = receiver.withdraw_import(import_id, reason)
            done += retracted_count
    click.echo(f"The import {import_id} is withdrawn: {done:,} reports retracted.", err=True)


@import_group.command("file")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--map", "map_name", metavar="MAP", help="A shipped mapping or a file; none for an export."
)
@click.option(
    "--check", is_flag=True, help="Read everything, send nothing, show what would happen."
)
@click.option("--to", "url", metavar="URL", help="Send to a service instead of the database.")
@click.option("--key", envvar=KEY_VARIABLE, help="The API key for --to; or CASUALTY_KEY.")
@click.option(
    "--vanished",
    type=click.Choice(("keep", "retract")),
    default="keep",
    help="What becomes of the reports whose rows this edition of the file does not have any more.",
)
@click.option(
    "--changes",
    "changes_path",
    metavar="CSV",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a row for each report that was added, revised or is gone.",
)
@click.option("--yes", is_flag=True, help="Answer each question with yes.")
@show_errors_in_one_line
def import_file(
    path: Path,
    map_name: str | None,
    check: bool,
    url: str | None,
    key: str | None,
    vanished: str,
    changes_path: Path | None,
    yes: bool,
) -> None:
    """Import FILE by a mapping.

    \b
    A newer edition of a register: see first, then import, and list every change.
        python -m service import ged251.csv --map ucdp-ged --check
        python -m service import ged251.csv --map ucdp-ged --vanished retract --changes changes.csv

    \b
    Exit codes (with --check, of what would happen):
        0  all rows were imported, or known, or skipped as the mapping says
        1  some rows were refused; they are in FILE.refused.csv
        2  nothing was imported, or the import was interrupted: run it again to continue
    """
    try:
        if map_name is None:
            _import_package(path, url, key, check=check)
        mapping = load_mapping(map_name)
        if isinstance(mapping, Gazetteer):
            _import_gazetteer(path, mapping, url, key, check=check)
        if check:
            _check(path, mapping, is_remote=url is not None)
        _answer_questions(ask_about_file(mapping, path), yes)
        receiver = make_receiver(url, key)
        counts, refused_path = _run_import(
            path, map_name, mapping, receiver, changes_path, retracts=vanished == "retract", yes=yes
        )
    except DomainError as error:  # Of the mapping, of the file, or of the service.
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(NOT_DONE) from None
    _show_counts(counts, refused_path)
    raise SystemExit(SOME_REFUSED if counts.refused else 0)


def _import_gazetteer(
    path: Path, gazetteer: Gazetteer, url: str | None, key: str | None, *, check: bool
) -> NoReturn:
    """Import the places of a gazetteer, or into a copy of the record if it is a check."""
    with ExitStack() as stack:
        receiver = _open_trial_receiver(stack, url) if check else make_receiver(url, key)
        refused = stack.enter_context(RefusedRowFile(path))
        gazetteer_import = GazetteerImport(gazetteer, receiver, refused.write)
        with _show_rows("Checking" if check else "Importing") as report_progress:
            gazetteer_import.run(path, report_progress)
    counts, ends = gazetteer_import.counts, gazetteer_import.ends
    if is_terminal():
        places = ", ".join(f"{ends[each]:,} {each}" for each in PlaceEnd if ends[each])
        click.echo(f"{counts.rows:,} rows, {ends.total():,} places: {places or 'none'}.")
        for line in _list_problem_lines(counts):
            click.echo(line)
    else:
        described = {
            "rows": counts.rows,
            "places": {each.value: ends[each] for each in PlaceEnd},
            "skipped": dict(counts.skipped),
            "refused": counts.refused,
            "problems": [asdict(each) for each in counts.problems],
        }
        click.echo(json.dumps(described, ensure_ascii=False))
    if counts.refused:
        click.echo(f"What could not be placed is in {refused.path}, with the reasons.", err=True)
    if check:
        click.echo("Nothing was sent.", err=True)
    raise SystemExit(SOME_REFUSED if counts.refused else 0)


def _import_package(path: Path, url: str | None, key: str | None, *, check: bool) -> NoReturn:
    """Import the archive of an export, or into a copy of the record if it is a check."""
    if not is_package(path):
        raise click.UsageError("--map is missing: only the archive of an export needs none.")
    with ExitStack() as stack:
        receiver = _open_trial_receiver(stack, url) if check else make_receiver(url, key)
        import_id = None if check else receiver.start_import(describe_package(path)).id
        refused = stack.enter_context(RefusedRowFile(path))
        package_import = PackageImport(receiver, refused.write)
        with _show_rows("Checking" if check else "Importing") as report_progress:
            package_import.run(path, report_progress)
    counts = package_import.counts
    if import_id is not None:
        receiver.finish_import(counts)
        click.echo(f"Recorded as the import {import_id}.", err=True)
    _show_counts(counts, refused.path)
    if check:
        click.echo("Nothing was sent.", err=True)
    raise SystemExit(SOME_REFUSED if counts.refused else 0)


def _run_import(
    path: Path,
    map_name: str,
    mapping: Mapping,
    receiver: Receiver,
    changes_path: Path | None,
    *,
    retracts: bool,
    yes: bool,
) -> tuple[ImportCounts, Path]:
    started = receiver.start_import(describe_import(path, map_name))
    if started.row_count:
        click.echo(f"Continuing the import {started.id} after row {started.row_count:,}.", err=True)
    with ExitStack() as stack:
        refused = stack.enter_context(RefusedRowFile(path, continues=started.row_count > 0))
        note_change = stack.enter_context(_write_changes(changes_path)) if changes_path else None
        file_import = FileImport(
            mapping, receiver, refused.write, note_change=note_change, finds_vanished=retracts,
            done_rows=started.row_count,
            refused_lines=refused.known_lines, converts_ahead=isinstance(receiver, StoreReceiver),
        )  # fmt: skip
        with _show_rows("Importing") as report_progress:
            file_import.run(path, report_progress)
        if retracts:
            gone = file_import.list_vanished()
            if gone and _confirm_vanished(gone, yes):
                file_import.retract_vanished(gone)
    receiver.finish_import(file_import.counts)
    click.echo(f"Recorded as the import {started.id}.", err=True)
    return file_import.counts, refused.path


def make_receiver(url: str | None, key: str | None) -> Receiver:
    """Return the database of the settings, or the service at the address."""
    if url is None:
        return _make_store_receiver(open_store())
    if not key:
        raise click.UsageError("--to needs an API key: give --key, or set CASUALTY_KEY.")
    # Imported here, so that an import into a database does not load the client of HTTP.
    from service.imports.http_receiver import HttpReceiver
    from service.imports.service_client import ServiceClient

    return HttpReceiver(ServiceClient(url, key))


def _open_trial_receiver(stack: ExitStack, url: str | None) -> Receiver:
    """Return a receiver whose database is a copy of the record, or empty for another service."""
    with show_progress("Copying the record") as update:
        trial = open_trial_store(update, is_empty=url is not None)
        return _make_store_receiver(stack.enter_context(trial))


def _make_store_receiver(store: Store) -> StoreReceiver:
    return StoreReceiver(store, lambda: datetime.now(UTC), make_report_id)


# Questions --------------------------------------------------------------------------------


def _answer_questions(questions: list[Question], yes: bool) -> None:
    """Ask in a terminal; raises MappingError unless all are answered with yes."""
    for each in questions:
        click.echo(_format_question(each), err=True)
        if not yes and not (is_terminal() and click.confirm("Import it as it is?", err=True)):
            raise MappingError("Nothing was imported. Change the mapping, or add --yes.")


def _format_question(question: Question) -> str:
    return f"{question.text}\n    Perhaps: {question.fix}"


def _confirm_vanished(gone: list[KnownReport], yes: bool) -> bool:
    names = ", ".join(each.ref or each.id for each in gone[:3])
    more = f" and {len(gone) - 3:,} more" if len(gone) > 3 else ""
    click.echo(f"Reports without a row in this edition: {len(gone):,} ({names}{more}).", err=True)
    if yes or (is_terminal() and click.confirm("Retract them?", err=True)):
        return True
    click.echo("They were kept. Add --yes to retract them.", err=True)
    return False


# Results ----------------------------------------------------------------------------------


@contextmanager
def _show_rows(label: str) -> Iterator[ReportProgress]:
    with show_progress(label) as update:

        def report_progress(counts: ImportCounts, fraction: float | None) -> None:
            if fraction is not None:
                update(round(fraction * PROGRESS_STEPS), PROGRESS_STEPS)

        yield report_progress


@contextmanager
def _write_changes(path: Path) -> Iterator[Any]:
    """Yield a function that adds a change to the CSV file, which has a mark for Excel."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CHANGE_COLUMNS)

        def write(change: RowChange) -> None:
            writer.writerow(
                (
                    change.kind, change.line, change.ref, change.report, change.replaced,
                    change.before, change.after,
                )
            )  # fmt: skip

        yield write


def _show_counts(counts: ImportCounts, refused_path: Path) -> None:
    """Print what became of the rows: words in a terminal, JSON in a pipe."""
    if not is_terminal():
        click.echo(json.dumps(_describe_counts(counts), ensure_ascii=False))
    else:
        for line in _list_count_lines(counts):
            click.echo(line)
    if counts.refused:
        click.echo(f"The refused rows are in {refused_path}, with the reasons.", err=True)


def _describe_counts(counts: ImportCounts) -> dict[str, Any]:
    return {
        "rows": counts.rows,
        "added": counts.recorded,
        "revised": counts.replaced,
        "retracted": counts.retracted,
        "known": counts.known,
        "skipped": dict(counts.skipped),
        "refused": counts.refused,
        "problems": [asdict(each) for each in counts.problems],
        "warnings": dict(counts.warnings),
    }


def _list_count_lines(counts: ImportCounts) -> Iterator[str]:
    named = (
        ("added", counts.recorded), ("revised", counts.replaced), ("known", counts.known),
        ("skipped", counts.skipped.total()), ("refused", counts.refused),
    )  # fmt: skip
    parts = [f"{number:,} {name}" for name, number in named if number]
    yield f"{counts.rows:,} rows: {', '.join(parts) or 'nothing'}."
    if counts.retracted:
        yield f"{counts.retracted:,} earlier reports retracted."
    yield from _list_problem_lines(counts)
    yield from _list_lines("Questions about the reports", counts.warnings.most_common())


def _list_problem_lines(counts: ImportCounts) -> Iterator[str]:
    yield from _list_lines("Skipped", counts.skipped.most_common(MAX_PROBLEMS))
    yield from _list_lines(
        "Refused",
        [
            (f"{each.column or 'row'}: {each.reason} (first in line {each.line:,})", each.count)
            for each in counts.problems[:MAX_PROBLEMS]
        ],
    )


def _list_lines(title: str, items: list[tuple[str, int]]) -> Iterator[str]:
    if items:
        yield f"{title}:"
    for text, count in items:
        yield f"  {count:>9,}  {text}"


# Check ------------------------------------------------------------------------------------


def _check(path: Path, mapping: Mapping, *, is_remote: bool) -> NoReturn:
    with ExitStack() as stack:
        with show_progress("Copying the record") as update:
            trial = stack.enter_context(open_trial_store(update, is_empty=is_remote))
        with _show_rows("Checking") as report_progress:
            found = check_file(mapping, path, trial, _make_store_receiver, report_progress)
    if is_terminal():
        for line in _list_check_lines(mapping, found, is_remote=is_remote):
            click.echo(line)
    else:
        click.echo(json.dumps(_describe_check(mapping, found), ensure_ascii=False))
    click.echo("Nothing was sent.", err=True)
    raise SystemExit(SOME_REFUSED if found.counts.refused or found.questions else 0)


def _describe_check(mapping: Mapping, found: FileCheck) -> dict[str, Any]:
    return {
        "title": mapping.title,
        "counts": mapping.counts.value,
        "columns": found.columns,
        "unused_columns": found.unused_columns,
        "examples": found.examples,
        "questions": [asdict(each) for each in found.questions],
        **_describe_counts(found.counts),
        "totals": [
            {
                "place": each.before.place,
                "outcomes": each.before.outcomes,
                "before": {"low": each.before.low, "high": each.before.high},
                "after": {"low": each.after.low, "high": each.after.high},
            }
            for each in found.totals
        ],
    }


def _list_check_lines(mapping: Mapping, found: FileCheck, *, is_remote: bool) -> Iterator[str]:
    yield f"{mapping.title}: a row counts {mapping.counts.value}."
    yield f"Read: {', '.join(found.columns)}."
    if found.unused_columns:
        yield f"Not read: {', '.join(found.unused_columns)}."
    yield ""
    yield f"The first {len(found.examples)} reports:"
    for each in found.examples:
        yield json.dumps(each, ensure_ascii=False, indent=2)
    yield ""
    yield from _list_count_lines(found.counts)
    yield ""
    yield "Totals of the file alone:" if is_remote else "Totals before and after:"
    for change in found.totals:
        name = f"{change.after.place}, {outcomes_text(change.after.outcomes)}"
        yield f"  {name}: {change.before.text} → {change.after.text}"
    for question in found.questions:
        yield ""
        yield _format_question(question)
