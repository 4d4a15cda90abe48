"""docs/dashboard.md shows the pictures that there are, each small and told in words."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
SHOWN = re.findall(r"!\[([^\]]+)\]\(pictures/([^)]+)\)", (DOCS / "dashboard.md").read_text("utf-8"))

MOST_BYTES = 60_000


def test_every_picture_is_shown_and_every_one_that_is_shown_is_there() -> None:
    assert {name for _, name in SHOWN} == {each.name for each in (DOCS / "pictures").iterdir()}
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert "](docs/pictures/places.webp)" in readme


def test_pictures_are_small_and_told_in_words() -> None:
    for told, name in SHOWN:
        assert len(told.split()) > 8, name
        assert (DOCS / "pictures" / name).stat().st_size <= MOST_BYTES, name
