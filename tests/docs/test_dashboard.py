"""docs/dashboard.md shows every picture, each small and with an alternative text."""

import re

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PICTURES = re.findall(
    r"!\[([^\]]+)\]\(pictures/([^)]+)\)", (DOCS / "dashboard.md").read_text("utf-8")
)

MAX_BYTES = 60_000


def test_every_picture_is_shown_and_every_shown_one_exists() -> None:
    shown = {name for _, name in PICTURES}
    for document in ("meaning.md", "recipes.md"):
        text = (DOCS / document).read_text("utf-8")
        shown |= set(re.findall(r"\]\(pictures/([^)]+)\)", text))
    assert shown == {each.name for each in (DOCS / "pictures").iterdir()}
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert "](docs/pictures/places.webp)" in readme


def test_pictures_are_small_and_have_an_alternative_text() -> None:
    assert PICTURES
    for alternative_text, name in PICTURES:
        assert len(alternative_text.split()) > 8, name
        assert (DOCS / "pictures" / name).stat().st_size <= MAX_BYTES, name
