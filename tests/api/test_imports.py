"""The routes of imports: begun, filled by batches, finished, listed and withdrawn."""

from typing import Any

from flask.testing import FlaskClient

from tests.conftest import MakeHeaders
from tests.support import bodies
from tests.support.assertions import assert_problem

FILE = {
    "file": "events.csv", "file_sha256": "1" * 64, "mapping": "Events", "mapping_sha256": "2" * 64,
}  # fmt: skip


class Caller:
    """A client with one key."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def post(self, path: str, body: Any) -> Any:
        return self._client.post(path, json=body, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(path, headers=self._headers)

    def start(self, **changes: str) -> dict[str, Any]:
        answer = self.post("/v1/imports", {**FILE, **changes})
        assert answer.status_code in (200, 201)
        started: dict[str, Any] = answer.get_json()
        return started

    def send(self, query: str, *refs: str) -> Any:
        reports = [bodies.make_report(ref=ref) for ref in refs]
        return self.post(f"/v1/reports/batch?{query}", {"reports": reports})


def test_an_import_has_an_address_from_its_beginning_to_its_end(
    client: FlaskClient, key: MakeHeaders
) -> None:
    caller = Caller(client, key("report"))
    answer = caller.post("/v1/imports", FILE)
    assert answer.status_code == 201
    started = answer.get_json()
    assert answer.headers["Location"].endswith(f"imports/{started['id']}")
    assert (started["state"], started["rows"], started["counts"]) == ("running", 0, None)
    assert {name: started[name] for name in FILE} == FILE
    answer = caller.send(f"import={started['id']}&rows=9", "a", "b")
    assert [each["status"] for each in answer.get_json()["results"]] == [201, 201]
    again = caller.post("/v1/imports", FILE)
    assert (again.status_code, again.get_json()["rows"]) == (200, 9)
    answer = caller.post(f"/v1/imports/{started['id']}/completion", {"added": 2, "skipped": 7})
    assert answer.status_code == 201
    finished = caller.get(f"/v1/imports/{started['id']}").get_json()
    assert finished == answer.get_json()
    assert (finished["state"], finished["reports"], finished["live_reports"]) == ("finished", 2, 2)
    assert (finished["counts"]["added"], finished["counts"]["refused"]) == (2, 0)
    answer = caller.post(f"/v1/imports/{started['id']}/withdrawal", {"reason": "A draft"})
    withdrawn = answer.get_json()
    assert (withdrawn["state"], withdrawn["retracted_now"]) == ("withdrawn", 2)
    assert withdrawn["live_reports"] == 0 and withdrawn["withdrawn_at"] > withdrawn["finished_at"]


def test_the_feed_tells_of_an_import(client: FlaskClient, key: MakeHeaders) -> None:
    caller = Caller(client, key("report"))
    started = caller.start()
    caller.send(f"import={started['id']}", "a")
    caller.post(f"/v1/imports/{started['id']}/withdrawal", {"reason": "A draft"})
    changes = client.get("/v1/changes").get_json()["changes"]
    own = {each["kind"]: each["data"] for each in changes if each["subject"] == started["id"]}
    assert own["import_started"] == FILE
    assert (own["import_recorded"]["reports"], own["import_recorded"]["rows"]) == (1, 0)
    assert own["import_withdrawn"] == {"reason": "A draft"}


def test_imports_are_listed_page_by_page(client: FlaskClient, key: MakeHeaders) -> None:
    caller = Caller(client, key("report"))
    ids = [caller.start(file=f"{number}.csv")["id"] for number in range(3)]
    page = caller.get("/v1/imports?limit=2").get_json()
    assert [each["id"] for each in page["imports"]] == ids[:0:-1]
    page = caller.get(f"/v1/{page['next']}").get_json()
    assert ([each["id"] for each in page["imports"]], page["next"]) == (ids[:1], None)


def test_what_is_wrong_is_named(client: FlaskClient, key: MakeHeaders) -> None:
    caller = Caller(client, key("report"))
    assert_problem(caller.post("/v1/imports", {**FILE, "file_sha256": "x"}), 422, "/file_sha256")
    assert_problem(caller.send("rows=3", "a"), 422, "rows")
    assert_problem(caller.send("import=nothing", "a"), 404)
    assert_problem(caller.get("/v1/imports/nothing"), 404)
    started = caller.start()
    caller.post(f"/v1/imports/{started['id']}/completion", {})
    assert_problem(caller.send(f"import={started['id']}", "a"), 409)
    assert client.get("/v1/reports").get_json()["reports"] == []


def test_another_key_cannot_go_on(client: FlaskClient, key: MakeHeaders) -> None:
    started = Caller(client, key("report")).start()
    other, admin = Caller(client, key("report")), Caller(client, key("admin"))
    assert_problem(other.send(f"import={started['id']}", "a"), 403)
    assert_problem(other.post(f"/v1/imports/{started['id']}/completion", {}), 403)
    assert admin.send(f"import={started['id']}", "a").status_code == 207
