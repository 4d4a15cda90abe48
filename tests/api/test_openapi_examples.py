"""The service accepts every example of the OpenAPI document unchanged."""

import json
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from service.api.openapi import DOCUMENTED_METHODS
from service.api.openapi_examples import BODY_EXAMPLES, PARAMETER_EXAMPLES
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

KNOWN_REPORT = bodies.make_report(
    reporter={"id": "us-dod", "name": "Department of Defense"},
    places=[bodies.make_place(), bodies.make_place("vorozhba")],
    groups=[{"id": "dprk-forces", "name": "North Korean (DPRK) forces"}],
    quote="a victim is named here",
)


def _list_operations(client: FlaskClient) -> dict[str, tuple[str, str, dict[str, Any]]]:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    return {
        item[method]["operationId"]: (
            path,
            method,
            {
                **item[method],
                "parameters": [*item.get("parameters", ()), *item[method]["parameters"]],
            },
        )
        for path, item in paths.items()
        for method in DOCUMENTED_METHODS & set(item)
    }


def test_every_body_and_every_address_has_an_example(client: FlaskClient) -> None:
    for operation_id, (_, _, operation) in _list_operations(client).items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, operation_id
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                assert parameter["example"], operation_id


def test_every_example_belongs_to_an_existing_operation(client: FlaskClient) -> None:
    operations = _list_operations(client)
    assert {operation_id for operation_id, _ in BODY_EXAMPLES} <= set(operations)
    parameter_names = {
        parameter["name"]
        for _, _, operation in operations.values()
        for parameter in operation["parameters"]
    }
    assert set(PARAMETER_EXAMPLES) <= parameter_names


def test_every_example_of_a_body_is_accepted(
    send: SendRequest, client: FlaskClient, key: Any
) -> None:
    headers = key("admin")
    operations = _list_operations(client)
    assert_recorded(send(KNOWN_REPORT))
    started = client.post(
        "/v1/imports", json=BODY_EXAMPLES["post_import", "application/json"], headers=headers
    )
    # In the order in which they stand: merging comes last, of the two one is left.
    for operation_id, media_type in BODY_EXAMPLES:
        path, method, _ = operations[operation_id]
        path = path.replace("/imports/{id}", f"/imports/{started.get_json()['id']}")
        for place in path.split("/"):
            if place in ("reports", "places", "groups", "reporters"):
                id_by_kind = {"reports": "r1", "places": "plekhovo", "groups": "dprk-forces"}
                path = path.replace("{id}", id_by_kind.get(place, "ua-hur"))
        body = BODY_EXAMPLES[operation_id, media_type]
        data = body if isinstance(body, str) else json.dumps(body)
        answer = client.open(
            path, method=method, data=data, headers=headers, content_type=media_type
        )
        assert answer.status_code in (200, 201, 207), (operation_id, answer.get_data(as_text=True))
        for result in answer.get_json().get("results", ()):
            assert result["status"] in (200, 201), result


def test_every_example_of_a_parameter_fits_its_schema(client: FlaskClient) -> None:
    components = client.get("/v1/openapi.json").get_json()["components"]
    checked = 0
    for operation_id, (_, _, operation) in _list_operations(client).items():
        for parameter in operation["parameters"]:
            if "example" in parameter:
                schema = {**parameter["schema"], "components": components}
                problem = best_match(Draft202012Validator(schema).iter_errors(parameter["example"]))
                assert problem is None, (operation_id, parameter["name"], problem)
                checked += 1
    assert checked > len(PARAMETER_EXAMPLES)


def test_every_example_of_a_parameter_is_accepted(
    send: SendRequest, client: FlaskClient, key: Any
) -> None:
    headers = key("admin")
    assert_recorded(send(bodies.make_report(groups=KNOWN_REPORT["groups"])))
    assert_recorded(send(KNOWN_REPORT))
    for operation_id, (path, method, operation) in _list_operations(client).items():
        for parameter in operation["parameters"]:
            if method == "get" and parameter["in"] == "query" and "example" in parameter:
                address = path.replace("{id}", "r1" if "reports" in path else "plekhovo")
                address = address.replace("{file}", "figures.csv")
                value = parameter["example"]
                text = ",".join(value) if isinstance(value, list) else str(value)
                answer = client.get(
                    address, query_string={parameter["name"]: text}, headers=headers
                )
                answer.get_data()  # An export is written while it is read.
                if parameter["name"] == "by":  # A cut needs bounds.
                    address = f"{address}?from=2024-12-14&to=2024-12-15"
                    answer = client.get(f"{address}&by={text}")
                assert answer.status_code == 200, (
                    operation_id,
                    parameter["name"],
                    answer.get_json(),
                )


def test_headers_are_documented_with_the_responses_that_have_them(
    send: SendRequest, client: FlaskClient
) -> None:
    responses = {
        operation_id: operation["responses"]
        for operation_id, (_, _, operation) in _list_operations(client).items()
    }
    post_answer = send(bodies.make_report())
    for operation_id, answer in (
        ("post_report", post_answer),
        ("get_report", client.get("/v1/reports/r1")),
        (
            "get_report",
            client.get("/v1/reports/r1", headers={"If-None-Match": post_answer.headers["ETag"]}),
        ),
        ("list_places", client.get("/v1/places")),
    ):
        documented_headers = responses[operation_id][str(answer.status_code)]["headers"]
        for name in ("ETag", "Location", "X-Request-ID"):
            assert name in documented_headers or name not in answer.headers, (operation_id, name)
    documented = client.get("/v1/openapi.json").get_json()["components"]["responses"]
    assert "Allow" in documented["Problem405"]["headers"]
    for status in ("429", "503"):
        assert "Retry-After" in documented[f"Problem{status}"]["headers"]
