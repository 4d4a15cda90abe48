"""The charts draw each shape of a range in its own way, at the numbers that the API has.

The pictures in docs/pictures are what the recipes draw. To write them again after a change, run the
tests with WRITE_PICTURES=1.
"""

import os
import re
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from tests.recipes.recipes import QUESTION, Kitchen, make_kitchen
from tests.support.capabilities import require_recipe_tools
from tests.support.gunicorn_server import RunningServer
from tests.support.paths import ROOT

PICTURES: Final = ROOT / "docs" / "pictures"

MARKS: Final = {
    "exactly": {"exactly"},
    "range": {"range", "low", "high"},
    "up_to": {"range", "high"},
    "at_least": {"low", "open", "arrow"},
    "unknown": {"open", "arrow"},
    "not_reported": set(),
}
"""The layers of the Vega-Lite specification with a mark for each shape."""

Parts = list[dict[str, Any]]


@pytest.fixture
def parts(kitchen: Kitchen) -> Parts:
    """The parts of the question, each with its one total, as the API has them."""
    parts = kitchen.fetch_json(QUESTION)["parts"]
    return [{**part, **part["totals"][0]} for part in parts]


@pytest.fixture(scope="module")
def vega_picture(tmp_path_factory: pytest.TempPathFactory, server: RunningServer) -> str:
    """The picture that Vega-Lite draws."""
    require_recipe_tools("vl2svg")
    kitchen = make_kitchen(tmp_path_factory.mktemp("vega"), server)
    kitchen.run_section("Vega-Lite")
    return (kitchen.folder / "ranges.svg").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plot_picture(tmp_path_factory: pytest.TempPathFactory, server: RunningServer) -> str:
    """The picture that Observable Plot draws."""
    require_recipe_tools("vl2svg", "node")
    kitchen = make_kitchen(tmp_path_factory.mktemp("plot"), server)
    kitchen.run_section("Observable Plot")
    return (kitchen.folder / "ranges.svg").read_text(encoding="utf-8")


def _name_shape(part: dict[str, Any]) -> str:
    """Return the shape as docs/formats.md defines it by the ends."""
    low, high = part["low"], part["high"]
    if low is None:
        return "not_reported"
    if high is None:
        return "at_least" if low else "unknown"
    if low == high:
        return "exactly"
    return "range" if low else "up_to"


def test_the_picture_in_the_document_is_that_of_vega_lite(vega_picture: str) -> None:
    _assert_in_document("recipe-vega-lite.svg", vega_picture)


def test_the_picture_in_the_document_is_that_of_plot(plot_picture: str) -> None:
    _assert_in_document("recipe-plot.svg", plot_picture)


def _assert_in_document(name: str, picture: str) -> None:
    file = PICTURES / name
    if os.environ.get("WRITE_PICTURES") == "1":
        file.write_text(picture, encoding="utf-8")
    assert f"](pictures/{name})" in (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8") == picture, f"{name} is not what the recipe draws"


def test_vega_lite_draws_every_shape(vega_picture: str, parts: Parts) -> None:
    drawn = _read_vega_marks(vega_picture)
    assert {_name_shape(part) for part in parts} == MARKS.keys()
    for part in parts:
        marks = drawn[part["name"], part["key2"]]
        assert marks.keys() == MARKS[_name_shape(part)] | {"label"}, part["text"]
        ends = {number for name in ("low", "exactly") for number in marks.get(name, [])[:1]}
        assert ends <= {str(part["low"])}
        assert marks.get("range", ["", str(part["high"])])[1] == str(part["high"])
    assert {text for marks in drawn.values() for text in marks["label"]} == {
        part["text"] for part in parts
    }


_SVG = "{http://www.w3.org/2000/svg}"


def _read_vega_marks(picture: str) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return what is drawn for each name and month: for each layer its numbers, or its text."""
    root = ElementTree.fromstring(picture)  # noqa: S314
    groups = [(each, each.get("class", "")) for each in root.iter(f"{_SVG}g")]
    titles = [each for each, name in groups if "role-title-text" in name]
    names = [str(text.text) for title in titles for text in title.iter(f"{_SVG}text")]
    (cells,) = (each for each, name in groups if name.endswith(" cell"))
    drawn: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, cell in zip(names, list(cells), strict=True):
        for layer in cell.iter(f"{_SVG}g"):
            layer_name = layer.get("class", "").rpartition(" ")[2].removesuffix("_marks")
            for mark in layer if "role-mark" in layer.get("class", "") else ():
                label = mark.get("aria-label", "")
                found = re.search(r"key2: (\S+?)(?:;|$)", label)
                assert found, label
                numbers = re.findall(r"(?:people killed|high): (\d+)", label)
                values = numbers if mark.text is None else [mark.text]
                drawn.setdefault((name, found[1]), {})[layer_name] = values
    return drawn


def test_a_known_zero_is_drawn_hollow(vega_picture: str, plot_picture: str) -> None:
    dots = re.findall(r'"people killed: (\d+)[^>]*"point"[^>]*fill="(#?\w+)"', vega_picture)
    assert ("0", "white") in dots and ("12", "#33566f") in dots
    circles = _find_marks(plot_picture, "dot", "circle")
    assert {each.get("fill") for each in circles} == {"white", "#33566f"}
    (hollow,) = (each for each in circles if each.get("fill") == "white")
    assert _read_people(hollow.get("cx")) == 0


def test_plot_draws_every_shape(plot_picture: str, parts: Parts) -> None:
    def list_ends(end: str, *shapes: str) -> list[float]:
        return sorted(part[end] for part in parts if _name_shape(part) in shapes)

    bars = _find_marks(plot_picture, "bar", "rect")
    left = [_read_people(bar.get("x")) for bar in bars]
    right = [_read_people(float(bar.get("x", 0)) + float(bar.get("width", 0))) for bar in bars]
    assert sorted(left) == list_ends("low", "range", "up_to")
    assert sorted(right) == list_ends("high", "range", "up_to")
    dots = [_read_people(dot.get("cx")) for dot in _find_marks(plot_picture, "dot", "circle")]
    assert sorted(dots) == list_ends("low", "exactly")
    arrows = [
        _read_people(line.get("d", "")[1:].partition(",")[0])
        for line in _find_marks(plot_picture, "link", "path")
    ]
    assert sorted(arrows) == list_ends("low", "at_least", "unknown")
    assert len(_find_marks(plot_picture, "dot", "path")) == len(arrows)
    ticks = [_read_people(tick.get("x1")) for tick in _find_marks(plot_picture, "tick", "line")]
    lows, highs = list_ends("low", "range", "at_least"), list_ends("high", "range", "up_to")
    assert sorted(ticks) == sorted(lows + highs)
    texts = [each.text for each in _find_marks(plot_picture, "text", "text")]
    assert sorted(map(str, texts)) == sorted(part["text"] for part in parts)


def _find_marks(picture: str, group: str, tag: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(picture)  # noqa: S314
    groups = [each for each in root.iter(f"{_SVG}g") if each.get("aria-label") == group]
    return [mark for each in groups for mark in each.iter(f"{_SVG}{tag}")]


def _read_people(position: str | float | None) -> float:
    """Return the number at a position of Plot's scale: 0 to 33 people from 180 to 530 pixels."""
    assert position is not None
    return round((float(position) - 180) / 350 * 33, 2)
