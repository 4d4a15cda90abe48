"""Totals beside their earlier values: compare=<an earlier seq or timestamp> over HTTP."""

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
KILLED = "/v1/totals?outcomes=killed"


def make_killed_report(number: int, **changes: Any) -> dict[str, Any]:
    """Return a report of exactly so many killed."""
    return bodies.make_report(
        **{"figures": [{"outcomes": ["killed"], "exactly": number}], **changes}
    )


def get_answer(client: FlaskClient, address: str) -> dict[str, Any]:
    """Return the answer to a question, which must be one."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def get_only_total(client: FlaskClient, address: str) -> dict[str, Any]:
    """Return the only total of the answer."""
    (total,) = get_answer(client, address)["totals"]
    return dict(total)


@pytest.fixture
def first_report(send: SendRequest) -> dict[str, Any]:
    """Exactly four killed, as the Ministry has it."""
    return assert_recorded(send(make_killed_report(4)))


def test_a_total_has_its_earlier_value_and_the_events_since(
    send: SendRequest, client: FlaskClient, key: MakeHeaders, first_report: dict[str, Any]
) -> None:
    second = assert_recorded(send(make_killed_report(9, reporter=SKY, places=["plekhovo"])))
    client.post("/v1/reports/r1/retraction", json={"reason": "x"}, headers=key("report"))
    answer = get_answer(client, f"{KILLED}&compare={first_report['seq']}")
    assert answer["query"]["compare"] == first_report["seq"]
    assert answer["compared"] == {
        "seq": first_report["seq"],
        "recorded_at": first_report["recorded_at"],
    }
    (total,) = answer["totals"]
    assert (total["low"], total["high"]) == (9, 9)
    assert total["then"] == get_only_total(client, f"{KILLED}&as_of={first_report['seq']}")
    assert total["events_left_out"] == 0
    added, reported, retracted = total["events"]
    assert (added["kind"], added["subject"]) == ("reporter_added", "sky")
    assert added["data"] == {"id": "sky", "name": "Sky", "party": False}
    assert reported == {
        "seq": second["seq"],
        "recorded_at": second["recorded_at"],
        "kind": "reported",
        "subject": "r2",
        "data": {"reporter": "sky", "was": None, "state": "live"},
    }
    assert (retracted["kind"], retracted["subject"]) == ("retracted", "r1")
    # The reason is free text, which may have to be blanked: the report's own history has it.
    assert retracted["data"] == {"reporter": "ua-hur", "was": "live", "state": "retracted"}


def test_supersessions_and_reclassifications_are_listed(
    send: SendRequest, client: FlaskClient
) -> None:
    missing = {"outcomes": ["missing"], "exactly": 3}
    seq = assert_recorded(send(bodies.make_report(figures=[missing])))["seq"]
    link = {"figure": "r1-1", "from": "missing"}
    dead = {"outcomes": ["killed"], "exactly": 2, "reclassifies": link}
    assert_recorded(send(bodies.make_report(figures=[dead])))
    total = get_only_total(client, f"/v1/totals?outcomes=missing&compare={seq}")
    assert (total["low"], total["then"]["low"]) == (1, 3)
    assert [each["kind"] for each in total["events"]] == ["reported", "reclassified"]
    assert total["events"][1]["data"] == {
        "figure": "r1-1", "from": "missing", "to": ["killed"], "by": "r2", "by_figure": "r2-1",
        "reporter": "ua-hur", "was": "live", "state": "live",
    }  # fmt: skip
    assert_recorded(send(bodies.make_stance("acknowledges", supersedes="r2")))
    kinds = [(each["kind"], each["subject"]) for each in get_only_total(
        client, f"/v1/totals?outcomes=missing&compare={seq}"
    )["events"]]  # fmt: skip
    assert kinds[2:] == [("superseded", "r2"), ("reported", "r3")]


def test_compare_accepts_a_timestamp(
    send: SendRequest, client: FlaskClient, first_report: dict[str, Any]
) -> None:
    assert_recorded(send(make_killed_report(9, reporter=SKY, places=["plekhovo"])))
    answer = get_answer(client, f"{KILLED}&compare={first_report['recorded_at']}")
    assert answer["compared"]["seq"] == first_report["seq"]
    assert answer["totals"][0]["then"]["low"] == 4


def test_a_place_unknown_at_the_earlier_seq_had_nothing_reported(
    send: SendRequest, client: FlaskClient, first_report: dict[str, Any]
) -> None:
    assert_recorded(send(make_killed_report(2, places=[bodies.make_place("new")])))
    for address in (f"{KILLED}&place=new", "/v1/places/new/totals?outcomes=killed"):
        total = get_only_total(client, f"{address}&compare={first_report['seq']}")
        assert total["then"]["reported"] is False
        assert (total["then"]["low"], total["then"]["text"]) == (None, "no figure reported")
        assert [each["kind"] for each in total["events"]] == ["place_added", "reported"]
    both = get_only_total(client, f"{KILLED}&place=new,plekhovo&compare={first_report['seq']}")
    assert (both["low"], both["then"]["low"]) == (6, 4)
    before = get_answer(client, f"{KILLED}&compare=0")
    assert before["compared"] == {"seq": 0, "recorded_at": None}
    assert before["totals"][0]["then"]["reported"] is False
    unknown = get_only_total(client, f"{KILLED}&reporter=ua-hur&compare=0")
    assert unknown["then"]["reported"] is False


def test_parts_and_separate_reporters_are_compared_too(
    send: SendRequest, client: FlaskClient, put: SendRequest, first_report: dict[str, Any]
) -> None:
    assert_recorded(send(make_killed_report(9, reporter=SKY, places=[bodies.make_place("new")])))
    answer = get_answer(client, f"{KILLED}&by=place&by_reporter=true&compare={first_report['seq']}")
    lows = {part["key"]: part["totals"][0]["then"]["low"] for part in answer["parts"]}
    assert lows == {"new": None, "plekhovo": 4}
    subjects = {
        part["key"]: [each["subject"] for each in part["totals"][0]["events"]]
        for part in answer["parts"]
    }
    assert subjects == {"new": ["sky", "new", "r2"], "plekhovo": []}
    alone = {part["reporter"]: part["totals"][0] for part in answer["by_reporter"]}
    assert (alone["sky"]["then"]["reported"], alone["ua-hur"]["then"]["low"]) == (False, 4)
    days = f"{KILLED}&from=2024-12-14&to=2024-12-15&compare={first_report['seq']}"
    for by in ("day", "outcome", "group", "reporter"):
        for part in get_answer(client, f"{days}&by={by}")["parts"]:
            assert "then" in part["totals"][0]


def test_a_moved_place_is_listed_for_its_former_and_its_new_parent(
    send: SendRequest, client: FlaskClient, put: SendRequest
) -> None:
    tree = [bodies.make_place("n"), bodies.make_place("s"), bodies.make_place(parent="n")]
    figure = {"outcomes": ["killed"], "exactly": 4, "places": ["plekhovo"]}
    assert_recorded(send(bodies.make_report(places=tree, figures=[figure])))
    seq = get_answer(client, KILLED)["as_of"]["seq"]
    assert put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "s"}).status_code == 200
    for place, low, then in (("n", None, 4), ("s", 4, None), ("plekhovo", 4, 4)):
        total = get_only_total(client, f"{KILLED}&place={place}&compare={seq}")
        assert (total["low"], total["then"]["low"]) == (low, then)
        (event,) = total["events"]
        assert (event["kind"], event["subject"]) == ("place_changed", "plekhovo")
        assert event["data"] == {"id": "plekhovo", "name": "Plekhovo", "parent": "s"}


def test_a_merged_id_is_compared_with_its_own_earlier_total(
    send: SendRequest, client: FlaskClient, key: MakeHeaders, first_report: dict[str, Any]
) -> None:
    seq = assert_recorded(send(make_killed_report(2, places=[bodies.make_place("twin")])))["seq"]
    client.post("/v1/places/twin/merge", json={"into": "plekhovo"}, headers=key("admin"))
    for place, then in (("plekhovo", 4), ("twin", 2)):
        total = get_only_total(client, f"{KILLED}&place={place}&compare={seq}")
        assert (total["then"]["low"], total["then"]["figures"], total["figures"]) == (then, 1, 2)
        assert [each["kind"] for each in total["events"]] == ["place_merged"]


def test_earlier_terms_are_given_with_explain_alone(
    client: FlaskClient, first_report: dict[str, Any]
) -> None:
    address = f"{KILLED}&compare={first_report['seq']}"
    assert "because" not in get_only_total(client, address)["then"]
    assert (
        get_only_total(client, f"{address}&explain=true")["then"]["because"]["low"][0]["people"]
        == 4
    )
    assert not {"compared", "then"} & (
        set(get_answer(client, KILLED)) | set(get_only_total(client, KILLED))
    )


@pytest.mark.parametrize(
    "query",
    ["compare=99", "compare=2999-01-01T00:00:00Z", "compare=x", "compare=", "as_of=1&compare=4",
     "as_of=2026-01-05T10:00:00Z&compare=2026-01-05T10:00:00.5Z", "compare=-1"],
)  # fmt: skip
def test_only_an_earlier_seq_can_be_compared_with(
    send: SendRequest, client: FlaskClient, query: str
) -> None:
    assert assert_recorded(send(make_killed_report(4)))["seq"] == 3
    assert_recorded(send(make_killed_report(5, reporter=SKY, places=["plekhovo"])))
    assert_problem(client.get(f"/v1/totals?{query}"), 422, "compare")


def test_the_same_seq_is_no_change(client: FlaskClient, first_report: dict[str, Any]) -> None:
    total = get_only_total(
        client, f"{KILLED}&as_of={first_report['seq']}&compare={first_report['seq']}"
    )
    assert (total["then"]["low"], total["events"]) == (total["low"], [])


def test_the_etag_depends_on_the_compared_seq(
    send: SendRequest, client: FlaskClient, first_report: dict[str, Any]
) -> None:
    assert_recorded(send(make_killed_report(9, reporter=SKY, places=["plekhovo"])))
    address = f"{KILLED}&compare="
    tags = {client.get(f"{address}{seq}").headers["ETag"] for seq in (0, first_report["seq"])}
    tags.add(client.get(KILLED).headers["ETag"])
    assert len(tags) == 3
    tag = client.get(f"{address}0").headers["ETag"]
    again = client.get(f"{address}0", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["ETag"]) == (304, tag)
    assert_recorded(send(make_killed_report(3, reporter=SKY, places=["plekhovo"])))
    assert client.get(f"{address}0", headers={"If-None-Match": tag}).status_code == 200


def test_the_oldest_events_of_a_long_history_are_left_out(
    send: SendRequest,
    client: FlaskClient,
    first_report: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.usecases.comparison.MAX_EVENTS_PER_TOTAL", 2)
    for number in range(4):
        assert_recorded(send(make_killed_report(number, places=["plekhovo"])))
    total = get_only_total(client, f"{KILLED}&compare={first_report['seq']}")
    assert [each["subject"] for each in total["events"]] == ["r4", "r5"]
    assert total["events_left_out"] == 2


def test_a_csv_of_a_comparison_has_the_earlier_bounds(
    send: SendRequest, client: FlaskClient, first_report: dict[str, Any]
) -> None:
    assert_recorded(send(make_killed_report(9, reporter=SKY, places=[bodies.make_place("new")])))
    text = client.get(f"{KILLED}&by=place&format=csv&compare={first_report['seq']}").get_data(
        as_text=True
    )
    assert text.splitlines()[0].endswith(",reporters,caveats,then_low,then_high")
    table = csv.DictReader(io.StringIO(text))
    rows = {row["key"]: row for row in table if row["row"] == "part"}
    assert (rows["new"]["then_low"], rows["new"]["then_high"]) == ("", "")
    assert (rows["plekhovo"]["then_low"], rows["plekhovo"]["then_high"]) == ("4", "4")
