"""Sends the reports of a file to a running service."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin

from service.domain.entities import Place, make_entity
from service.domain.errors import InvalidInputError
from service.domain.file_import import ImportedFile
from service.imports.errors import ServiceError
from service.imports.gazetteer import complete_place
from service.imports.import_counts import ImportCounts
from service.imports.receivers import (
    ItemOutcome,
    Json,
    KnownFigure,
    KnownImport,
    KnownReport,
    PlaceEnd,
    PlaceOutcome,
    Prepare,
    leave_unprepared,
)
from service.imports.service_client import ServiceClient

PAGE_SIZE: Final = 500
"""How many reports are asked for at once."""


class HttpReceiver:
    """Sends to a running service, as often as it takes."""

    def __init__(self, client: ServiceClient) -> None:
        """Take the way to the service, with an API key of the scope ``report``.

        Requests that are tried again have the same idempotency key, and those of another receiver
        have others: so reports of an earlier import are known, not new.
        """
        self._nonce = token_bytes(16)
        self._import_id: str | None = None
        self._client = client

    def start_import(self, imported: ImportedFile) -> KnownImport:
        """Begin an import, or continue an interrupted one."""
        started = _read_import(self._post_json("/v1/imports", asdict(imported)))
        self._import_id = started.id
        return started

    def finish_import(self, counts: ImportCounts) -> None:
        """Finish the import that was started."""
        if self._import_id is not None:
            self._post_json(f"/v1/imports/{quote(self._import_id)}/completion", counts.ends)

    def list_imports(self) -> Iterator[KnownImport]:
        """Yield the imports, a page at a time."""
        yield from map(
            _read_import, self._iterate_pages(f"{self._client.url}/v1/imports", "imports")
        )

    def withdraw_import(self, import_id: str, reason: str) -> tuple[int, int]:
        """Retract reports of the import; returns how many now, and how many are left."""
        path = f"/v1/imports/{quote(import_id, safe='')}/withdrawal"
        body = json.dumps({"reason": reason}).encode()
        # Each call does more of the work, so none is a repetition of another.
        withdrawn = self._post(path, body, "application/json", {"Idempotency-Key": token_hex(16)})
        return withdrawn["retracted_now"], withdrawn["live_reports"]

    def get_preparation(self) -> Prepare:
        """Return that of none: the service takes JSON."""
        return leave_unprepared

    def submit(self, reports: Sequence[Json], row_count: int = 0) -> list[ItemOutcome]:
        """Return the outcomes; raises ServiceError if the service does not take the batch."""
        parameters = {"known": "supersede"}
        if self._import_id is not None:
            parameters |= {"import": self._import_id, "rows": str(row_count)}
        lines = [json.dumps(each, ensure_ascii=False, sort_keys=True) for each in reports]
        body = "\n".join(lines).encode()
        path = f"/v1/reports/batch?{urlencode(parameters)}"
        answer = self._post(path, body, "application/x-ndjson")
        return [_read_outcome(each) for each in answer["results"]]

    def retract(self, report_id: str, reason: str) -> bool:
        """Retract the report."""
        path = f"/v1/reports/{quote(report_id, safe='')}/retraction"
        try:
            self._post_json(path, {"reason": reason})
        except ServiceError as error:
            if error.status == 409:
                return False
            raise
        return True

    def get_reports(self, ids: Sequence[str]) -> list[KnownReport]:
        """Return the reports with these ids, each asked for by itself."""
        paths = (f"{self._client.url}/v1/reports/{quote(each, safe='')}" for each in ids)
        return [_read_known(self._client.get(path)) for path in paths]

    def add_entities(self, kind: str, entities: Sequence[tuple[str, Json]]) -> int:
        """Describe each that is not known."""
        return sum(self._add_entity(kind, entity_id, values) for entity_id, values in entities)

    def _add_entity(self, kind: str, entity_id: str, values: Json) -> bool:
        url = f"{self._client.url}/v1/{kind}s/{quote(entity_id, safe='')}"
        body = json.dumps(values, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "If-None-Match": "*"}
        try:
            self._client.send("PUT", url, body, headers)
        except ServiceError as error:
            if error.status == 412:  # It is known.
                return False
            raise
        return True

    def complete_places(self, places: Sequence[tuple[str, Json]]) -> list[PlaceOutcome]:
        """Read each place, and describe it if that changes it."""
        return [self._complete_place(place_id, fields) for place_id, fields in places]

    def _complete_place(self, place_id: str, described: Json) -> PlaceOutcome:
        url = f"{self._client.url}/v1/places/{quote(place_id, safe='')}"
        try:
            known = _read_place(self._client.get(url))
        except ServiceError as error:
            if error.status != 404:
                raise
            known = None
        try:
            completed = complete_place(known, described)
            if known is not None and make_entity("place", place_id, completed) == known:
                return PlaceOutcome(PlaceEnd.KNOWN)
            body = json.dumps(completed, ensure_ascii=False).encode()
            self._client.send("PUT", url, body, {"Content-Type": "application/json"})
        except InvalidInputError as error:
            return PlaceOutcome(PlaceEnd.REFUSED, error.detail)
        except ServiceError as error:
            if error.status not in (400, 403, 409, 422):
                raise
            return PlaceOutcome(PlaceEnd.REFUSED, error.detail)
        return PlaceOutcome(PlaceEnd.ADDED if known is None else PlaceEnd.COMPLETED)

    def list_reports(
        self, reporter: str, place: str, first: date | None, last: date
    ) -> Iterator[KnownReport]:
        """Yield the live reports, a page at a time."""
        parameters = {
            "reporter": reporter, "place": place, "state": "live", "to": last.isoformat(),
            "limit": str(PAGE_SIZE),
        }  # fmt: skip
        if first is not None:
            parameters["from"] = first.isoformat()
        url = f"{self._client.url}/v1/reports?{urlencode(parameters)}"
        try:
            yield from map(_read_known, self._iterate_pages(url, "reports"))
        except ServiceError as error:
            if error.status != 422:  # Then the record has no such place or reporter.
                raise

    def _iterate_pages(self, url: str, name: str) -> Iterator[Json]:
        """Yield the items of a list, page by page."""
        while True:
            page = self._client.get(url)
            yield from page[name]
            if page["next"] is None:
                return
            url = urljoin(url, page["next"])

    def _post_json(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._post(path, json.dumps(body).encode(), "application/json")

    def _post(
        self, path: str, body: bytes, media_type: str, headers: Mapping[str, str] | None = None
    ) -> Json:
        digest = sha256(self._nonce + path.encode() + b"\n" + body).hexdigest()
        own_headers = {"Content-Type": media_type, "Idempotency-Key": digest}
        return self._client.send(
            "POST", self._client.url + path, body, {**own_headers, **(headers or {})}
        )


def _read_import(found: Json) -> KnownImport:
    return KnownImport(
        found["id"], found["state"], found["started_at"], found["file"], found["mapping"],
        found["rows"], found["reports"], found["live_reports"],
    )  # fmt: skip


def _read_outcome(result: Json) -> ItemOutcome:
    if "id" in result:
        return ItemOutcome(
            result["id"],
            result["status"] == 201,
            result.get("supersedes") if result["status"] == 201 else None,
            tuple(each["code"] for each in result["warnings"]),
        )
    problem = result["problem"]
    errors = problem.get("errors") or [{"pointer": "", "detail": problem.get("detail", "")}]
    return ItemOutcome(None, pointer=errors[0]["pointer"], reason=errors[0]["detail"])


def _read_known(report: Json) -> KnownReport:
    figures = [
        KnownFigure(
            each["outcomes"], each["low"], each["high"],
            _read_day(each["period"]["from"]), _read_day(each["period"]["to"]),
        )
        for each in report["figures"]
    ]  # fmt: skip
    return KnownReport(report["id"], report["ref"], figures)


def _read_place(place: Json) -> Place:
    names = [each.name for each in fields(Place)]
    values = {name: place[name] for name in names if place.get(name) is not None}
    return Place(**{**values, "aliases": tuple(place["aliases"])})


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
