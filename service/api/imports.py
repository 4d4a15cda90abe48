"""The routes of imports: a client announces a file, and sends its reports in batches."""

from typing import Any

from schemas.imports import (
    CompletionIn,
    ImportIn,
    ImportListParameters,
    ImportOut,
    ImportsOut,
    WithdrawalIn,
    WithdrawnImportOut,
)
from service.domain.file_import import ImportedFile, RecordedImport
from service.http.auth import get_key_id, get_principal, requires
from service.http.consistency import get_reader
from service.http.context import get_services, request_time
from service.http.links import link_to_member
from service.http.pagination import link_after
from service.http.smorest import Blueprint
from service.usecases import imports

blueprint = Blueprint(
    "imports", __name__, url_prefix="/v1", description="Files that were imported as a whole."
)


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
