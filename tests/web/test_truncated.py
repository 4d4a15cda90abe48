"""Long lists are truncated, and the page states how many entries are omitted."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.store.interface import Store
from service.web.query import reporters
from service.web.viewmodels import figure_list, proof, report_page
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]
Key = Callable[..., dict[str, str]]
PLACE_COUNT = 120


def record_batch(client: FlaskClient, key: Key, reports: list[dict[str, object]]) -> None:
    """Record the reports."""
    answer = client.post("/v1/reports/batch", json={"reports": reports}, headers=key("report"))
    results = answer.get_json()["results"]
    assert {each["status"] for each in results} == {201}, results


@pytest.fixture
def crowded_record(client: FlaskClient, key: Key) -> None:
    """Many places, each with a figure of its own, some contradicted, some relayed, by many."""
    sent = []
    for number in range(PLACE_COUNT):
        own = {
            "places": [{"id": f"p{number}", "name": f"Place {number:03}"}],
            "period": bodies.PERIOD,
        }
        alone = {"id": f"own{number}", "name": f"Reporter {number:03}"}
        exactly = [{"outcomes": ["killed"], "exactly": 2}]
        more = [{"outcomes": ["killed"], "low": 5}]
        sent.append({"reporter": alone, "figures": exactly, **own})
        sent.append({"reporter": {"id": "often", "name": "Often"}, "figures": more, **own})
        sent.append({
            "reporter": {"id": "wide", "name": "Wide"},
            "figures": [{"outcomes": ["killed", "wounded"], "low": 1}], **own,
        })  # fmt: skip
    record_batch(client, key, sent)


def test_a_proof_shows_the_first_terms_and_the_number_of_the_others(
    client: FlaskClient, crowded_record: None
) -> None:
    page = client.get("/why?outcomes=killed").get_data(as_text=True)
    total = client.get("/v1/totals?outcomes=killed&explain=true").get_json()["totals"][0]
    because = total["because"]
    assert because["low_count"] == PLACE_COUNT and len(because["low"]) < PLACE_COUNT
    counts = [because["low_count"], because["high_count"]]
    shown = [proof.MAX_ITEMS] * 4
    rest = [count - proof.MAX_ITEMS for count in counts if count > proof.MAX_ITEMS]
    assert page.count('<article class="figure-card">') <= sum(shown) + 2 * proof.MAX_ITEMS
    said = re.findall(r'<a href="(figures[^"]+)">and ([\d,]+) more', page)
    assert {int(count) for _, count in said} >= set(rest)
    listed = client.get("/" + said[0][0].replace("&amp;", "&")).get_data(as_text=True)
    assert listed.count("<tr>") == figure_list.PAGE_SIZE + 1


def test_the_terms_of_a_sum_that_are_not_shown_are_added_up(
    client: FlaskClient, crowded_record: None
) -> None:
    page = client.get("/why?outcomes=killed").get_data(as_text=True)
    low = page[page.index("Why at least") : page.index("Why no upper bound is known")]
    terms = re.findall(r'<p class="term">(\d+) \(', low)
    found = re.search(r"more, which add up to ([\d,]+)", low)
    told = re.search(r"Together: at least ([\d,]+)\.", low)
    assert found and told and len(terms) == proof.MAX_ITEMS
    assert sum(map(int, terms)) + int(found[1]) == int(told[1].replace(",", ""))


def test_a_longer_proof_takes_no_more_transactions(
    client: FlaskClient, crowded_record: None, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[str] = []
    store_class = type(store)
    read_transaction = store_class.read_transaction
    monkeypatch.setattr(
        store_class,
        "read_transaction",
        lambda self: transactions.append("begun") or read_transaction(self),
    )

    def count_transactions(address: str) -> int:
        transactions.clear()
        assert client.get(address).status_code == 200
        return len(transactions)

    count_transactions("/why?outcomes=killed")  # Loads the state of the record, which is cached.
    of_one_place = count_transactions("/why?outcomes=killed&place=p0")
    assert count_transactions("/why?outcomes=killed") == of_one_place > 0


def test_the_form_lists_the_most_frequent_and_the_selected_reporters(
    client: FlaskClient, crowded_record: None
) -> None:
    page = client.get("/place/p0?reporter=own119").get_data(as_text=True)
    listed = re.findall(r'name="reporter" value="([^"]+)"', page)
    assert {"often", "wide", "own119"} <= set(listed)
    assert len(listed) == reporters.MAX_REPORTERS + 1
    assert f"{PLACE_COUNT + 2 - len(listed)} more, who report less often" in page


# Who repeats whom.


def test_the_list_of_relays_is_truncated(
    client: FlaskClient, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = assert_recorded(send(bodies.make_report()))["id"]
    for name in ("one", "two", "three"):
        assert_recorded(
            send(bodies.make_report(reporter={"id": name, "name": name.title()}, relays=first))
        )
    monkeypatch.setattr(report_page, "MAX_RELAYS", 2)
    page = client.get(f"/report/{first}").get_data(as_text=True)
    assert "3 reports repeat it" in page
    listed = re.findall(r'report/\w+"><bdi>(One|Two|Three)<', page)
    assert listed == ["One", "Two"]
    more = re.search(r'<a href="([^"]+)">and 1 more', page)
    assert more
    repeats = client.get(urljoin("/report/x", more[1])).get_json()["reports"]
    assert {each["relays"] for each in repeats} == {first} and len(repeats) == 3


def test_only_live_relays_are_counted_in_a_chain_of_any_length(
    client: FlaskClient, send: Send, key: Key
) -> None:
    first = assert_recorded(send(bodies.make_report()))["id"]
    chain = [first]
    for name in ("one", "two", "three"):
        reporter = {"id": name, "name": name.title()}
        sent = bodies.make_report(reporter=reporter, relays=chain[-1])
        chain.append(assert_recorded(send(sent))["id"])

    def read_relays() -> tuple[str, list[str]]:
        proof = client.get("/why").get_data(as_text=True)
        page = client.get(f"/report/{first}").get_data(as_text=True)
        counted = re.findall(r"Repeated by (\d+) other reports?, not counted", proof)
        return counted[0] if counted else "0", re.findall(
            r'report/\w+"><bdi>(One|Two|Three)<', page
        )

    def retract(report_id: str) -> None:
        answer = client.post(
            f"/v1/reports/{report_id}/retraction", json={"reason": "wrong"}, headers=key("admin")
        )
        assert answer.status_code == 201

    assert read_relays() == ("3", ["One", "Two", "Three"])
    retract(chain[2])
    assert read_relays() == ("2", ["One", "Three"])
    for report_id in (chain[1], chain[3]):
        retract(report_id)
    assert read_relays() == ("0", [])
