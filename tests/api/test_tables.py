"""Totals as a table: what a row is called, and of which outcomes it speaks."""

import csv
import io

from flask.testing import FlaskClient

from tests import make
from tests.check import recorded
from tests.conftest import SendRequest


def _fetch_rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/v1/totals?format=csv&{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_a_whole_is_called_by_the_names_of_its_places(
    send: SendRequest, client: FlaskClient
) -> None:
    recorded(send(make.report(places=[make.place(), make.place("ru-kursk", name="Kursk")])))
    (both,) = _fetch_rows(client, "place=ru-kursk,plekhovo&outcomes=killed,wounded")
    assert (both["key"], both["name"]) == ("ru-kursk plekhovo", "Kursk, Plekhovo")
    (everywhere,) = _fetch_rows(client, "outcomes=killed,wounded")
    assert (everywhere["key"], everywhere["name"]) == ("", "everywhere")


def test_outcomes_stand_as_they_are_asked_for(send: SendRequest, client: FlaskClient) -> None:
    recorded(send(make.report()))
    rows = _fetch_rows(client, "outcomes=wounded,killed&outcomes=captured")
    assert [row["outcomes"] for row in rows] == ["killed,wounded", "captured"]
    assert _fetch_rows(client, f"outcomes={rows[0]['outcomes']}") == rows[:1]
