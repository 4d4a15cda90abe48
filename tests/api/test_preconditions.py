"""If-Match and If-None-Match: no client replaces a version that it has not seen."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders
from tests.support.assertions import assert_problem


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
def test_if_match_replaces_only_the_version_that_was_read(
    client: FlaskClient, key: MakeHeaders, kind: str
) -> None:
    path, admin = f"/v1/{kind}/a", key("admin")
    created = client.put(path, json={"name": "A"}, headers={**admin, "If-None-Match": "*"})
    assert created.status_code == 201
    etag = client.get(path).headers["ETag"]
    assert created.headers["ETag"] == etag
    if_absent = {**admin, "If-None-Match": "*"}
    assert_problem(client.put(path, json={"name": "B"}, headers=if_absent), 412)
    changed = client.put(path, json={"name": "B"}, headers={**admin, "If-Match": etag})
    assert changed.status_code == 200
    assert_problem(client.put(path, json={"name": "C"}, headers={**admin, "If-Match": etag}), 412)
    weak = {**admin, "If-Match": f"W/{changed.headers['ETag']}"}
    assert_problem(client.put(path, json={"name": "C"}, headers=weak), 412)
    assert client.get(path).get_json()["name"] == "B"
    anything = {**admin, "If-Match": "*"}
    assert client.put(path, json={"name": "C"}, headers=anything).status_code == 200
    assert client.put(path, json={"name": "D"}, headers=admin).status_code == 200


def test_if_match_fails_for_an_unknown_entity(client: FlaskClient, key: MakeHeaders) -> None:
    for match in ("*", '"x"'):
        headers = {**key("admin"), "If-Match": match}
        assert_problem(client.put("/v1/places/a", json={"name": "A"}, headers=headers), 412)
    assert client.get("/v1/places/a").status_code == 404


READ_PATHS = (
    "/v1/places/a", "/v1/places", "/v1/places?format=csv", "/v1/reports", "/v1/totals",
    "/v1/vocabulary", "/v1/changes", "/livez", "/assets/0/page.css",
)  # fmt: skip


@pytest.mark.parametrize("path", READ_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_holds_for_the_tags_that_match(
    client: FlaskClient, key: MakeHeaders, method: str, path: str
) -> None:
    client.put("/v1/places/a", json={"name": "A"}, headers=key("admin"))
    with client.open(path, method=method) as response:
        etag = response.headers["ETag"]
    for match, status in {
        "*": 200,
        etag: 200,
        f'"x", {etag}': 200,
        f'W/"x",{etag}': 200,
        '"x"': 412,
        f"W/{etag}": 412,
        f'"x", W/{etag}': 412,
        '"*"': 412,
    }.items():
        with client.open(path, method=method, headers={"If-Match": match}) as response:
            assert response.status_code == status, match


@pytest.mark.parametrize("path", READ_PATHS[:-1])
def test_if_none_match_is_evaluated_after_if_match(
    client: FlaskClient, key: MakeHeaders, path: str
) -> None:
    client.put("/v1/places/a", json={"name": "A"}, headers=key("admin"))
    etag = client.get(path).headers["ETag"]
    for match, status in {"*": 304, etag: 304, '"x"': 412}.items():
        headers = {"If-Match": match, "If-None-Match": etag}
        assert client.get(path, headers=headers).status_code == status, match


def test_a_read_of_what_is_missing_is_a_404_with_any_if_match(client: FlaskClient) -> None:
    for match in ("*", '"x"'):
        assert_problem(client.get("/v1/places/a", headers={"If-Match": match}), 404)


@pytest.mark.parametrize("match", ["", ",", "x", 'x"', '*, "x"', '""'])
def test_a_write_with_an_invalid_if_match_changes_nothing(
    client: FlaskClient, key: MakeHeaders, match: str
) -> None:
    admin = key("admin")
    client.put("/v1/places/a", json={"name": "A"}, headers=admin)
    headers = {**admin, "If-Match": match}
    assert_problem(client.put("/v1/places/a", json={"name": "B"}, headers=headers), 412)
    assert client.get("/v1/places/a").get_json()["name"] == "A"


def test_a_write_takes_a_list_of_tags(client: FlaskClient, key: MakeHeaders) -> None:
    admin = key("admin")
    etag = client.put("/v1/places/a", json={"name": "A"}, headers=admin).headers["ETag"]
    headers = {**admin, "If-Match": f'"x", {etag}'}
    changed = client.put("/v1/places/a", json={"name": "B"}, headers=headers)
    assert changed.status_code == 200
    # If-None-Match compares weakly, unlike If-Match.
    headers = {**admin, "If-None-Match": f'"x", W/{changed.headers["ETag"]}'}
    assert_problem(client.put("/v1/places/a", json={"name": "C"}, headers=headers), 412)
    headers = {**admin, "If-None-Match": etag}
    assert client.put("/v1/places/a", json={"name": "C"}, headers=headers).status_code == 200
