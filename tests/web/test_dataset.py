"""The page of a subject describes its numbers as a schema.org Dataset."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def fetch_dataset(client: FlaskClient, address: str) -> dict[str, Any]:
    """Return the one JSON-LD object of the page."""
    page = client.get(address).get_data(as_text=True)
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    described: dict[str, Any] = json.loads(text)
    return described


def test_a_dataset_has_the_range_the_scope_and_the_files(
    send: SendRequest, client: FlaskClient
) -> None:
    place = bodies.make_place(
        name="</script><b>", latitude=51.1, longitude=35.4, wikidata="Q4362932"
    )
    assert_recorded(send(bodies.make_report(places=[place])))
    dataset = fetch_dataset(client, "/place/plekhovo?from=2024-12-01")
    assert (dataset["@context"], dataset["@type"]) == ("https://schema.org", "Dataset")
    assert dataset["name"] == "Reported casualties: </script><b>"
    assert dataset["description"].startswith("At least 30 people")
    (measured,) = dataset["variableMeasured"]
    assert (measured["name"], measured["minValue"]) == ("killed or wounded", 30)
    assert "maxValue" not in measured
    assert dataset["temporalCoverage"] == "2024-12-01/.."
    (spatial,) = dataset["spatialCoverage"]
    assert spatial["geo"] == {"@type": "GeoCoordinates", "latitude": 51.1, "longitude": 35.4}
    assert spatial["sameAs"].endswith("/Q4362932")
    assert re.fullmatch(r"2026-01-05T.*Z", dataset["dateModified"])
    for each in dataset["distribution"]:
        parts = urlsplit(each["contentUrl"])
        answer = client.get(f"{parts.path}?{parts.query}")
        assert (answer.status_code, answer.mimetype) == (200, each["encodingFormat"])


def test_an_exact_number_has_both_ends(send: SendRequest, client: FlaskClient) -> None:
    figure = {"outcomes": ["killed"], "exactly": 12}
    assert_recorded(send(bodies.make_report(figures=[figure])))
    dataset = fetch_dataset(client, "/place/plekhovo")
    (measured,) = dataset["variableMeasured"]
    assert (measured["minValue"], measured["maxValue"]) == (12, 12)
    assert "temporalCoverage" not in dataset
