"""The pages of documents: as the files are, with links that lead somewhere."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from scripts import make_pages
from service.web.responses.documents import FOLDER
from service.web.views.documents import DOCUMENTS
from tests.support.paths import ROOT


@pytest.mark.parametrize("document", make_pages.PAGES)
def test_a_page_is_what_the_script_makes_of_the_document(document: str) -> None:
    written = (FOLDER / f"{make_pages.PAGES[document]}.html").read_text(encoding="utf-8")
    assert make_pages.make_page(document) == written, "run make pages"


def test_the_pictures_are_those_of_the_documents() -> None:
    names = make_pages.list_pictures()
    assert len(names) == 3
    assert sorted(each.name for each in make_pages.PICTURES.iterdir()) == names
    for name in names:
        original = (ROOT / "docs" / "pictures" / name).read_bytes()
        assert (make_pages.PICTURES / name).read_bytes() == original, "run make pages"


def test_every_document_of_the_script_has_a_page() -> None:
    assert sorted(DOCUMENTS) == sorted(make_pages.PAGES.values())


@pytest.mark.parametrize("page", DOCUMENTS)
def test_every_link_of_a_page_leads_to_an_anchor_a_page_or_a_file(
    client: FlaskClient, page: str
) -> None:
    answer = client.get(f"/{page}")
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    document = text[text.index('<nav class="contents"') :]
    targets = set(re.findall(r'(?:href|src)="([^"]+)"', document))
    assert len(targets) > 5
    for target in targets:
        if target.startswith("http") or target == "./":
            continue
        name, _, anchor = target.partition("#")
        with closing(client.get(f"/{name or page}")) as linked:
            assert linked.status_code == 200, target
            if anchor:
                assert f' id="{anchor}"' in linked.get_data(as_text=True), target


@pytest.mark.parametrize("page", DOCUMENTS)
def test_a_page_needs_nothing_inline_and_nothing_from_elsewhere(
    client: FlaskClient, page: str
) -> None:
    answer = client.get(f"/{page}")
    text = answer.get_data(as_text=True)
    assert "style=" not in text and "<!--" not in text and "<style" not in text
    assert not re.search(r'(?:src|<link[^>]+href)="https?:(?!//localhost/)', text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_method_is_marked_in_the_navigation(client: FlaskClient) -> None:
    text = client.get("/method").get_data(as_text=True)
    assert '<a href="method" aria-current="page">' in text
    assert "What a total means" in text and 'src="assets/' in text
    reference = client.get("/docs").get_data(as_text=True)
    assert '<strong aria-current="page">API reference</strong>' in reference
    assert 'href="v1/openapi.json"' in reference and 'id="get-v1totals"' in reference


@pytest.mark.parametrize("page", DOCUMENTS)
def test_an_unknown_parameter_of_a_document_is_refused(client: FlaskClient, page: str) -> None:
    answer = client.get(f"/{page}?x=1")
    assert answer.status_code == 422 and "x" in answer.get_data(as_text=True)


def test_a_document_with_html_of_its_own_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "meaning.md").write_text("# A\n\n<b>b</b>\n", "utf-8")
    monkeypatch.setattr(make_pages, "SOURCES", tmp_path)
    with pytest.raises(ValueError, match="HTML in a document"):
        make_pages.make_page("meaning.md")
