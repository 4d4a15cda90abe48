"""If-Match: a client cannot replace a version that it has not seen."""

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
