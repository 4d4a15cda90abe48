"""The documents about the code are true: their paths, links and make targets exist."""

import ast
import re
from typing import Final

import pytest

from scripts.make_api_doc import slugify
from tests.support.paths import ROOT
from tests.support.text_search import find_some

DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md")
FOLDERS = ("service", "schemas", "tests", "docs", "samples", "benchmarks", "scripts")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_in_it_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for path in find_some(rf"`((?:{'|'.join(FOLDERS)})/[^`\s]*)`", text):
        assert (ROOT / path).exists(), path


def test_every_link_of_a_document_leads_to_a_file_and_a_heading() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\((?!http)([^)\s]+)\)", document.read_text("utf-8"))
    ]
    assert len(links) > 10 * len(documents)
    for document, target in links:
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), (document.name, target)
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {slugify(each) for each in headings}, (document.name, target)


def test_every_make_target_in_the_guide_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(find_some(r"\bmake ([a-z-]+)\b", text)):
        assert f"\n{target}:" in makefile, target


def test_no_term_stands_twice_in_the_glossary() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \| `", text, re.MULTILINE)
    assert len(terms) > 40 and len(terms) == len(set(terms))


def test_the_architecture_has_every_folder_of_the_service() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {each.parent.name for each in (ROOT / "service").glob("*/__init__.py")}
    assert folders and all(f"`service/{folder}`" in text for folder in folders)


NAMES_OF_OTHERS: Final = {
    "tokenizer.py": {"detail"},  # Of the base class.
    "numerals.py": {"UnreadableWordingError"},  # Raised by what it calls.
    "periods.py": {"min"},  # Of the standard library.
    "smorest.py": {"register_blueprint"},  # Of the library.
    "engine.py": {"search_path"},  # Of PostgreSQL.
}
"""What docstrings name that is not in the code of their module, by the module's file name."""


def _find_docstrings(tree: ast.Module) -> list[ast.Constant]:
    """Return all texts that stand as statements: docstrings, and those below constants."""
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    return [
        each for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


def _read_words_of_code(tree: ast.Module, docstrings: list[ast.Constant]) -> set[str]:
    words = set()
    for node in ast.walk(tree):
        for name in ("id", "attr", "arg", "name", "module"):
            words.update(re.findall(r"\w+", str(getattr(node, name, ""))))
        if isinstance(node, ast.Constant) and node not in docstrings:
            words.update(re.findall(r"\w+", str(node.value)))
    return words


@pytest.mark.parametrize("folder", ["service", "schemas"])
def test_a_docstring_names_only_what_is_in_its_module(folder: str) -> None:
    wrong = []
    for path in (ROOT / folder).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = _find_docstrings(tree)
        known = _read_words_of_code(tree, docstrings) | NAMES_OF_OTHERS.get(path.name, set())
        for docstring in docstrings:
            for name in re.findall(r"``([\w.]+?)(?:\(\))?``", str(docstring.value)):
                if not name.startswith("-") and name.rpartition(".")[2] not in known:
                    wrong.append(f"{path.relative_to(ROOT)}:{docstring.lineno}: {name}")
    assert wrong == []
