"""POST /v1/imports/preview: a small file, row by row, and what it would change."""

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook

from tests.conftest import MakeHeaders
from tests.support.assertions import assert_problem

PATH = "/v1/imports/preview"

TABLE = (
    "id,reporter,from,to,country,place,side,words,url\n"
    "1,A Register,2024-12-14,2024-12-15,Russia,Plekhovo,,at least 30 killed,\n"
    "2,A Register,2024-12-14,2024-12-15,Russia,Vorozhba,,10 to 12 killed,\n"
    "3,A Register,2024-12-14,,Russia,Vorozhba,,4 killed,\n"
)

MAPPING: dict[str, Any] = {
    "title": "Losses of a village",
    "counts": "events",
    "reporter": {"name": "A Register"},
    "report": {"ref": "ev-{id}", "incident": "register:{id}"},
    "period": {"from": "{day}", "to": "{day}"},
    "places": [{"name": "Russia"}, {"name": "{place}"}],
    "figures": [{"outcomes": ["killed"], "exactly": "{killed}"}],
}


@pytest.fixture
def headers(key: MakeHeaders) -> dict[str, str]:
    return key("report")


def read(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def test_a_table_without_a_mapping_is_read(client: FlaskClient, headers: dict[str, str]) -> None:
    found = read(client.post(PATH, json={"content": TABLE}, headers=headers))
    assert list(found) == ["columns", "maps", "rows", "file_sha256"]
    assert found["columns"][:3] == ["id", "reporter", "from"]
    assert found["maps"] == ["infobox"]
    assert found["rows"][0]["line"] == 2
    assert found["rows"][0]["cells"][5] == "Plekhovo"


def test_a_preview_can_be_sent_as_one_batch(client: FlaskClient, headers: dict[str, str]) -> None:
    found = read(client.post(PATH, json={"content": TABLE, "map": "infobox"}, headers=headers))
    assert [each["end"] for each in found["rows"]] == ["added", "added", "refused"]
    assert "report" not in found["rows"][2]
    assert (found["rows"][2]["column"], found["rows"][2]["line"]) == ("to", 4)
    assert found["counts"]["added"] == 2
    (total,) = found["totals"]
    assert (total["place"], total["name"], total["outcomes"]) == ("russia", "Russia", ["killed"])
    assert (total["before"]["low"], total["after"]["low"]) == (None, 40)
    file = {name: found[name] for name in ("file_sha256", "mapping", "mapping_sha256")}
    started = client.post("/v1/imports", json={"file": "t.csv", **file}, headers=headers)
    import_id = started.get_json()["id"]
    reports = [each["report"] for each in found["rows"] if "report" in each]
    address = f"/v1/reports/batch?known=supersede&import={import_id}&rows=3"
    sent = client.post(address, json={"reports": reports}, headers=headers).get_json()
    assert [each["status"] for each in sent["results"]] == [201, 201]
    again = read(client.post(PATH, json={"content": TABLE, "map": "infobox"}, headers=headers))
    assert [each["end"] for each in again["rows"]] == ["known", "known", "refused"]
    assert again["totals"][0]["before"] == found["totals"][0]["after"]
    totals = client.get("/v1/totals?place=russia&outcomes=killed").get_json()["totals"]
    assert totals[0]["low"] == 40


def test_a_mapping_can_be_written_in_the_request(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    content = "id\tday\tplace\tkilled\n1\t2024-12-14\tPlekhovo\t3\n"
    body = {"content": content, "mapping": MAPPING, "file": "losses.tsv"}
    found = read(client.post(PATH, json=body, headers=headers))
    assert found["mapping"] == "Losses of a village"
    assert found["unused_columns"] == []
    (row,) = found["rows"]
    assert row["report"]["figures"] == [{"outcomes": ["killed"], "exactly": 3}]
    assert row["report"]["places"][0]["parent"]["name"] == "Russia"


def test_a_workbook_is_read(client: FlaskClient, headers: dict[str, str]) -> None:
    book, file = Workbook(), BytesIO()
    sheet: Any = book.active
    for cells in (["id", "day", "place", "killed"], [1, "2024-12-14", "قرية", 3]):
        sheet.append(cells)
    book.save(file)
    content = b64encode(file.getvalue()).decode()
    body = {"content_base64": content, "file": "losses.xlsx", "mapping": MAPPING}
    found = read(client.post(PATH, json=body, headers=headers))
    assert found["rows"][0]["cells"] == ["1", "2024-12-14", "قرية", "3"]
    assert found["rows"][0]["end"] == "added"


@pytest.mark.parametrize(
    ("changes", "pointer", "text"),
    [
        ({"content": None}, "/content", "content or content_base64"),
        ({"content_base64": "eA=="}, "/content", "one of them"),
        ({"content": None, "content_base64": "?"}, "/content_base64", "not Base64"),
        ({"content": "a\n\ud800"}, "/content", "half of a character"),
        ({"content": "a,b\n"}, "/content", "no rows"),
        ({"content": "a,a\n1,2\n"}, "/content", "two columns with the name a"),
        ({"file": "table.ods"}, "/file", ".xlsx"),
        ({"file": "table.xlsx"}, "/content", "is not a workbook"),
        ({"map": "nothing"}, "/map", "no such mapping"),
        ({"map": "geonames"}, "/map", "gazetteer"),
        ({"map": "acled"}, "/content", "lacks columns"),
        ({"map": "infobox", "mapping": {}}, "/mapping", "not both"),
        ({"mapping": {**MAPPING, "counts": "many"}}, "/mapping/counts", "events"),
        ({"mapping": {**MAPPING, "period": {"to": "{to"}}}, "/mapping/period/to", "braces"),
        (
            {"mapping": {**MAPPING, "file": {"encoding": "idna"}}},
            "/mapping/file/encoding",
            "no such",
        ),
        (
            {"mapping": {**MAPPING, "file": {"encoding": "zip"}}},
            "/mapping/file/encoding",
            "no such",
        ),
        ({"mapping": {**MAPPING, "file": {"delimiter": ";;"}}}, "/mapping/file/delimiter", "one"),
        ({"mapping": {**MAPPING, "about": "x" * 20_000}}, "/mapping", "20,000 characters"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    client: FlaskClient,
    headers: dict[str, str],
    changes: dict[str, Any],
    pointer: str,
    text: str,
) -> None:
    body = {"content": TABLE, **changes}
    answer = client.post(
        PATH, data=json.dumps(body), content_type="application/json", headers=headers
    )
    assert_problem(answer, 422, pointer)
    detail = answer.get_json()["errors"][0]["detail"]
    assert text in detail


def test_nothing_of_the_table_is_left_in_a_folder(
    client: FlaskClient, headers: dict[str, str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    read(client.post(PATH, json={"content": TABLE, "map": "infobox"}, headers=headers))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "mapping", "pointer"),
    [
        ({}, {"period": {"to": "{to}", "format": ["%d%d"]}}, None),
        ({}, {"file": {"encoding": "utf-16"}}, "/content"),
        ({"file": "a.ndjson", "content": '{"id":"\\ud800"}\n'}, None, None),
        ({"file": "a.json", "content": "[" * 30_000}, None, "/content"),
        (
            {"content": TABLE.replace("2024-12-15", "9999-12-31")},
            {
                "period": {
                    "from": "{to}",
                    "to": "{to}",
                    "precision": "{id}",
                    "precisions": {"1": "month"},
                }
            },
            None,
        ),
    ],
)
def test_odd_input_is_answered(
    client: FlaskClient,
    headers: dict[str, str],
    changes: dict[str, Any],
    mapping: dict[str, Any] | None,
    pointer: str | None,
) -> None:
    body: dict[str, Any] = {"content": TABLE, **changes}
    if mapping is not None:
        figures = [{"wording": "{words}"}]
        named = {"reporter": {"name": "{reporter}"}, "places": [{"name": "{place}"}]}
        body["mapping"] = {
            **MAPPING, "counts": "totals", "report": {"ref": "{id}"}, "figures": figures,
            "period": {"to": "{to}"}, **named, **mapping,
        }  # fmt: skip
    answer = client.post(PATH, json=body, headers=headers)
    if pointer is None:
        found = read(answer)
        assert all("report" not in row for row in found["rows"] if row["line"] == 2)
    else:
        problem = assert_problem(answer, 422, pointer)
        assert "casualty-table-" not in str(problem)
