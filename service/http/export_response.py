"""Exports as responses: written while they are sent, at most a few at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from flask import Response, request, stream_with_context

from schemas.csv_form import CsvForm
from service.domain.errors import NotFoundError, StoreUnavailableError, invalid_field
from service.domain.list_queries import ReportListQuery
from service.exports.archive import ARCHIVE_FILE, iterate_archive, list_resources, make_tables
from service.exports.data_package import FILE_NAME, make_data_package
from service.exports.export_files import (
    TABLE_FILES,
    TEXT_FORMATS,
    TableFile,
    iterate_text_file,
    list_about,
    write_binary_file,
)
from service.exports.fields import ExportTable
from service.exports.record_reader import RecordReader
from service.exports.record_stamp import RecordStamp
from service.exports.record_tables import ENTITY_TABLES, FIGURES, REPORTS
from service.exports.text_formats import join_texts
from service.exports.tidy_database import DATABASE_FILE, write_database
from service.exports.total_tables import compute_overall_totals
from service.http.consistency import get_reader
from service.http.context import get_services, request_time, start_time_budget
from service.http.costly_work import take_slot
from service.http.links import link_to, make_absolute
from service.http.negotiation import MEDIA_TYPES, check_csv_form, to_json_text
from service.http.request_parsing import list_parameters
from service.http.smorest import compute_etag
from service.usecases.consistency import MonotonicReader
from service.version import __version__

_FILES: Final = {each.name: each for each in TABLE_FILES}

EXPORT_FILES: Final = (*_FILES, FILE_NAME, DATABASE_FILE, ARCHIVE_FILE)
"""The names of all files."""

_TOTALS_SHARE: Final = 0.25
"""The share of the time for an answer that each breakdown of the totals may take, so that a proxy
does not give up before the first byte."""

_CHUNK_BYTES: Final = 1 << 16


def send_export(name: str, query: ReportListQuery, form: CsvForm) -> Response:
    """Return the file, or 304 if the client has it; raises NotFoundError for an unknown name.

    It holds a slot for costly work until all of it is sent. Its state is one of the record, but
    each piece has a read transaction of its own.
    """
    if name not in EXPORT_FILES:
        raise NotFoundError(f"There is no such export. There are {', '.join(EXPORT_FILES)}.")
    _check_parameters(name, form)
    reader = get_reader()
    seq = reader.resolve_as_of(query.as_of, request_time())
    etag = _compute_export_etag(seq, reader.load_last_redaction_seq())
    if request.if_none_match.contains_weak(etag):
        response = Response(status=304)
        response.set_etag(etag, weak=True)
        return response
    take_slot()
    response = _make_export(name, seq, query, form)
    response.set_etag(etag, weak=True)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _check_parameters(name: str, form: CsvForm) -> None:
    """Raise InvalidInputError for parameters that the file does not have."""
    table, _, format_name = name.rpartition(".")
    check_csv_form(form, format_name)
    if table in (FIGURES, REPORTS):
        return
    allowed = {"bom", "about"} if table in ENTITY_TABLES else {"as_of"}
    for parameter, _ in list_parameters(request):
        if parameter not in allowed:
            raise invalid_field(
                parameter,
                f"{name} has no such parameter: filters select the reports of {FIGURES} and"
                f" {REPORTS}.",
            )


def _make_export(name: str, seq: int, query: ReportListQuery, form: CsvForm) -> Response:
    reader = get_reader()
    totals: ExportTable | None = None
    if name in (ARCHIVE_FILE, DATABASE_FILE):
        totals = compute_overall_totals(reader, seq, partial(start_time_budget, _TOTALS_SHARE))
        reader.measure_again()
    reader.release()
    # Transactions of its own, which are short: a client may take long to receive everything.
    source = MonotonicReader(get_services().read_store, reader.seq)
    record = RecordReader(source, replace(query, as_of=seq), request_time())
    stamp = record.make_stamp(make_absolute(""))
    if name == FILE_NAME:
        package = make_data_package(list_resources(make_tables(record)), stamp)
        return Response(to_json_text(package), mimetype=MEDIA_TYPES["json"])
    if totals is not None and name == ARCHIVE_FILE:
        content: Iterator[Any] = iterate_archive(record, totals, stamp)
    elif totals is not None:
        content = _write_and_read(partial(write_database, record, totals, stamp))
    else:
        content = _make_table_content(record, _FILES[name], stamp, form)
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return Response(stream_with_context(_begin(content)), mimetype=media_type)


def _begin(content: Iterator[Any]) -> Iterator[Any]:
    """Return the same pieces, with the first one at hand: its errors still have a status."""
    first = list(islice(content, 1))
    return chain(first, content)


def _make_table_content(
    record: RecordReader, file: TableFile, stamp: RecordStamp, form: CsvForm
) -> Iterator[Any]:
    if file.format in TEXT_FORMATS:
        about = (*list_about(stamp), _make_own_address()) if form.about else ()
        return join_texts(iterate_text_file(record, file, about, bom=form.bom))
    return _write_and_read(partial(_write_table, record, file, stamp))


def _make_own_address() -> str:
    """Return the absolute address of this request."""
    return make_absolute(link_to(request.path.removeprefix("/"), list_parameters(request)))


def _write_table(record: RecordReader, file: TableFile, stamp: RecordStamp, path: Path) -> None:
    with path.open("wb") as dest:
        write_binary_file(record, file, stamp, dest)


def _write_and_read(write: Callable[[Path], object]) -> Iterator[bytes]:
    """Write a temporary file, and return its content in pieces; the file is deleted at once.

    Raises StoreUnavailableError if there is no room for it.
    """
    with TemporaryDirectory(prefix="casualty-export-") as folder:
        path = Path(folder) / "export"
        try:
            write(path)
        except OSError as error:
            raise StoreUnavailableError(
                f"The export could not be written to a temporary file: {error.strerror}."
            ) from error
        file = path.open("rb")
    return _iterate_chunks(file)


def _iterate_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _compute_export_etag(seq: int, redaction_seq: int) -> str:
    target = request.path.encode() + b"?" + request.query_string
    return compute_etag(f"{__version__} {seq} {redaction_seq} ".encode() + target)
