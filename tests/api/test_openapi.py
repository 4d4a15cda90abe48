"""The interface is described: every address, every error, and nothing from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.enums import ENUMS
from service.api import report_formats, totals
from service.http.negotiation import MEDIA_TYPES
from service.version import __version__
from tests.support.assertions import assert_problem


def test_every_address_is_in_the_document(app: Flask, client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("docs.", "web.")):  # For people; they are no interface.
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = document["paths"][path][method.lower()]
            assert operation["summary"]
            assert "default" in operation["responses"]


def test_errors_are_documented_as_problems(client: FlaskClient) -> None:
    responses = client.get("/v1/openapi.json").get_json()["components"]["responses"]
    assert responses
    for response in responses.values():
        assert list(response["content"]) == ["application/problem+json"]


def test_bodies_and_parameters_are_documented(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    report_schema = document["components"]["schemas"]["ReportIn"]
    assert report_schema["additionalProperties"] is False
    assert set(report_schema["required"]) == {"reporter"}
    assert "anyOf" in report_schema["properties"]["reporter"]
    listing = document["paths"]["/v1/reports"]["get"]
    names = {each["name"] for each in listing["parameters"] if each["in"] == "query"}
    assert names == {
        "place", "group", "reporter", "state", "outcomes", "contradicts", "from", "to", "q",
        "as_of", "format", "limit", "after", "ref", "incident", "order", "bom",
            "about",
    }  # fmt: skip
    assert document["paths"]["/v1/reports"]["post"]["security"] == [{"key": []}]


@pytest.mark.parametrize(
    "address",
    ["/v1/openapi.json", "/v1/reports", "/v1/places", "/v1/totals", "/v1/vocabulary",
     "/v1/reports/r1", "/livez"],
)  # fmt: skip
def test_an_unknown_parameter_is_refused_in_the_same_words(
    client: FlaskClient, address: str
) -> None:
    (fault,) = assert_problem(client.get(f"{address}?x=1"), 422, "x")["errors"]
    assert fault["detail"].startswith("There is no such parameter. Known here: ")


def test_a_status_is_documented_for_the_operations_that_can_answer_with_it(
    client: FlaskClient,
) -> None:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    operations = [
        (path, method, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(operations) > 20
    for path, method, operation in operations:
        statuses = set(operation["responses"])
        assert {"400", "405", "414", "422", "431", "503"} <= statuses
        parameters = {each.get("name") for each in operation.get("parameters", ())}
        for status, is_possible in {
            "304": method == "get" and "If-None-Match" in parameters,
            "401": bool(operation["security"]),
            "403": bool(operation["security"]),
            "404": "{id}" in path,
            "409": "requestBody" in operation,
            "412": method in ("get", "put"),
            "413": "requestBody" in operation,
            "415": "requestBody" in operation,
            "424": operation["operationId"] == "post_batch",
            "429": bool(operation["security"]),
        }.items():
            assert (status in statuses) == is_possible, (method, path, status)


def test_every_operation_has_a_name_of_its_own(client: FlaskClient) -> None:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    names = [
        operation["operationId"]
        for path in paths.values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert {"post_report", "list_places", "put_group", "get_totals_of_place"} <= set(names)
    assert len(names) == len(set(names))


def test_every_documented_schema_is_used(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json")
    for name in document.get_json()["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in document.get_data(as_text=True), name


@pytest.mark.parametrize("path", ["/v1/totals", "/v1/places/{id}/totals"])
def test_parameters_and_formats_of_totals_are_documented(client: FlaskClient, path: str) -> None:
    operation = client.get("/v1/openapi.json").get_json()["paths"][path]["get"]
    forms = {MEDIA_TYPES[name] for name in ("json", *totals.OTHER_FORMATS)}
    assert set(operation["responses"]["200"]["content"]) == forms
    (outcomes,) = (each for each in operation["parameters"] if each.get("name") == "outcomes")
    assert (outcomes["explode"], outcomes["schema"]["type"]) == (True, "array")
    items = outcomes["schema"]["items"]
    assert items["type"] == "string"
    assert re.search(items["pattern"], "killed,wounded")
    assert not re.search(items["pattern"], "killed,injured")


def test_every_format_of_a_list_and_its_next_link_are_documented(
    client: FlaskClient,
) -> None:
    operation = client.get("/v1/openapi.json").get_json()["paths"]["/v1/reports"]["get"]
    response = operation["responses"]["200"]
    forms = {MEDIA_TYPES[name] for name in ("json", *report_formats.OTHER_FORMATS)}
    assert set(response["content"]) == forms
    assert "Link" in response["headers"]
    (format_parameter,) = (each for each in operation["parameters"] if each.get("name") == "format")
    assert format_parameter["schema"] == {"$ref": "#/components/schemas/ReportListFormat"}


def test_the_minimum_length_of_texts_is_documented(client: FlaskClient) -> None:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    for path, name in (("/v1/reports", "after"), ("/v1/places", "after"), ("/v1/totals", "as_of")):
        parameters = paths[path]["get"]["parameters"]
        (parameter,) = (each for each in parameters if each.get("name") == name)
        assert parameter["schema"]["minLength"] == 1


def test_null_is_documented_where_it_is_taken(client: FlaskClient) -> None:
    schemas = client.get("/v1/openapi.json").get_json()["components"]["schemas"]
    assert schemas["ReportIn"]["properties"]["stance"]["anyOf"] == [
        {"$ref": "#/components/schemas/Stance"},
        {"type": "null"},
    ]
    assert "null" in schemas["ReportIn"]["properties"]["ref"]["type"]
    assert schemas["PeriodIn"]["properties"]["to"]["type"] == "string"


def test_every_route_parameter_header_field_and_answer_is_described(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    components = document["components"]
    described = [
        *_find_properties(document),
        *((name, components["schemas"][name]) for name in components["schemas"]),
        *((name, components["headers"][name]) for name in components["headers"]),
        *((name, components["responses"][name]) for name in components["responses"]),
        *((tag["name"], tag) for tag in document["tags"]),
    ]
    for path, item in document["paths"].items():
        described += [(path, each) for each in item.get("parameters", ())]
        for method in {"get", "put", "post"} & set(item):
            operation = item[method]
            assert operation["summary"].endswith("."), path
            described += [(path, each) for each in operation["parameters"]]
            described += [(path, each) for each in operation["responses"].values()]
    assert len(described) > 500
    undescribed = [
        (name, each)
        for name, each in described
        if "$ref" not in each and not re.search(r"[.]$|^- `", each.get("description", ""), re.M)
    ]
    assert undescribed == []


def _find_properties(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and schema of every field of every object in the document."""
    if isinstance(value, dict):
        properties = value.get("properties")
        if isinstance(properties, dict) and value.get("type") == "object":
            yield from properties.items()
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _find_properties(each)


def test_a_reference_to_an_object_or_enum_is_described_too(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    for name, schema in _find_properties(document["components"]):
        assert schema.get("description"), name


def test_the_document_states_version_and_license(client: FlaskClient) -> None:
    information = client.get("/v1/openapi.json").get_json()["info"]
    assert information["version"] == __version__
    assert information["license"] == {"name": "MIT", "identifier": "MIT"}


def test_every_named_enum_is_a_component(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    components = document["components"]["schemas"]
    for enum in ENUMS:
        assert components[enum.name]["enum"] == list(enum.values)
    assert list(_find_enums(document["paths"])) == []


def _find_enums(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            yield value["enum"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _find_enums(each)


def test_every_pattern_is_also_one_of_javascript(client: FlaskClient) -> None:
    """JSON Schema's patterns are those of ECMA-262 in Unicode mode, which has few escapes."""
    escape = re.compile(r"\\(?:[\^$\\.*+?()\[\]{}|/dDsSwWbBfnrtv-]|x[0-9a-f]{2}|u[0-9a-f]{4})")
    patterns = list(_iterate_patterns(client.get("/v1/openapi.json").get_json()))
    assert len(patterns) > 20
    for pattern in patterns:
        assert "\\" not in escape.sub("", pattern), pattern
        assert "(?P" not in pattern and "(?#" not in pattern, pattern


def _iterate_patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _iterate_patterns(inner)


def test_every_operation_states_whether_it_needs_a_key(client: FlaskClient) -> None:
    paths = client.get("/v1/openapi.json").get_json()["paths"]
    for path in ("/livez", "/readyz"):
        assert paths[path]["get"]["security"] == []
    assert paths["/v1/totals"]["get"]["security"] == [{"key": []}, {}]
    assert paths["/v1/reports"]["post"]["security"] == [{"key": []}]


@pytest.mark.parametrize("folder", ["", "/below/a/path"])
def test_the_server_of_the_document_is_the_one_it_comes_from(
    client: FlaskClient, folder: str
) -> None:
    (server,) = client.get("/v1/openapi.json").get_json()["servers"]
    base = urljoin(f"https://example.org{folder}/v1/openapi.json", server["url"])
    assert base == f"https://example.org{folder}/"
