"""The report form without a browser: its security, its scripts and its messages."""

import re
from contextlib import closing
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from service.domain.vocabulary import OUTCOMES, STANCES
from service.web import messages
from service.web.responses import assets
from service.web.responses.headers import CONTENT_SECURITY_POLICY
from service.web.viewmodels.report_form import SCRIPT_PREFIX
from tests.support.text_search import find_some

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


def test_the_form_uses_every_message_of_its_own(page: str) -> None:
    template = (assets.FOLDER.parent / "templates" / "report_form.html").read_text(encoding="utf-8")
    begun = tuple(re.findall(r'"(enter\.(?:[\w.]+\.)?)" ~ (?!name)', template))
    for key in messages.load_catalogue():
        if key.startswith("enter.") and not key.startswith((SCRIPT_PREFIX, *begun)):
            whole = key.removesuffix(".hint")
            shown = str(messages.markup(key)) in page
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
