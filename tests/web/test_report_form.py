"""The report form without a browser: a correction, its security, its scripts and its messages."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.domain.vocabulary import OUTCOMES, STANCES
from service.settings import Settings
from service.web import messages
from service.web.responses import assets
from service.web.responses.headers import CONTENT_SECURITY_POLICY
from service.web.viewmodels.report_form import REPORT_SCRIPT_PREFIX, SCRIPT_PREFIX
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.text_search import find_some

Send = Callable[..., TestResponse]

SCRIPTS = [assets.FOLDER / "enter.js", *sorted((assets.FOLDER / "enter").glob("*.js"))]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)

NUMBERS = {f"enter.{name}" for name in ("low", "high", "exactly", "best")}


@pytest.fixture
def page(client: FlaskClient) -> str:
    """The page."""
    answer = client.get("/enter")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    return answer.get_data(as_text=True)


@pytest.fixture
def correction_page(client: FlaskClient, send: Send) -> str:
    """The page with a report to correct."""
    tree = bodies.make_place(parent=bodies.make_place("ru", name="Russia"))
    report = bodies.make_report(places=[tree], quote="</script>", published_at="2024-12-16")
    report_id = assert_recorded(send(report))["id"]
    return client.get(f"/enter?report={report_id}").get_data(as_text=True)


def read_correction(page: str) -> Any:
    """Return the report that the page fills the form with."""
    found = re.search(r'id="corrected">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def test_a_correction_has_the_report_and_the_names_in_it(page: str, correction_page: str) -> None:
    assert read_correction(page) is None
    correction = read_correction(correction_page)
    assert correction["body"] == {
        "reporter": "ua-hur",
        "published_at": "2024-12-16",
        "quote": "</script>",
        "period": bodies.PERIOD,
        "places": ["plekhovo"],
        "figures": [{"outcomes": ["killed", "wounded"], "wording": "at least 30"}],
        "supersedes": "r1",
    }
    assert correction["names"]["place"] == {
        "plekhovo": {"name": "Plekhovo", "about": "Russia · plekhovo"}
    }
    assert correction["names"]["reporter"]["ua-hur"]["name"] == bodies.REPORTER["name"]
    assert "<h1>Correct a report</h1>" in correction_page
    assert 'href="report/r1"' in correction_page


def test_only_a_report_that_holds_can_be_corrected(client: FlaskClient, send: Send) -> None:
    assert_recorded(send(bodies.make_report()))
    assert_recorded(send(bodies.make_report(supersedes="r1", note="again")))
    answer = client.get("/enter?report=r1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "report/r1")
    assert client.get("/enter?report=none").status_code == 404
    assert client.get("/enter?id=r1").status_code == 422


def test_where_reading_is_closed_a_correction_needs_a_key(
    settings: Settings, client: FlaskClient, send: Send
) -> None:
    assert_recorded(send(bodies.make_report()))
    closed = create_app(replace(settings, reading="closed")).test_client()
    assert closed.get("/enter").status_code == 200
    assert closed.get("/enter?report=r1").status_code == 401


def test_the_content_security_policy_allows_own_scripts_alone(
    client: FlaskClient, page: str
) -> None:
    assert client.get("/enter").headers[
        "Content-Security-Policy"
    ] == CONTENT_SECURITY_POLICY.format(framed="'none'")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert scripts
    assert all("src=" in each or 'type="application/json"' in each for each in scripts)


def test_every_address_is_relative_and_every_file_is_there(client: FlaskClient, page: str) -> None:
    found = re.findall(r'(?:src|href)="([^"#]*)"', page)
    assert found
    for address in found:
        assert not re.match(r"/|https?:", address)
        if address.startswith("assets/"):
            with closing(client.get(f"/{address}")) as answer:
                assert answer.status_code == 200, address
                assert "immutable" in answer.headers["Cache-Control"]


def test_scripts_ask_relative_addresses_only() -> None:
    assert not re.search(r"""["'`](https?:)?//?(v1|assets|\w+\.)""", CODE)
    assert "innerHTML" not in CODE
    assert "localStorage" not in CODE


def test_modules_import_files_of_their_own_version(client: FlaskClient, page: str) -> None:
    found = re.search(r'<script type="module" src="([^"]+)"', page)
    assert found
    for loaded in find_some(r'from "(\./[^"]+)"', SCRIPTS[0].read_text(encoding="utf-8")):
        with closing(client.get(urljoin(f"/{found[1]}", loaded))) as answer:
            assert answer.mimetype == "text/javascript"
            assert "immutable" in answer.headers["Cache-Control"]


def test_a_file_under_another_version_is_not_cached(client: FlaskClient) -> None:
    with closing(client.get("/assets/another/enter/picker.js")) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"]


def test_scripts_use_every_message_of_theirs_and_no_other() -> None:
    known = {
        key.removeprefix(SCRIPT_PREFIX)
        for key in messages.load_catalogue()
        if key.startswith(SCRIPT_PREFIX)
    }
    said = set(re.findall(r"""say\(\s*"([^"]+)\"""", CODE))
    begun = tuple(re.findall(r"say\(\s*`([^`$]+)\$\{", CODE))
    assert said <= known
    assert begun
    for key in known:
        assert f'"{key}"' in CODE or key.startswith(begun), key


def test_the_script_of_a_report_uses_every_message_of_its_own_and_no_other() -> None:
    code = (assets.FOLDER / "report.js").read_text(encoding="utf-8")
    known = {
        key.removeprefix(REPORT_SCRIPT_PREFIX)
        for key in messages.load_catalogue()
        if key.startswith(REPORT_SCRIPT_PREFIX)
    }
    assert set(re.findall(r"""say\(\s*"([^"]+)\"""", code)) == known


def test_the_form_uses_every_message_of_its_own(page: str, correction_page: str) -> None:
    pages = page + correction_page
    folder = assets.FOLDER.parent / "templates"
    template = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("report_form.html", "_form_macros.html")
    )
    begun = tuple(re.findall(r'"(enter\.(?:[\w.]+\.)?)" ~ (?!name)', template))
    for key in messages.load_catalogue():
        if key.startswith("enter.") and not key.startswith((SCRIPT_PREFIX, *begun)):
            whole = key.removesuffix(".hint")
            shown = str(messages.markup(key)) in pages
            assert shown and (
                f'"{key}"' in template or f'"{whole}"' in template or whole in NUMBERS
            ), key


def test_the_page_without_scripts_explains_how_to_post_a_report(page: str) -> None:
    plain = page[page.index('id="plain"') : page.index('id="entering"')]
    assert "curl" in plain and "Authorization: Bearer" in plain
    assert re.search(r'id="plain" [^>]*hidden', page) is None
    assert 'id="entering" hidden' in page


def test_the_key_has_no_name_and_no_field_goes_into_an_address(page: str) -> None:
    form = page[page.index("<main") : page.index("</main>")]
    assert not re.search(r"<(input|select|textarea|button)[^>]*\sname=", form)
    assert 'id="key" type="password" autocomplete="off"' in form


def test_the_form_offers_every_outcome_and_every_stance(page: str) -> None:
    for outcome in OUTCOMES:
        assert f'id="FIGURE-{outcome}"' in page
    for stance in STANCES:
        assert f'<option value="{stance}">' in page


def test_every_field_has_a_label_and_every_id_is_there_once(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    templates = {each for each in ids if each.startswith("NEW")}
    assert len([each for each in ids if each not in templates]) == len(set(ids) - templates)
    for field in find_some(r'<(?:input|select|textarea) id="([^"]+)"', page):
        assert f'for="{field}"' in page, field
    for described_by in find_some(r'aria-describedby="([^"]+)"', page):
        assert set(described_by.split()) <= set(ids)
