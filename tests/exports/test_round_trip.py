"""An export that is imported into an empty service gives the same totals, on both engines."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.imports.errors import FileError
from service.imports.http_receiver import HttpReceiver
from service.imports.package_import import NO_ORIGIN, PackageImport, is_package
from service.imports.receivers import Receiver
from service.imports.service_client import ServiceClient
from service.imports.store_receiver import StoreReceiver
from service.settings import Settings
from service.store.factory import open_store
from tests.conftest import MakeHeaders, SendRequest
from tests.exports.records import fetch_text, fetch_totals, record_everything
from tests.support import engines
from tests.support.gunicorn_server import run_server

Export = Callable[[], Path]


@dataclass(frozen=True)
class Target:
    """A second service with a record of its own."""

    client: FlaskClient
    receiver: StoreReceiver


@pytest.fixture
def target(settings: Settings, clock: Any, tmp_path: Path) -> Iterator[Target]:
    """A second service with an empty record."""
    folder = tmp_path / "target"
    folder.mkdir()
    numbers = count(1)
    with engines.temporary_database(folder) as database:
        store = open_store(database, settings.busy_seconds)
        store.migrate()
        app = create_app(replace(settings, database=database), clock)
        yield Target(app.test_client(), StoreReceiver(store, clock, lambda: f"n{next(numbers)}"))
        store.close()


@pytest.fixture
def export(client: FlaskClient, tmp_path: Path) -> Callable[[], Path]:
    """Export the record of the test."""

    def export_archive() -> Path:
        path = tmp_path / "casualties.zip"
        path.write_bytes(client.get("/v1/exports/casualties.zip").get_data())
        return path

    return export_archive


def run_import(receiver: Receiver, path: Path, refuse: Any = lambda row: None) -> PackageImport:
    """Return the import of the archive, which has run."""
    package_import = PackageImport(receiver, refuse)
    package_import.run(path)
    return package_import


def test_totals_are_the_same(
    send: SendRequest,
    client: FlaskClient,
    target: Target,
    export: Export,
) -> None:
    record_everything(send)
    imported = run_import(target.receiver, export())
    # The first report of its ref is not in the export: it is superseded.
    assert (imported.counts.rows, imported.counts.recorded, imported.counts.refused) == (10, 10, 0)
    assert fetch_totals(target.client) == fetch_totals(client)
    for name in ("places", "groups", "reporters"):
        address = f"/v1/exports/{name}.ndjson"
        assert fetch_text(target.client, address) == fetch_text(client, address)


def test_the_same_archive_again_is_known(
    send: SendRequest,
    client: FlaskClient,
    target: Target,
    export: Export,
) -> None:
    record_everything(send)
    path = export()
    run_import(target.receiver, path)
    totals = fetch_totals(target.client)
    again = run_import(target.receiver, path)
    assert (again.counts.known, again.counts.recorded, again.added_entities) == (10, 0, 0)
    assert fetch_totals(target.client) == totals


def test_merged_ids_are_those_that_remain(
    send: SendRequest,
    client: FlaskClient,
    key: MakeHeaders,
    target: Target,
    export: Export,
) -> None:
    record_everything(send)
    for address, into in (
        ("places/village", "town"),
        ("reporters/paper", "ua-hur"),
    ):
        merged = client.post(f"/v1/{address}/merge", json={"into": into}, headers=key("admin"))
        assert merged.status_code == 201, merged.get_data(as_text=True)
    imported = run_import(target.receiver, export())
    assert imported.counts.refused == 0
    queries = ("", "?by=place", "?by=reporter")
    for query in queries:
        separator = "&" if query else "?"
        address = f"/v1/totals{query}{separator}format=csv"
        assert fetch_text(target.client, address) == fetch_text(client, address)


def test_withdrawn_and_redacted_content_leaves_the_next_export(
    send: SendRequest, client: FlaskClient, key: MakeHeaders
) -> None:
    ids = record_everything(send)
    before = fetch_text(client, "/v1/exports/reports.ndjson")
    assert "they say" in before
    headers = key("admin")
    reason = {"reason": "wrong"}
    retracted = client.post(f"/v1/reports/{ids['event']}/retraction", json=reason, headers=headers)
    redacted = client.post(
        f"/v1/reports/{ids['words']}/redaction",
        json={"fields": ["/quote"], **reason},
        headers=headers,
    )
    assert (retracted.status_code, redacted.status_code) == (201, 201)
    for name in ("reports.ndjson", "figures.csv", "figures.geojson", "figures.ndjson"):
        text = fetch_text(client, f"/v1/exports/{name}")
        assert "they say" not in text
        assert ids["event"] not in text
        assert ids["words"] in text
    with_retracted = fetch_text(client, "/v1/exports/reports.ndjson?state=retracted")
    assert [json.loads(line)["id"] for line in with_retracted.splitlines()] == [ids["event"]]


def test_a_relay_of_a_withdrawn_report_is_skipped(
    send: SendRequest,
    client: FlaskClient,
    key: MakeHeaders,
    target: Target,
    export: Export,
) -> None:
    ids = record_everything(send)
    client.post(
        f"/v1/reports/{ids['words']}/retraction", json={"reason": "wrong"}, headers=key("admin")
    )
    imported = run_import(target.receiver, export())
    assert dict(imported.counts.skipped) == {NO_ORIGIN: 1}
    # Only the caveat about the withdrawn report is not there.
    for row, expected in zip(
        chain(*fetch_totals(target.client)), chain(*fetch_totals(client)), strict=True
    ):
        assert row | {"caveats": ""} == expected | {"caveats": ""}


def test_a_report_that_contradicts_the_record_is_refused_and_the_rest_recorded(
    send: SendRequest,
    client: FlaskClient,
    target: Target,
    export: Export,
) -> None:
    record_everything(send)
    source = export()
    changed = source.with_name("changed.zip")
    with ZipFile(source) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "reports.ndjson":
                data = data.replace(b'"exactly":40', b'"exactly":-40')
            new.writestr(name, data)
    refused: list[Any] = []
    imported = run_import(target.receiver, changed, refused.append)
    assert (imported.counts.recorded, imported.counts.refused) == (9, 1)
    (row,) = refused
    assert "figures/0/exactly" in row.reason
    assert row.line == 9


def test_a_broken_line_never_loses_the_rest(
    send: SendRequest, target: Target, export: Export
) -> None:
    record_everything(send)
    source = export()
    broken = source.with_name("broken.zip")
    with ZipFile(source) as old, ZipFile(broken, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "reports.ndjson":
                data = b'no JSON\n{"id": "x"}\n[]\n' + data
            new.writestr(name, data)
    refused: list[Any] = []
    imported = run_import(target.receiver, broken, refused.append)
    assert (imported.counts.recorded, imported.counts.refused) == (10, 3)
    assert [row.line for row in refused] == [1, 2, 3]
    assert all("no exported report" in row.reason for row in refused)


def test_what_is_no_archive_is_refused(tmp_path: Path, target: Target) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"no zip")
    assert not is_package(path)
    with pytest.raises(FileError, match=r"x\.zip is no archive of an export"):
        run_import(target.receiver, path)
    with ZipFile(path, "w") as archive:
        archive.writestr("reports.ndjson", "")
    assert not is_package(path)
    assert not is_package(tmp_path / "missing.zip")


@pytest.mark.sqlite
def test_over_http_the_totals_are_the_same(
    send: SendRequest, client: FlaskClient, export: Export, tmp_path: Path
) -> None:
    record_everything(send)
    path = export()
    folder = tmp_path / "server"
    folder.mkdir()
    with run_server(folder) as server:
        imported, again = (
            run_import(HttpReceiver(ServiceClient(server.url, server.key)), path) for _ in range(2)
        )
        with urlopen(f"{server.url}/v1/totals?format=csv&by=place") as answer:
            text = answer.read().decode()
    assert (imported.counts.recorded, imported.counts.refused) == (10, 0)
    assert (again.counts.known, again.added_entities) == (10, 0)
    assert text == fetch_text(client, "/v1/totals?format=csv&by=place")
