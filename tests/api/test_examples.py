"""The document's examples are taken as they stand, so that whoever copies one gets an answer."""

import json
from typing import Any

from flask.testing import FlaskClient

from service.api.openapi import VERBS
from service.api.openapi_examples import BODIES, PARAMETERS
from tests import make
from tests.check import recorded
from tests.conftest import Send

PREPARED = make.report(
    reporter={"id": "us-dod", "name": "Department of Defense"},
    places=[make.place(), make.place("vorozhba")],
    groups=[{"id": "dprk-forces", "name": "North Korean (DPRK) forces"}],
    quote="a victim is named here",
)


def _operations(client: FlaskClient) -> dict[str, tuple[str, str, dict[str, Any]]]:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    return {
        item[verb]["operationId"]: (
            path,
            verb,
            {**item[verb], "parameters": [*item.get("parameters", ()), *item[verb]["parameters"]]},
        )
        for path, item in paths.items()
        for verb in VERBS & set(item)
    }


def test_every_body_and_every_address_has_an_example(client: FlaskClient) -> None:
    for named, (_, _, operation) in _operations(client).items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, named
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                assert parameter["example"], named


def test_no_example_is_of_something_that_is_gone(client: FlaskClient) -> None:
    operations = _operations(client)
    assert {named for named, _ in BODIES} <= set(operations)
    named = {
        parameter["name"]
        for _, _, operation in operations.values()
        for parameter in operation["parameters"]
    }
    assert set(PARAMETERS) <= named


def test_every_example_of_a_body_is_taken(send: Send, client: FlaskClient, key: Any) -> None:
    headers = key("admin")
    operations = _operations(client)
    recorded(send(PREPARED))
    # In the order in which they stand: merging comes last, of the two one is left.
    for named, media in BODIES:
        path, verb, _ = operations[named]
        for place in path.split("/"):
            if place in ("reports", "places", "groups", "reporters"):
                ids = {"reports": "r1", "places": "plekhovo", "groups": "dprk-forces"}
                path = path.replace("{id}", ids.get(place, "ua-hur"))
        body = BODIES[named, media]
        data = body if isinstance(body, str) else json.dumps(body)
        answer = client.open(path, method=verb, data=data, headers=headers, content_type=media)
        assert answer.status_code in (200, 201, 207), (named, answer.get_data(as_text=True))
        for result in answer.get_json().get("results", ()):
            assert result["status"] in (200, 201), result


def test_every_example_of_a_parameter_is_taken(send: Send, client: FlaskClient) -> None:
    recorded(send(make.report(groups=PREPARED["groups"])))
    recorded(send(PREPARED))
    for named, (path, verb, operation) in _operations(client).items():
        for parameter in operation["parameters"]:
            if verb == "get" and parameter["in"] == "query" and "example" in parameter:
                address = path.replace("{id}", "r1" if "reports" in path else "plekhovo")
                value = parameter["example"]
                text = ",".join(value) if isinstance(value, list) else str(value)
                answer = client.get(address, query_string={parameter["name"]: text})
                if parameter["name"] == "by":  # A cut needs bounds.
                    address = f"{address}?from=2024-12-14&to=2024-12-15"
                    answer = client.get(f"{address}&by={text}")
                assert answer.status_code == 200, (named, parameter["name"], answer.get_json())


def test_headers_are_documented_with_the_answers_that_bear_them(
    send: Send, client: FlaskClient
) -> None:
    responses = {
        named: operation["responses"] for named, (_, _, operation) in _operations(client).items()
    }
    sent = send(make.report())
    for named, answer in (
        ("post_report", sent),
        ("get_report", client.get("/v1/reports/r1")),
        (
            "get_report",
            client.get("/v1/reports/r1", headers={"If-None-Match": sent.headers["ETag"]}),
        ),
        ("list_places", client.get("/v1/places")),
    ):
        told = responses[named][str(answer.status_code)]["headers"]
        for name in ("ETag", "Location", "X-Request-ID"):
            assert name in told or name not in answer.headers, (named, name)
    documented = client.get("/v1/openapi.json").get_json()["components"]["responses"]
    assert "Allow" in documented["Problem405"]["headers"]
    for status in ("429", "503"):
        assert "Retry-After" in documented[f"Problem{status}"]["headers"]
