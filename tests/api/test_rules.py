"""Who may do what, at every address there is: one without a rule here fails."""

import re
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
from tests import engines, make
from tests.check import problem
from tests.conftest import BEGIN

OWN = make.REPORTER["id"]
GOOD = ("read", "report", "bound to it", "bound to another", "admin")
BAD = ("unknown", "expired", "revoked")
CALLERS = ("nobody", *GOOD, *BAD)


@dataclass(frozen=True)
class Rule:
    """The scope that is needed ("open": none ever), and what to send so that it is about ``OWN``.

    ``bound`` are the keys bound to reporters that are let through, of the two kinds.
    """

    needs: str
    body: Any = None
    bound: tuple[str, ...] = ("bound to it", "bound to another")


OPEN, READ = Rule("open"), Rule("read")
NAMED = {"name": "A"}
WHY = {"reason": "law"}
INTO = {"into": OWN}
"""An id of its own: everybody who is let in is told that this cannot be."""

RULES = {
    "GET /livez": OPEN,
    "GET /readyz": OPEN,
    "GET /docs": OPEN,
    "GET /docs/static/<path:filename>": OPEN,
    "GET /v1/openapi.json": OPEN,
    "GET /": READ,
    "GET /proof": READ,
    "GET /report": READ,
    "GET /places": READ,
    "GET /find": READ,
    "GET /embed": READ,
    "GET /chart.svg": READ,
    "GET /enter": OPEN,
    "GET /assets/<version>/<path:name>": OPEN,
    "GET /v1/reports": READ,
    "GET /v1/reports/<id>": READ,
    "GET /v1/places": READ,
    "GET /v1/places/<id>": READ,
    "GET /v1/places/<id>/totals": READ,
    "GET /v1/groups": READ,
    "GET /v1/groups/<id>": READ,
    "GET /v1/reporters": READ,
    "GET /v1/reporters/<id>": READ,
    "GET /v1/totals": READ,
    "GET /v1/vocabulary": READ,
    "GET /metrics": READ,
    "GET /v1/changes": READ,
    "GET /v1/reports/<id>/history": READ,
    "POST /v1/wording": Rule("read", {"text": "at least 30"}),
    "POST /v1/reports": Rule("report", make.report(), ("bound to it",)),
    "POST /v1/reports/preview": Rule("report", make.report(), ("bound to it",)),
    "POST /v1/reports/batch": Rule("report", {"reports": []}),
    "POST /v1/reports/<id>/retraction": Rule("report", WHY),
    "POST /v1/reports/<id>/redaction": Rule("admin", WHY),
    "POST /v1/places/<id>/merge": Rule("admin", INTO),
    "POST /v1/groups/<id>/merge": Rule("admin", INTO),
    "POST /v1/reporters/<id>/merge": Rule("admin", INTO),
    "PUT /v1/places/<id>": Rule("report", NAMED, ()),
    "PUT /v1/groups/<id>": Rule("report", NAMED, ()),
    "PUT /v1/reporters/<id>": Rule("report", make.REPORTER, ("bound to it",)),
}


def _routes(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def _address(route: str) -> str:
    path = route.partition(" ")[2].replace("<path:filename>", "docs.js")
    path = path.replace("<path:name>", "page.css")
    return re.sub(r"<(\w+:)?\w+>", OWN, path)


@dataclass(frozen=True)
class World:
    """One record served twice, with reading open and closed, and the headers of every caller."""

    served: dict[str, FlaskClient]
    headers: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests of this file: none depends on what another one wrote."""
    with engines.temporary_database(tmp_path_factory.mktemp("rules")) as database:
        settings = Settings(database=database, log_level="error")
        served = {
            reading: create_app(replace(settings, reading=reading)).test_client()
            for reading in ("open", "closed")
        }
        store = open_store(database, settings.busy_seconds)
        yield World(served, _headers(store))
        store.close()


def _headers(store: Store) -> dict[str, dict[str, str]]:
    def key(scope: str, **more: Any) -> str:
        return api_keys.create(store, name="rules", scope=scope, now=BEGIN, **more)

    made = {
        "read": key("read"),
        "report": key("report"),
        "bound to it": key("report", reporters=[OWN, "x"]),
        "bound to another": key("report", reporters=["x"]),
        "admin": key("admin"),
        "unknown": f"{key('admin')}0",
        "expired": key("admin", expires=BEGIN + timedelta(seconds=1)),
        "revoked": key("admin"),
    }
    api_keys.revoke(store, made["revoked"].split("_")[1], now=BEGIN)
    sent = {caller: {"Authorization": f"Bearer {text}"} for caller, text in made.items()}
    return {"nobody": {}, **sent}


def _refusal(rule: Rule, caller: str, reading: str) -> int | None:
    """Return the status with which the caller is to be refused; None for one that is let in."""
    if rule.needs == "open":
        return None
    if caller in BAD:
        return 401
    if caller == "nobody":
        return None if (rule.needs, reading) == ("read", "open") else 401
    bound = caller.startswith("bound")
    if bound and caller not in rule.bound:
        return 403
    allowed = scope_includes("report" if bound else caller, rule.needs)
    return None if allowed else 403


def test_every_address_has_a_rule_and_every_rule_an_address(app: Flask) -> None:
    assert set(_routes(app)) == set(RULES)


@pytest.mark.parametrize("reading", ["open", "closed"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", RULES)
def test_it_is_kept(world: World, route: str, caller: str, reading: str) -> None:
    rule = RULES[route]
    method = route.partition(" ")[0]
    for sent in ("GET", "HEAD") if method == "GET" else (method,):
        with world.served[reading].open(
            _address(route), method=sent, json=rule.body, headers=world.headers[caller]
        ) as answer:
            refusal = _refusal(rule, caller, reading)
            if refusal is None:
                assert answer.status_code in (200, 201, 207, 404, 422)
            elif sent == "HEAD" or answer.mimetype == "text/html":
                assert answer.status_code == refusal
            else:
                told = answer.get_json(force=True)
                assert (answer.status_code, told["status"]) == (refusal, refusal)
            assert ("WWW-Authenticate" in answer.headers) == (refusal == 401)


@pytest.mark.parametrize("kind", ["places", "groups", "reporters"])
@pytest.mark.parametrize("caller", GOOD)
def test_only_an_admin_changes_what_exists(world: World, kind: str, caller: str) -> None:
    address = f"/v1/{kind}/{OWN}"
    client, admin = world.served["open"], world.headers["admin"]
    assert client.put(address, json={"name": "As it was"}, headers=admin).status_code in (200, 201)
    answer = client.put(address, json={"name": "As it is"}, headers=world.headers[caller])
    if caller == "admin":
        assert answer.status_code == 200
    else:
        problem(answer, 403)
    # The tests above describe it as it stands in reports.
    body = make.REPORTER if kind == "reporters" else NAMED
    assert client.put(address, json=body, headers=admin).status_code == 200
