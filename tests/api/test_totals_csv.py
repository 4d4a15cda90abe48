"""Totals as CSV: the key, the name and the outcomes of each row."""

import csv
import io

from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def _fetch_rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/v1/totals?format=csv&{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_the_whole_has_the_names_of_its_places(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(
        send(
            bodies.make_report(
                places=[bodies.make_place(), bodies.make_place("ru-kursk", name="Kursk")]
            )
        )
    )
    (both,) = _fetch_rows(client, "place=ru-kursk,plekhovo&outcomes=killed,wounded")
    assert (both["key"], both["name"]) == ("ru-kursk plekhovo", "Kursk, Plekhovo")
    (everywhere,) = _fetch_rows(client, "outcomes=killed,wounded")
    assert (everywhere["key"], everywhere["name"]) == ("", "everywhere")


def test_outcomes_are_in_the_order_of_the_query(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report()))
    rows = _fetch_rows(client, "outcomes=wounded,killed&outcomes=captured")
    assert [row["outcomes"] for row in rows] == ["killed,wounded", "captured"]
    assert _fetch_rows(client, f"outcomes={rows[0]['outcomes']}") == rows[:1]
