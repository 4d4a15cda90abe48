"""With as_of the service answers as it did at that seq, whatever was recorded later."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from tests.conftest import MakeHeaders
from tests.support import bodies

PLACES = ("plekhovo", "vorozhba", "kursk")
REPORTERS = ("hur", "sky", "sun")
TOTALS_QUERIES = (
    "",
    "place=plekhovo&by_reporter=true",
    "by=place&explain=true",
    "party=exclude&outcomes=killed",
    "reporter=hur&straddling=exclude&place=kursk",
)
LIST_QUERIES = ("", "state=live", "place=kursk", "reporter=hur", "q=words")


class RandomClient:
    """Does whatever can be done to a record, at random, through the service."""

    def __init__(self, client: FlaskClient, headers: dict[str, str], seed: int) -> None:
        self.client, self.headers, self.random = client, headers, random.Random(seed)
        self.reports: list[str] = []
        self.figures: list[str] = []
        for entity_id in PLACES:
            self._put("places", entity_id, {"name": entity_id})
        for entity_id in REPORTERS:
            self._put("reporters", entity_id, {"name": entity_id})

    def _put(self, kind: str, entity_id: str, body: dict[str, Any]) -> None:
        answer = self.client.put(f"/v1/{kind}/{entity_id}", json=body, headers=self.headers)
        assert answer.status_code in (200, 201, 409, 422)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/v1/{path}", json=body, headers=self.headers)
        assert answer.status_code in (201, 207, 409, 422), answer.get_data(as_text=True)
        result: dict[str, Any] = answer.get_json(force=True)
        return result

    def take_random_action(self) -> None:
        """Do one thing."""
        actions: list[Callable[[], None]] = [self.post_report] * 6
        actions += [
            self.retract_report,
            self.move_place,
            self.rename_reporter,
            self.merge_entities,
            self.post_batch,
        ]
        self.random.choice(actions)()

    def _make_report_body(self) -> dict[str, Any]:
        low = self.random.randrange(20)
        high = self.random.choice([None, low, low + 5])
        outcomes = self.random.choice([["killed"], ["missing"], ["killed", "wounded"]])
        figure = {"outcomes": outcomes, "low": low, "high": high}
        body = bodies.make_report(
            reporter=self.random.choice(REPORTERS),
            places=[self.random.choice(PLACES)],
            figures=[figure],
            quote=self.random.choice(["words", "other"]),
        )
        if self.reports:
            link = self.random.choice([None, None, "supersedes", "relays", "reclassifies"])
            if link == "reclassifies":
                earlier = self.random.choice(self.figures)
                figure["reclassifies"] = {"figure": earlier, "from": "missing"}
                figure["outcomes"] = ["killed"]
            elif link:
                body[link] = self.random.choice(self.reports)
        return body

    def post_report(self) -> None:
        """Post a report that may replace, relay or reclassify another."""
        report = self._post("reports", self._make_report_body())
        if "figures" in report:
            self.reports.append(report["id"])
            self.figures += [figure["id"] for figure in report["figures"]]

    def post_batch(self) -> None:
        """Post two reports at once."""
        for result in self._post(
            "reports/batch", {"reports": [self._make_report_body(), self._make_report_body()]}
        )["results"]:
            if "id" in result:
                self.reports.append(result["id"])

    def retract_report(self) -> None:
        """Withdraw a report."""
        if self.reports:
            report_id = self.random.choice(self.reports)
            self._post(f"reports/{report_id}/retraction", {"reason": "a mistake"})

    def move_place(self) -> None:
        """Put a place below another."""
        place_id, parent = self.random.sample(PLACES, 2)
        self._put("places", place_id, {"name": place_id, "parent": parent})

    def rename_reporter(self) -> None:
        """Describe a reporter anew, as a party or not."""
        reporter_id, party = self.random.choice(REPORTERS), self.random.random() < 0.5
        self._put(
            "reporters",
            reporter_id,
            {"name": f"{reporter_id} {self.random.randrange(3)}", "party": party},
        )

    def merge_entities(self) -> None:
        """Make one of two places or reporters; seldom, since nothing is left in the end."""
        if self.random.random() < 0.3:
            kind, entity_ids = self.random.choice([("places", PLACES), ("reporters", REPORTERS)])
            entity_id, into = self.random.sample(entity_ids, 2)
            self._post(f"{kind}/{entity_id}/merge", {"into": into})

    def read_answers(self, seq: int | None) -> list[Any]:
        """Return all answers, of now or as of a seq."""
        as_of = "" if seq is None else f"&as_of={seq}"
        answers: list[Any] = []
        for query in TOTALS_QUERIES:
            answer = self.client.get(f"/v1/totals?{query}{as_of}").get_json()
            answer["query"].pop("as_of")
            answers.append(answer)
        for filters in LIST_QUERIES:
            answers.append(self.client.get(f"/v1/reports?{filters}{as_of}").get_json()["reports"])
        for report_id in self.reports[-3:]:
            answers.append(self.client.get(f"/v1/reports/{report_id}?{as_of[1:]}").get_json())
        return answers


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_can_be_had_again_as_of_its_seq(
    client: FlaskClient, key: MakeHeaders, seed: int
) -> None:
    random_client = RandomClient(client, key("admin"), seed)
    history: list[tuple[int, list[str], list[Any]]] = []
    for _ in range(18):
        random_client.take_random_action()
        answers = random_client.read_answers(None)
        history.append((answers[0]["as_of"]["seq"], list(random_client.reports), answers))
    for seq, reports, answers in history:
        random_client.reports = reports
        assert random_client.read_answers(seq) == answers


def test_parties_are_excluded_as_of_a_time_before_a_reporter_was_recorded(
    client: FlaskClient, key: MakeHeaders, settings: Settings
) -> None:
    for reporter in ("early", "late"):
        body = bodies.make_report(reporter={"id": reporter, "name": reporter, "party": True})
        answer = client.post("/v1/reports", json=body, headers=key("report"))
        assert answer.status_code == 201
    # A new process reads the whole record, with the later reporter, before the earlier state.
    new_client = create_app(settings).test_client()
    address = "/v1/totals?party=exclude"
    now = new_client.get(address).get_json()
    earlier = new_client.get(f"{address}&as_of={now['as_of']['seq'] - 2}")
    assert earlier.status_code == 200
    assert earlier.get_json()["totals"] == now["totals"]
