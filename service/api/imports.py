"""The routes of imports: a client announces a file, and sends its reports in batches."""

import json
from hashlib import sha256
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import Response
from marshmallow import ValidationError

from schemas.imports import (
    CompletionIn,
    ImportIn,
    ImportListParameters,
    ImportOut,
    ImportsOut,
    WithdrawalIn,
    WithdrawnImportOut,
)
from schemas.table_preview import MAX_MAPPING_LENGTH, TableIn, TablePreviewOut
from service.bounds.solver_effort import measure_effort
from service.domain.errors import ErrorDetail
from service.domain.file_import import ImportedFile, RecordedImport
from service.http import metrics
from service.http.auth import get_key_id, get_principal, requires
from service.http.consistency import get_reader
from service.http.context import get_services, request_time, start_time_budget
from service.http.costly_work import take_slot
from service.http.links import link_to_member
from service.http.negotiation import make_response, to_json_text
from service.http.pagination import link_after
from service.http.request_parsing import make_invalid_input_error, make_schema_error
from service.http.smorest import Blueprint
from service.imports.errors import FileError
from service.imports.mapping import FileFormat, Mapping
from service.imports.mapping_schema import load_any_mapping, parse_any_mapping
from service.imports.shipped_maps import list_map_names, read_map_text
from service.imports.table_preview import preview_table, read_table
from service.usecases import imports

blueprint = Blueprint(
    "imports", __name__, url_prefix="/v1", description="Files that were imported as a whole."
)

_PREVIEW_SCHEMA: Final = TablePreviewOut()


@blueprint.route("/imports", methods=["POST"])
@requires("report")
@blueprint.arguments(ImportIn)
@blueprint.response(201, ImportOut, description="The import, which has begun.")
@blueprint.alt_response(200, schema=ImportOut, description="An interrupted import, to continue.")
def post_import(imported: ImportedFile) -> Any:
    """Begin the import of a file.

    Send its reports as batches with `import=ID`, and then its completion. If an import of the same
    file by the same mapping was begun with this key and has no completion, it is answered (200):
    `rows` is where it can continue. Needs the scope `report`.
    """
    services = get_services()
    started, is_new = imports.start_import(
        services.store,
        imported,
        actor=get_key_id(),
        now=request_time(),
        new_id=services.new_id,
    )
    headers = {"Location": link_to_member(started.id)}
    return started, 201 if is_new else 200, headers


@blueprint.route("/imports")
@requires("report")
@blueprint.arguments(ImportListParameters, location="query")
@blueprint.response(200, ImportsOut, description="A page of imports.")
def list_imports(parameters: dict[str, Any]) -> Any:
    """List the imports.

    The newest first. Needs the scope `report`.
    """
    after, limit = parameters.get("after"), parameters["limit"]
    found = imports.list_imports(get_reader(), None if after is None else int(after), limit + 1)
    page = found[:limit]
    following = link_after("imports", page[-1].seq) if len(found) > limit else None
    return {"imports": page, "next": following}


@blueprint.route("/imports/<id>")
@requires("report")
@blueprint.response(200, ImportOut, description="The import.")
def get_import(id: str) -> RecordedImport:  # noqa: A002
    """Get an import.

    Which file it was, how far it has come, and how many of its reports count. Needs the scope
    `report`.
    """
    return imports.get_import(get_reader(), id)


@blueprint.route("/imports/<id>/completion", methods=["POST"])
@requires("report")
@blueprint.arguments(CompletionIn)
@blueprint.response(201, ImportOut, description="The import, now finished.")
def post_completion(counts: dict[str, int], id: str) -> Any:  # noqa: A002
    """Finish an import.

    Its batches are over; the same file imported again is another import. An import that is finished
    stays as it is, and one that was withdrawn is a 409. Needs the key that began it, or the scope
    `admin`.
    """
    finished = imports.finish_import(
        get_services().store,
        id,
        counts,
        actor=get_key_id(),
        now=request_time(),
        principal=get_principal(),
    )
    return finished, 201


@blueprint.route("/imports/<id>/withdrawal", methods=["POST"])
@requires("report")
@blueprint.arguments(WithdrawalIn)
@blueprint.response(201, WithdrawnImportOut, description="The import, now withdrawn.")
def post_withdrawal(fields: dict[str, Any], id: str) -> Any:  # noqa: A002
    """Withdraw an import: all its reports are retracted.

    One request retracts at most 1,000 reports: send it again until `live_reports` is 0. Reports
    that later ones have superseded stay as they are. Earlier reports that the import has superseded
    do not count again; import the earlier edition once more for that. Needs the key that began the
    import, or the scope `admin`.
    """
    withdrawn = imports.withdraw_import(
        get_services().store,
        id,
        fields["reason"],
        actor=get_key_id(),
        now=request_time(),
        principal=get_principal(),
    )
    return withdrawn, 201


@blueprint.route("/imports/preview", methods=["POST"])
@requires("report")
@blueprint.arguments(TableIn)
@blueprint.response(200, TablePreviewOut, description="What the file would change.")
def post_table_preview(table: dict[str, Any]) -> Response:
    """Preview the import of a small file without recording anything.

    The answer has the report of each row, or why it gives none, and the totals before and after.
    Send the reports as one batch with `known=supersede`. Without a mapping, the answer has the
    content of the file. At most 1,000 rows; larger files are for the command `import`. Needs the
    scope `report`.
    """
    take_slot()
    mapping, title, mapping_hash = _read_mapping(table)
    with TemporaryDirectory(prefix="casualty-table-") as folder:
        # The name of the file is chosen here: the client's may be no name in this file system.
        path = Path(folder) / f"table{PurePath(table['file']).suffix.lower()}"
        path.write_bytes(table["content"])
        try:
            answer = _preview(path, mapping)
        except FileError as error:
            detail = error.detail.replace(path.name, table["file"])
            raise make_invalid_input_error((ErrorDetail("/content", detail),)) from error
    answer["file_sha256"] = sha256(table["content"]).hexdigest()
    if mapping is not None:
        answer |= {"mapping": title, "mapping_sha256": mapping_hash}
    return make_response("json", to_json_text(answer) + "\n")


def _preview(path: Path, mapping: Mapping | None) -> dict[str, Any]:
    content = read_table(path, FileFormat() if mapping is None else mapping.file)
    maps = content.list_fitting_maps()
    if mapping is None:
        rows = [
            {"line": line, "cells": [row.get(each, "") for each in content.columns]}
            for line, row in content.rows.items()
        ]
        return {"columns": list(content.columns), "maps": maps, "rows": rows}
    services = get_services()
    with measure_effort() as efforts:
        try:
            preview = preview_table(
                services.store,
                services.state_cache,
                path,
                content,
                mapping,
                now=request_time(),
                time_budget=start_time_budget(),
                principal=get_principal(),
            )
        finally:
            metrics.get_current_metrics().count_solver_effort(efforts)
    dumped: dict[str, Any] = _PREVIEW_SCHEMA.dump(preview)
    for row in dumped["rows"]:
        for name in ("report", "column", "reason", "replaced", "warnings"):
            if not row[name]:
                del row[name]
    return {**dumped, "maps": maps}


def _read_mapping(table: dict[str, Any]) -> tuple[Mapping | None, str, str]:
    """Return the mapping, its title and its hash; None if the request names none."""
    if "map" in table:
        pointer, text = "/map", _read_map_text(table["map"])
        mapping = parse_any_mapping(text)
    elif "mapping" in table:
        pointer, text = "/mapping", json.dumps(table["mapping"], sort_keys=True)
        if len(text) > MAX_MAPPING_LENGTH:
            detail = f"A mapping may have {MAX_MAPPING_LENGTH:,} characters."
            raise make_invalid_input_error((ErrorDetail(pointer, detail),))
        try:
            mapping = load_any_mapping(table["mapping"])
        except ValidationError as error:
            raise make_schema_error({"mapping": error.messages}) from error
    else:
        return None, "", ""
    if not isinstance(mapping, Mapping):
        detail = "This is the mapping of a gazetteer, which has places and no figures."
        raise make_invalid_input_error((ErrorDetail(pointer, detail),))
    return mapping, mapping.title, sha256(text.encode()).hexdigest()


def _read_map_text(name: str) -> str:
    if name not in list_map_names():
        detail = f"There is no such mapping. There are {', '.join(list_map_names())}."
        raise make_invalid_input_error((ErrorDetail("/map", detail),))
    return read_map_text(name)
