"""The scope that every address needs; an address without a rule here fails."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import create_app
from service.domain.access import scope_includes
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.support import bodies, engines
from tests.support.assertions import assert_problem

OWN_ID = bodies.REPORTER["id"]
GOOD_KEYS = ("read", "report", "bound to it", "bound to another", "admin")
BAD_KEYS = ("unknown", "expired", "revoked")
BROWSER = "admin by browser"
"""An admin's key sent as a browser's Basic password: a browser adds it to any site's requests."""

CALLERS = ("nobody", *GOOD_KEYS, *BAD_KEYS, BROWSER)


@dataclass(frozen=True)
class Rule:
    """The scope that is needed ("open": none ever), and a body about ``OWN_ID``.

    ``allowed_bound_keys`` are the keys bound to reporters that are let through, of the two kinds.
    """

    needed_scope: str
    body: Any = None
    allowed_bound_keys: tuple[str, ...] = ("bound to it", "bound to another")


OPEN_RULE, READ_RULE = Rule("open"), Rule("read")
NAME_BODY = {"name": "A"}
REASON_BODY = {"reason": "law"}
IMPORT_BODY = {"file": "a.csv", "file_sha256": "0" * 64, "mapping": "A", "mapping_sha256": "0" * 64}
MERGE_BODY = {"into": OWN_ID}
"""An entity cannot be merged into itself: every authorized caller gets an error."""

RULES = {
    "GET /livez": OPEN_RULE,
    "GET /readyz": OPEN_RULE,
    "GET /docs": OPEN_RULE,
    "GET /method": OPEN_RULE,
    "GET /glossary": OPEN_RULE,
    "GET /clients": OPEN_RULE,
    "GET /formats": OPEN_RULE,
    "GET /v1/openapi.json": OPEN_RULE,
    "GET /": READ_RULE,
    "GET /place": READ_RULE,
    "GET /place/<place_ids>": READ_RULE,
    "GET /why": READ_RULE,
    "GET /download": READ_RULE,
    "GET /figures": READ_RULE,
    "GET /reports": READ_RULE,
    "GET /reports/suggest": READ_RULE,
    "GET /report/<report_id>": READ_RULE,
    "GET /places": READ_RULE,
    "GET /find": READ_RULE,
    "GET /suggest": READ_RULE,
    "GET /reporters": READ_RULE,
    "GET /reporter/<reporter_id>": READ_RULE,
    "GET /incident/<path:incident>": READ_RULE,
    "GET /new": READ_RULE,
    "GET /new.atom": READ_RULE,
    "GET /compare": READ_RULE,
    "GET /embed": READ_RULE,
    "GET /embed/code": READ_RULE,
    "GET /index.csv": READ_RULE,
    "GET /figures.csv": READ_RULE,
    "GET /reporters.csv": READ_RULE,
    "GET /reporter/<reporter_id>.csv": READ_RULE,
    "GET /new.csv": READ_RULE,
    "GET /compare.csv": READ_RULE,
    "GET /compare.svg": READ_RULE,
    "GET /compare.png": READ_RULE,
    "GET /chart.svg": READ_RULE,
    "GET /chart.png": READ_RULE,
    "GET /enter": OPEN_RULE,
    "GET /enter/table": OPEN_RULE,
    "GET /assets/<version>/<path:name>": OPEN_RULE,
    "GET /v1/reports": READ_RULE,
    "GET /v1/reports/<id>": READ_RULE,
    "GET /v1/places": READ_RULE,
    "GET /v1/places/<id>": READ_RULE,
    "GET /v1/places/<id>/totals": READ_RULE,
    "GET /v1/groups": READ_RULE,
    "GET /v1/groups/<id>": READ_RULE,
    "GET /v1/reporters": READ_RULE,
    "GET /v1/reporters/<id>": READ_RULE,
    "GET /v1/totals": READ_RULE,
    "GET /v1/totals/figures": READ_RULE,
    "GET /v1/vocabulary": READ_RULE,
    "GET /metrics": READ_RULE,
    "GET /v1/changes": READ_RULE,
    "GET /v1/events": Rule("admin"),
    "GET /v1/exports/<file>": READ_RULE,
    "GET /v1/reports/<id>/history": READ_RULE,
    "POST /v1/wording": Rule("read", {"text": "at least 30"}),
    "POST /v1/reports": Rule("report", bodies.make_report(), ("bound to it",)),
    "POST /v1/reports/preview": Rule("report", bodies.make_report(), ("bound to it",)),
    "POST /v1/reports/batch": Rule("report", {"reports": []}),
    "POST /v1/reports/<id>/retraction": Rule("report", REASON_BODY),
    "POST /v1/reports/<id>/redaction": Rule("admin", REASON_BODY),
    "POST /v1/places/<id>/merge": Rule("admin", MERGE_BODY),
    "POST /v1/groups/<id>/merge": Rule("admin", MERGE_BODY),
    "POST /v1/reporters/<id>/merge": Rule("admin", MERGE_BODY),
    "GET /v1/imports": Rule("report"),
    "GET /v1/imports/<id>": Rule("report"),
    "POST /v1/imports": Rule("report", IMPORT_BODY),
    "POST /v1/imports/preview": Rule("report", {"content": "id\n1\n"}),
    "POST /v1/imports/<id>/completion": Rule("report", {}),
    "POST /v1/imports/<id>/withdrawal": Rule("report", REASON_BODY),
    "PUT /v1/places/<id>": Rule("report", NAME_BODY, ()),
    "PUT /v1/groups/<id>": Rule("report", NAME_BODY, ()),
    "PUT /v1/reporters/<id>": Rule("report", bodies.REPORTER, ("bound to it",)),
}


def _iterate_routes(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def _make_address(route: str) -> str:
    path = route.partition(" ")[2].replace("<path:name>", "page.css")
    return re.sub(r"<(\w+:)?\w+>", OWN_ID, path)


@dataclass(frozen=True)
class OpenAndClosedService:
    """One record served twice, with reading open and closed, and the headers of every caller."""

    clients: dict[str, FlaskClient]
    headers: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAndClosedService]:
    """One for all tests of this file: none depends on what another one wrote."""
    with engines.temporary_database(tmp_path_factory.mktemp("rules")) as database:
        settings = Settings(database=database, log_level="error")
        clients = {
            reading: create_app(replace(settings, reading=reading)).test_client()
            for reading in ("open", "closed")
        }
        store = open_store(database, settings.busy_seconds)
        yield OpenAndClosedService(clients, _make_headers(store))
        store.close()


def _make_headers(store: Store) -> dict[str, dict[str, str]]:
    def create_key(scope: str, **more: Any) -> str:
        return api_keys.create_key(store, name="rules", scope=scope, now=START_TIME, **more)

    key_texts = {
        "read": create_key("read"),
        "report": create_key("report"),
        "bound to it": create_key("report", reporters=[OWN_ID, "x"]),
        "bound to another": create_key("report", reporters=["x"]),
        "admin": create_key("admin"),
        "unknown": f"{create_key('admin')}0",
        "expired": create_key("admin", expires=START_TIME + timedelta(seconds=1)),
        "revoked": create_key("admin"),
    }
    api_keys.revoke_key(store, key_texts["revoked"].split("_")[1], now=START_TIME)
    headers = {caller: {"Authorization": f"Bearer {text}"} for caller, text in key_texts.items()}
    password = b64encode(f"anyone:{key_texts['admin']}".encode()).decode()
    return {"nobody": {}, **headers, BROWSER: {"Authorization": f"Basic {password}"}}


def _expected_refusal_of(rule: Rule, caller: str, reading: str) -> int | None:
    """Return the status with which the caller is to be refused; None for one that is let in."""
    if rule.needed_scope == "open":
        return None
    if caller in BAD_KEYS:
        return 401
    if caller == BROWSER:
        return None if rule.needed_scope == "read" else 401
    if caller == "nobody":
        return None if (rule.needed_scope, reading) == ("read", "open") else 401
    bound = caller.startswith("bound")
    if bound and caller not in rule.allowed_bound_keys:
        return 403
    allowed = scope_includes("report" if bound else caller, rule.needed_scope)
    return None if allowed else 403


def test_every_address_has_a_rule_and_every_rule_an_address(app: Flask) -> None:
    assert set(_iterate_routes(app)) == set(RULES)


@pytest.mark.parametrize("reading", ["open", "closed"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", RULES)
def test_every_rule_is_enforced(
    services: OpenAndClosedService, route: str, caller: str, reading: str
) -> None:
    rule = RULES[route]
    method = route.partition(" ")[0]
    for sent_method in ("GET", "HEAD") if method == "GET" else (method,):
        with services.clients[reading].open(
            _make_address(route),
            method=sent_method,
            json=rule.body,
            headers=services.headers[caller],
        ) as answer:
            refusal = _expected_refusal_of(rule, caller, reading)
            if refusal is None:
                assert answer.status_code in (200, 201, 207, 303, 404, 422)
            elif sent_method == "HEAD" or answer.mimetype == "text/html":
                assert answer.status_code == refusal
            else:
                problem_body = answer.get_json(force=True)
                assert (answer.status_code, problem_body["status"]) == (refusal, refusal)
            assert ("WWW-Authenticate" in answer.headers) == (refusal == 401)


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
@pytest.mark.parametrize("caller", GOOD_KEYS)
def test_only_an_admin_changes_what_exists(
    services: OpenAndClosedService, kind: str, caller: str
) -> None:
    address = f"/v1/{kind}/{OWN_ID}"
    client, admin = services.clients["open"], services.headers["admin"]
    assert client.put(address, json={"name": "As it was"}, headers=admin).status_code in (200, 201)
    answer = client.put(address, json={"name": "As it is"}, headers=services.headers[caller])
    if caller == "admin":
        assert answer.status_code == 200
    else:
        assert_problem(answer, 403)
    # The tests above describe it as reports do.
    body = bodies.REPORTER if kind == "reporters" else NAME_BODY
    assert client.put(address, json=body, headers=admin).status_code == 200
