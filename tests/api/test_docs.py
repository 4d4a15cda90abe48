"""The interface is described: every address, every error, and nothing from elsewhere."""

import re
from contextlib import closing

from flask import Flask
from flask.testing import FlaskClient


def test_every_address_is_in_the_document(app: Flask, client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("docs."):
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


def test_what_is_sent_and_asked_is_documented(client: FlaskClient) -> None:
    document = client.get("/v1/openapi.json").get_json()
    sent = document["components"]["schemas"]["ReportIn"]
    assert sent["additionalProperties"] is False
    assert set(sent["required"]) == {"reporter"}
    assert "anyOf" in sent["properties"]["reporter"]
    listing = document["paths"]["/v1/reports"]["get"]
    names = {parameter["name"] for parameter in listing["parameters"]}
    assert names == {
        "place", "group", "reporter", "state", "from", "to", "q", "format", "limit", "after"
    }  # fmt: skip
    assert document["paths"]["/v1/reports"]["post"]["security"] == [{"key": []}]


def test_the_page_takes_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/docs")
    page = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"
    assert "http" not in re.sub(r"http-equiv", "", page)
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets
    for asset in assets:
        with closing(client.get(asset)) as answer:
            assert answer.status_code == 200, asset
