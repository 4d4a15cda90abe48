"""The feed: every entry in order, each once, none left out; asked for, waited for, or streamed."""

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import Key, Send
from tests.serving import Served, serving


def page(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/v1/changes", query_string=query)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def test_every_entry_comes_once_and_in_order(client: FlaskClient, send: Send, put: Send) -> None:
    assert page(client) == {"changes": [], "last_seq": 0, "pending": 0}
    first = recorded(send(make.report(ref="a")))
    recorded(send(make.report(ref="a", note="2", supersedes="r1")))
    put("/v1/places/plekhovo", {"name": "Plekhovo (Kursk)"})
    told = page(client)
    assert [(each["seq"], each["kind"]) for each in told["changes"]] == [
        (1, "reporter_added"), (2, "place_added"), (3, "reported"),
        (4, "superseded"), (5, "reported"), (6, "place_changed"),
    ]  # fmt: skip
    assert told["changes"][2]["data"]["report"] == first
    assert told["changes"][1]["data"]["name"] == "Plekhovo"
    seen: list[dict[str, Any]] = []
    since = 0
    while (found := page(client, since=since, limit=2))["changes"]:
        since = found["last_seq"]
        assert found["pending"] == 6 - since
        seen += found["changes"]
    assert seen == told["changes"]


@pytest.mark.parametrize("query", ["since=7", "since=-1", "since=x", "limit=0", "wait=61", "as=1"])
def test_what_cannot_be_asked_is_named(client: FlaskClient, query: str) -> None:
    problem(client.get(f"/v1/changes?{query}"), 422, query.split("=")[0])


def test_an_event_that_cannot_have_been_seen_is_named(client: FlaskClient) -> None:
    headers = {"Accept": "text/event-stream"}
    for seen, pointer in (("9", "since"), ("x", "Last-Event-ID")):
        answer = client.get("/v1/changes", headers={**headers, "Last-Event-ID": seen})
        problem(answer, 422, pointer)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("feed")) as running:
        yield running


def get(served: Served, path: str, **headers: str) -> Any:
    asked = urllib.request.Request(f"{served.url}{path}", headers=headers)
    return urllib.request.urlopen(asked, timeout=30)


def post(served: Served, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/json"}
    sent = urllib.request.Request(
        f"{served.url}/v1/reports", json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(sent, timeout=30) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def last(served: Served) -> int:
    with get(served, "/v1/changes?limit=1000") as answer:
        return int(json.load(answer)["last_seq"])


def test_who_waits_is_answered_as_soon_as_something_happens(served: Served) -> None:
    since = last(served)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(get, served, f"/v1/changes?since={since}&wait=20")
        time.sleep(0.5)
        assert not waiting.done()
        made = post(served, make.report())
        with waiting.result(timeout=10) as answer:
            told = json.load(answer)
    assert made["seq"] in [each["seq"] for each in told["changes"]]


def test_a_wait_ends_with_nothing(served: Served) -> None:
    since = last(served)
    with get(served, f"/v1/changes?since={since}&wait=1") as answer:
        assert json.load(answer) == {"changes": [], "last_seq": since, "pending": 0}


def test_many_who_wait_leave_the_others_served(served: Served) -> None:
    since = last(served)
    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(get, served, f"/v1/changes?since={since}&wait=3") for _ in range(40)]
        time.sleep(0.5)
        begun = time.monotonic()
        with get(served, "/v1/totals") as answer:
            assert answer.status == 200
        assert time.monotonic() - begun < 2
        for each in waiting:
            each.result(timeout=20).close()


def test_a_stream_goes_on_from_the_last_event_seen(served: Served) -> None:
    def follow(seen: int, until: int) -> list[dict[str, Any]]:
        found = []
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(seen)}
        with get(served, "/v1/changes", **headers) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            id = None
            for line in stream:
                if line.startswith(b"id: "):
                    id = int(line[4:])
                if line.startswith(b"data: "):
                    found.append(json.loads(line[6:]))
                    assert found[-1]["seq"] == id
                if id == until and not line.strip():
                    return found
        raise AssertionError("the stream ended")

    since = last(served)
    with ThreadPoolExecutor() as pool:
        following = pool.submit(follow, since, since + 2)
        post(served, make.report())
        post(served, make.report())
        told = following.result(timeout=20)
    assert [each["seq"] for each in told] == [since + 1, since + 2]
    assert follow(since + 1, since + 2) == told[1:]


class Follower:
    """Keeps what the feed tells in a file, and may lose what it has not written down yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = json.loads(path.read_text()) if path.exists() else {"seq": 0, "reports": {}}
        self.seq: int = kept["seq"]
        self.reports: dict[str, Any] = kept["reports"]

    def take(self, entry: dict[str, Any]) -> None:
        assert entry["seq"] == self.seq + 1
        self.seq = entry["seq"]
        report = self.reports.get(entry["subject"])
        if entry["kind"] == "reported":
            self.reports[entry["subject"]] = entry["data"]["report"]
        elif report is not None and entry["kind"] == "superseded":
            report["superseded_by"] = entry["data"]["by"]
            report["state"] = "superseded"
        elif report is not None and entry["kind"] == "retracted":
            told = {"seq": entry["seq"], "recorded_at": entry["recorded_at"], **entry["data"]}
            report["retraction"], report["state"] = told, "retracted"

    def keep(self) -> None:
        self.path.write_text(json.dumps({"seq": self.seq, "reports": self.reports}))


def test_whoever_follows_ends_with_the_same_reports(
    client: FlaskClient, send: Send, key: Key, tmp_path: Path
) -> None:
    """It is cut off in the middle of every page, and goes on from what it had kept."""
    for number in range(12):
        recorded(send(make.report(ref=f"{number}")))
    for number in range(1, 6):
        newer = {"ref": f"{number - 1}", "note": "2", "supersedes": f"r{number}"}
        recorded(send(make.report(**newer)))
    for number in (5, 6, 7):
        body = {"json": {"reason": "x"}, "headers": key("report")}
        assert client.post(f"/v1/reports/r{number}/retraction", **body).status_code == 201
    path = tmp_path / "kept.json"
    for _ in range(100):
        follower = Follower(path)
        entries = page(client, since=follower.seq, limit=5)["changes"]
        if not entries:
            break
        for count, entry in enumerate(entries):
            follower.take(entry)
            if count == 2:
                follower.keep()
        if len(entries) < 3:
            follower.keep()
    listed = client.get("/v1/reports?limit=1000").get_json()["reports"]
    assert list(Follower(path).reports.values()) == listed
