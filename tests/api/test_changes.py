"""The feed has every event once and in order: by polling, long polling or streaming."""

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.api import changes as api_changes
from service.http.long_poll_slots import MAX_WAITING_THREADS, feed_slots
from service.serving import runtime_dir
from service.usecases import changes
from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded
from tests.support.gunicorn_server import RunningServer, run_server


def fetch_changes(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/v1/changes", query_string=query)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def test_every_event_comes_once_and_in_order(
    client: FlaskClient, send: SendRequest, put: SendRequest
) -> None:
    assert fetch_changes(client) == {"changes": [], "last_seq": 0, "pending": 0}
    first = assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="a", note="2", supersedes="r1")))
    put("/v1/places/plekhovo", {"name": "Plekhovo (Kursk)"})
    whole_feed = fetch_changes(client)
    assert [(each["seq"], each["kind"]) for each in whole_feed["changes"]] == [
        (1, "reporter_added"), (2, "place_added"), (3, "reported"),
        (4, "superseded"), (5, "reported"), (6, "place_changed"),
    ]  # fmt: skip
    assert whole_feed["changes"][2]["data"]["report"] == first
    assert whole_feed["changes"][1]["data"]["name"] == "Plekhovo"
    events: list[dict[str, Any]] = []
    since = 0
    while (feed_page := fetch_changes(client, since=since, limit=2))["changes"]:
        since = feed_page["last_seq"]
        assert feed_page["pending"] == 6 - since
        events += feed_page["changes"]
    assert events == whole_feed["changes"]


@pytest.mark.parametrize("query", ["since=7", "since=-1", "since=x", "limit=0", "wait=61", "as=1"])
def test_an_invalid_parameter_is_named(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/v1/changes?{query}"), 422, query.split("=")[0])


def test_an_invalid_last_event_id_is_refused(client: FlaskClient) -> None:
    headers = {"Accept": "text/event-stream"}
    for last_event_id, pointer in (("9", "since"), ("x", "Last-Event-ID")):
        answer = client.get("/v1/changes", headers={**headers, "Last-Event-ID": last_event_id})
        assert_problem(answer, 422, pointer)


def test_a_waiting_request_gets_an_event_that_comes(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record_meanwhile(*_: Any) -> bool:
        return bool(assert_recorded(send(bodies.make_report())))

    monkeypatch.setattr(changes, "wait_for_event", record_meanwhile)
    feed_page = fetch_changes(client, wait=60)
    assert [each["seq"] for each in feed_page["changes"]] == [1, 2, 3]


@pytest.fixture
def no_slots() -> Iterator[None]:
    """Take every slot of a thread that waits for the feed."""
    for _ in range(MAX_WAITING_THREADS):
        assert feed_slots.acquire(blocking=False)
    yield
    for _ in range(MAX_WAITING_THREADS):
        feed_slots.release()


@pytest.mark.usefixtures("no_slots")
def test_without_a_free_slot_nobody_waits(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(changes, "wait_for_event")
    assert fetch_changes(client, wait=60) == {"changes": [], "last_seq": 0, "pending": 0}
    answer = client.get("/v1/changes", headers={"Accept": "text/event-stream"})
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"]


def read_stream(client: FlaskClient) -> list[str]:
    """Return the blocks of a whole event stream, which must end."""
    answer = client.get("/v1/changes", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    blocks = answer.get_data(as_text=True).split("\n\n")
    answer.close()
    assert blocks[0].startswith("retry: ") and blocks[-1] == ""
    return blocks[1:-1]


def test_a_stream_has_events_and_heartbeats_until_the_server_drains(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_recorded(send(bodies.make_report()))
    draining = iter([False, False, True])
    monkeypatch.setattr(runtime_dir, "is_draining", lambda: next(draining))
    monkeypatch.setattr(api_changes, "HEARTBEAT_SECONDS", 0.0)
    *events, heartbeat = read_stream(client)
    assert [each.splitlines()[0] for each in events] == ["id: 1", "id: 2", "id: 3"]
    assert heartbeat.startswith(":")


def test_a_stream_ends_at_its_time_limit_and_gives_its_slot_back(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_changes, "MAX_STREAM_SECONDS", 0.0)
    for _ in range(MAX_WAITING_THREADS + 1):
        assert read_stream(client) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("feed")) as running:
        yield running


def open_address(server: RunningServer, path: str, **headers: str) -> Any:
    request = urllib.request.Request(f"{server.url}{path}", headers=headers)
    return urllib.request.urlopen(request, timeout=30)


def post_report(server: RunningServer, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{server.url}/v1/reports", json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        report: dict[str, Any] = json.load(answer)
        return report


def fetch_last_seq(server: RunningServer) -> int:
    with open_address(server, "/v1/changes?limit=1000") as answer:
        return int(json.load(answer)["last_seq"])


def test_a_long_poll_is_answered_as_soon_as_there_is_an_event(server: RunningServer) -> None:
    since = fetch_last_seq(server)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(open_address, server, f"/v1/changes?since={since}&wait=20")
        time.sleep(0.5)
        assert not future.done()
        report = post_report(server, bodies.make_report())
        with future.result(timeout=10) as answer:
            feed_page = json.load(answer)
    assert report["seq"] in [each["seq"] for each in feed_page["changes"]]


def test_a_long_poll_without_an_event_ends_with_no_changes(server: RunningServer) -> None:
    since = fetch_last_seq(server)
    with open_address(server, f"/v1/changes?since={since}&wait=1") as answer:
        assert json.load(answer) == {"changes": [], "last_seq": since, "pending": 0}


def test_many_long_polls_do_not_delay_other_requests(server: RunningServer) -> None:
    since = fetch_last_seq(server)
    with ThreadPoolExecutor(40) as pool:
        futures = [
            pool.submit(open_address, server, f"/v1/changes?since={since}&wait=60")
            for _ in range(40)
        ]
        # All but those that get a slot in one of the two processes are answered at once.
        answered = as_completed(futures, timeout=30)
        for _ in range(40 - 2 * MAX_WAITING_THREADS):
            next(answered)
        with open_address(server, "/v1/totals") as answer:
            assert answer.status == 200
        assert any(not each.done() for each in futures)
        post_report(server, bodies.make_report(note="ends the polls"))
        for each in futures:
            each.result(timeout=20).close()


def test_a_stream_resumes_after_the_last_event_id(server: RunningServer) -> None:
    def follow(last_event_id: int, last_seq: int) -> list[dict[str, Any]]:
        events = []
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(last_event_id)}
        with open_address(server, "/v1/changes", **headers) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            event_id = None
            for line in stream:
                if line.startswith(b"id: "):
                    event_id = int(line[4:])
                if line.startswith(b"data: "):
                    events.append(json.loads(line[6:]))
                    assert events[-1]["seq"] == event_id
                if event_id == last_seq and not line.strip():
                    return events
        raise AssertionError("the stream ended")

    since = fetch_last_seq(server)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(follow, since, since + 2)
        post_report(server, bodies.make_report())
        post_report(server, bodies.make_report())
        events = future.result(timeout=20)
    assert [each["seq"] for each in events] == [since + 1, since + 2]
    assert follow(since + 1, since + 2) == events[1:]


class Follower:
    """Stores the state of the feed in a file, and may lose what it has not saved yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        saved = json.loads(path.read_text()) if path.exists() else {"seq": 0, "reports": {}}
        self.seq: int = saved["seq"]
        self.reports: dict[str, Any] = saved["reports"]

    def apply_event(self, event: dict[str, Any]) -> None:
        assert event["seq"] == self.seq + 1
        self.seq = event["seq"]
        report = self.reports.get(event["subject"])
        if event["kind"] == "reported":
            self.reports[event["subject"]] = event["data"]["report"]
        elif report is not None and event["kind"] == "superseded":
            report["superseded_by"] = event["data"]["by"]
            report["state"] = "superseded"
        elif report is not None and event["kind"] == "retracted":
            retraction = {"seq": event["seq"], "recorded_at": event["recorded_at"], **event["data"]}
            report["retraction"], report["state"] = retraction, "retracted"

    def save(self) -> None:
        self.path.write_text(json.dumps({"seq": self.seq, "reports": self.reports}))


def test_a_follower_of_the_feed_ends_with_the_same_reports(
    client: FlaskClient, send: SendRequest, key: MakeHeaders, tmp_path: Path
) -> None:
    """The follower is interrupted in every page and continues from its saved state."""
    for number in range(12):
        assert_recorded(send(bodies.make_report(ref=f"{number}")))
    for number in range(1, 6):
        newer = {"ref": f"{number - 1}", "note": "2", "supersedes": f"r{number}"}
        assert_recorded(send(bodies.make_report(**newer)))
    for number in (5, 6, 7):
        body = {"json": {"reason": "x"}, "headers": key("report")}
        assert client.post(f"/v1/reports/r{number}/retraction", **body).status_code == 201
    path = tmp_path / "kept.json"
    for _ in range(100):
        follower = Follower(path)
        events = fetch_changes(client, since=follower.seq, limit=5)["changes"]
        if not events:
            break
        for count, event in enumerate(events):
            follower.apply_event(event)
            if count == 2:
                follower.save()
        if len(events) < 3:
            follower.save()
    listed_reports = client.get("/v1/reports?limit=1000").get_json()["reports"]
    assert list(Follower(path).reports.values()) == listed_reports
