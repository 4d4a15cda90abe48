"""Asked as of a moment, the service answers as it would have answered then, whatever came later."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.conftest import Key

PLACES = ("plekhovo", "vorozhba", "kursk")
REPORTERS = ("hur", "sky", "sun")
QUESTIONS = (
    "",
    "place=plekhovo&by_reporter=true",
    "by=place&explain=true",
    "party=exclude&outcomes=killed",
    "reporter=hur&straddling=exclude&place=kursk",
)
LISTS = ("", "state=live", "place=kursk", "reporter=hur", "q=words")


class World:
    """Does whatever can be done to a record, at random, through the service."""

    def __init__(self, client: FlaskClient, headers: dict[str, str], seed: int) -> None:
        self.client, self.headers, self.chance = client, headers, random.Random(seed)
        self.reports: list[str] = []
        self.figures: list[str] = []
        for id in PLACES:
            self._put("places", id, {"name": id})
        for id in REPORTERS:
            self._put("reporters", id, {"name": id})

    def _put(self, kind: str, id: str, body: dict[str, Any]) -> None:
        answer = self.client.put(f"/v1/{kind}/{id}", json=body, headers=self.headers)
        assert answer.status_code in (200, 201, 409, 422)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.post(f"/v1/{path}", json=body, headers=self.headers)
        assert answer.status_code in (201, 207, 409, 422), answer.get_data(as_text=True)
        told: dict[str, Any] = answer.get_json(force=True)
        return told

    def step(self) -> None:
        """Do one thing."""
        steps: list[Callable[[], None]] = [self.report] * 6
        steps += [self.retract, self.move, self.rename, self.merge, self.batch]
        self.chance.choice(steps)()

    def _body(self) -> dict[str, Any]:
        low = self.chance.randrange(20)
        high = self.chance.choice([None, low, low + 5])
        outcomes = self.chance.choice([["killed"], ["missing"], ["killed", "wounded"]])
        figure = {"outcomes": outcomes, "low": low, "high": high}
        body = make.report(
            reporter=self.chance.choice(REPORTERS),
            places=[self.chance.choice(PLACES)],
            figures=[figure],
            quote=self.chance.choice(["words", "other"]),
        )
        if self.reports:
            link = self.chance.choice([None, None, "supersedes", "relays", "reclassifies"])
            if link == "reclassifies":
                earlier = self.chance.choice(self.figures)
                figure["reclassifies"] = {"figure": earlier, "from": "missing"}
                figure["outcomes"] = ["killed"]
            elif link:
                body[link] = self.chance.choice(self.reports)
        return body

    def report(self) -> None:
        """Post a report that may replace, relay or reclassify another."""
        told = self._post("reports", self._body())
        if "figures" in told:
            self.reports.append(told["id"])
            self.figures += [figure["id"] for figure in told["figures"]]

    def batch(self) -> None:
        """Post two reports at once."""
        for result in self._post("reports/batch", {"reports": [self._body(), self._body()]})[
            "results"
        ]:
            if "id" in result:
                self.reports.append(result["id"])

    def retract(self) -> None:
        """Withdraw a report."""
        if self.reports:
            id = self.chance.choice(self.reports)
            self._post(f"reports/{id}/retraction", {"reason": "a mistake"})

    def move(self) -> None:
        """Put a place below another."""
        id, parent = self.chance.sample(PLACES, 2)
        self._put("places", id, {"name": id, "parent": parent})

    def rename(self) -> None:
        """Describe a reporter anew, as a party or not."""
        id, party = self.chance.choice(REPORTERS), self.chance.random() < 0.5
        self._put("reporters", id, {"name": f"{id} {self.chance.randrange(3)}", "party": party})

    def merge(self) -> None:
        """Make one of two places or reporters; seldom, since nothing is left in the end."""
        if self.chance.random() < 0.3:
            kind, ids = self.chance.choice([("places", PLACES), ("reporters", REPORTERS)])
            id, into = self.chance.sample(ids, 2)
            self._post(f"{kind}/{id}/merge", {"into": into})

    def answers(self, seq: int | None) -> list[Any]:
        """Return all that is told, now or as of an entry."""
        as_of = "" if seq is None else f"&as_of={seq}"
        told: list[Any] = []
        for question in QUESTIONS:
            answer = self.client.get(f"/v1/totals?{question}{as_of}").get_json()
            answer["query"].pop("as_of")
            told.append(answer)
        for asked in LISTS:
            told.append(self.client.get(f"/v1/reports?{asked}{as_of}").get_json()["reports"])
        for id in self.reports[-3:]:
            told.append(self.client.get(f"/v1/reports/{id}?{as_of[1:]}").get_json())
        return told


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_can_be_had_again(client: FlaskClient, key: Key, seed: int) -> None:
    world = World(client, key("admin"), seed)
    kept: list[tuple[int, list[str], list[Any]]] = []
    for _ in range(18):
        world.step()
        told = world.answers(None)
        kept.append((told[0]["as_of"]["seq"], list(world.reports), told))
    for seq, reports, told in kept:
        world.reports = reports
        assert world.answers(seq) == told
