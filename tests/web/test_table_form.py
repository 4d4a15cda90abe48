"""The form for a table without a browser: its texts, its choices and its security."""

import re

import pytest
from flask.testing import FlaskClient

from service.imports.mapping import Counts, FigureRule
from service.web import messages
from service.web.responses import assets
from service.web.responses.headers import CONTENT_SECURITY_POLICY
from service.web.viewmodels import report_form, table_form

SCRIPTS = [assets.FOLDER / "table.js", *sorted((assets.FOLDER / "table").glob("*.js"))]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)


@pytest.fixture
def page(client: FlaskClient) -> str:
    """The page."""
    answer = client.get("/enter/table")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def list_keys(prefix: str) -> set[str]:
    return {key for key in messages.load_catalogue() if key.startswith(prefix)}


def test_the_scripts_use_every_message_of_theirs_and_no_other() -> None:
    own = {
        key.removeprefix(table_form.SCRIPT_PREFIX) for key in list_keys(table_form.SCRIPT_PREFIX)
    }
    shared = {
        key.removeprefix(report_form.SCRIPT_PREFIX) for key in list_keys(report_form.SCRIPT_PREFIX)
    }
    assert own.isdisjoint(shared)
    said = set(re.findall(r"""say\(\s*"([^"]+)\"""", CODE))
    begun = tuple(re.findall(r"say\(\s*`([^`$]+)\$\{", CODE))
    assert said <= own | shared
    for key in own:
        assert f'"{key}"' in CODE or key.startswith(begun), key


def test_the_page_shows_every_message_of_its_own(page: str) -> None:
    for key in list_keys("table.") - list_keys(table_form.SCRIPT_PREFIX):
        assert str(messages.markup(key)) in page, key


def test_every_choice_has_a_text_and_every_role_a_use(page: str) -> None:
    for role in table_form.ROLES:
        assert f'<option value="{role}">' in page
        assert re.search(rf"\b{role}\b", CODE), role
    assert set(table_form.MEANINGS) <= set(FigureRule.__dataclass_fields__)
    assert set(table_form.COUNTS) == {each.value for each in Counts}


def test_the_shipped_mappings_of_figures_are_offered(page: str) -> None:
    assert '<option value="infobox">' in page
    assert 'value="geonames"' not in page


def test_the_page_sends_nothing_by_itself(client: FlaskClient, page: str) -> None:
    assert client.get("/enter/table").headers[
        "Content-Security-Policy"
    ] == CONTENT_SECURITY_POLICY.format(framed="'none'")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    form = page[page.index("<main") : page.index("</main>")]
    assert set(re.findall(r'<(?:input|select|textarea|button)[^>]*\sname="(\w+)"', form)) == {
        "counts"
    }
    assert 'id="entering" hidden' in page
    assert "innerHTML" not in CODE
    assert "localStorage" not in CODE


def test_an_unknown_parameter_is_refused(client: FlaskClient) -> None:
    assert client.get("/enter/table?place=x").status_code == 422


def test_every_id_is_there_once(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page.partition("<template")[0])
    assert len(ids) == len(set(ids))
