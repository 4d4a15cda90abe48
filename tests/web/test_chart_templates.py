"""Charts as they are written: well-formed whatever is in a label, and whole as files."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

import service.web
from service.domain.wording.range_text import compact_range_text, format_count
from service.web import messages
from service.web.charts import legend, text_layout
from service.web.charts.card import layout_card
from service.web.charts.data_table import MAX_NOTES, MAX_ROWS, layout_table
from service.web.charts.items import DisputeSide, MapPoint, PeriodBar, RangeBar
from service.web.charts.map_chart import layout_map
from service.web.charts.paints import inline_styles
from service.web.charts.range_chart import layout_range_chart
from service.web.charts.svg_document import MAX_CAVEATS, DocumentText
from service.web.charts.time_chart import layout_time_chart

FOLDER = Path(service.web.__file__).parent
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "قرية كوريلوفكا \u202eoverride",
    "a\x00\x0b\ufffe &amp; ]]> <!-- {{ 7 * 7 }} \ud83d",
    "大" * 200,
    "W" * 500,
    "",
)
CAVEATS = ["No ceiling is known.", "Every figure comes from a party & nobody else. " * 12, "<b>"]

ENVIRONMENT = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True)
ENVIRONMENT.filters["inline_styles"] = inline_styles
ENVIRONMENT.globals |= {
    "t": messages.markup,
    "compact_range_text": compact_range_text,
    "format_count": format_count,
}
IMPORTS = {
    kind: f'{{% from "charts/_{name}.html" import {kind} with context %}}'
    for kind, name in (
        ("range_chart", "range_chart"),
        ("range_chart_file", "range_chart"),
        ("time_chart", "time_chart"),
        ("time_chart_file", "time_chart"),
        ("map_chart", "map_chart"),
        ("map_chart_file", "map_chart"),
        ("legend", "legend"),
        ("data_table", "legend"),
        ("card_file", "time_chart"),
    )
}


def render_macro(macro: str, *given_values: Any, **values: Any) -> str:
    names = [f"p{number}" for number in range(len(given_values))]
    call = ", ".join([*names, *(f"{name}={name}" for name in values)])
    template = ENVIRONMENT.from_string(IMPORTS[macro] + f"{{{{ {macro}({call}) }}}}")
    return template.render(dict(zip(names, given_values, strict=True)), **values)


def render_file(
    kind: str, chart: Any, title: str, caveats: list[str], citation: str, source: str = ""
) -> str:
    text = DocumentText(title, source, title, caveats, citation, "https://example.org/place/x")
    layout = chart.layout_document(text)
    return render_macro(f"{kind}_file", chart, layout)


def make_charts(label: str) -> dict[str, Any]:
    cases = ((None, None), (0, 0), (0, None), (0, 9), (7, 7), (3, 9), (10**9, None))
    bars = [
        RangeBar(
            f"{n}",
            label,
            label,
            low,
            high,
            is_disputed=n > 3,
            nearest=(2, None) if n > 3 else None,
            is_exact=n % 2 == 0,
            proof_link=f"?a=1&b={n}",
            detail_link="#<",
            sides=(DisputeSide(label, 1, None, label),),
        )
        for n, (low, high) in enumerate(cases)
    ]
    bars.append(RangeBar("placed", label, label, 5, 5, beyond=(5, None)))
    bars.append(RangeBar("elsewhere", label, label, 0, 0, beyond=(0, 9), is_placed=False))
    bars.append(RangeBar("unplaced", label, label, 4, None, is_unplaced=True))
    period_bars = [
        PeriodBar(
            f"{n}",
            label,
            label,
            low,
            high,
            first_day=date(2025, 1, n + 1),
            last_day=date(2025, 1, n + 1),
            is_disputed=n > 3,
            nearest=(2, 5) if n > 3 else None,
            proof_link="?a=1&b" if n % 2 else None,
        )
        for n, (low, high) in enumerate(cases)
    ]
    map_points = [
        MapPoint(
            f"{n}",
            label,
            label,
            low,
            high,
            longitude=35 + n / 7,
            latitude=51 + n / 9,
            is_disputed=n > 3,
            is_exact=n % 2 == 0,
            proof_link="?a=1&b" if n % 2 else None,
        )
        for n, (low, high) in enumerate(cases)
    ]
    return {
        "range_chart": layout_range_chart(bars),
        "time_chart": layout_time_chart(period_bars),
        "map_chart": layout_map(map_points),
    }


def parse_as_xml(html: str) -> ElementTree.Element:
    """Read what is written for HTML as XML, which is stricter; a bare attribute gets a value."""
    full = re.sub(
        r"( data-(?:brush|roving|again))(?=[ >])", r'\1=""', html.replace("<br>", "<br/>")
    )
    return ElementTree.fromstring(f"<main>{full}</main>")  # noqa: S314 - it is our own


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("kind", ["range_chart", "time_chart", "map_chart"])
def test_no_label_breaks_out_of_a_chart(kind: str, label: str) -> None:
    chart = make_charts(label)[kind]
    file = render_file(kind, chart, label, [label], label, label)
    page = render_macro(kind, chart, text_layout.clean_text(label))
    for root in (parse_as_xml(page), ElementTree.fromstring(file)):  # noqa: S314 - it is our own
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not names & {"script", "img", "b", "style", "foreignObject"}
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not {name for name in attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("kind", ["range_chart", "time_chart", "map_chart"])
def test_every_id_is_there_once_and_every_use_of_one_is_answered(kind: str) -> None:
    chart = make_charts("x")[kind]
    html = render_macro(kind, chart, "title")
    ids = re.findall(r' id="([^"]+)"', html)
    used = re.findall(r"url\(#([^)]+)\)", html)
    named = re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {*used, *" ".join(named).split()} <= set(ids)


@pytest.mark.parametrize("kind", ["range_chart", "time_chart", "map_chart"])
def test_an_svg_file_holds_its_text_and_needs_no_other_file(kind: str) -> None:
    chart = make_charts("Plekhovo")[kind]
    svg = render_file(kind, chart, "A title", CAVEATS, "The citation", "Source: a ministry")
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    name = "{http://www.w3.org/2000/svg}"
    printed = " ".join(element.text or "" for element in root.iter(f"{name}text"))
    for words in (*CAVEATS, "A title", "The citation", "Source: a ministry", "https://example"):
        assert " ".join(words.split()) in printed
    assert "class=" not in svg and "<a " not in svg and "href" not in svg
    if kind == "map_chart":
        assert str(messages.markup("charts.outline")) in printed
    tall = int(root.attrib["height"])
    assert all(
        0 < float(element.attrib["y"]) < tall
        for element in root.findall(f"{name}text")
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["time_chart", "map_chart"])
def test_every_bar_is_focusable_and_labelled(kind: str) -> None:
    chart = make_charts("Plekhovo")[kind]
    root = parse_as_xml(render_macro(kind, chart, "title"))
    shown = [each for each in root.iter() if {"chart-column", "chart-spot"} & _classes_of(each)]
    assert len(shown) == 7
    for each in shown:
        assert each.attrib["aria-label"].startswith("Plekhovo: Plekhovo")
        assert each.tag == "a" or each.attrib["tabindex"] == "0"


def test_bars_lead_to_their_proof_and_their_part() -> None:
    root = parse_as_xml(
        render_macro("range_chart", make_charts("Plekhovo")["range_chart"], "title")
    )
    links = [each for each in root.iter("a") if "tabindex" not in each.attrib]
    assert [each.attrib["href"] for each in links[:2]] == ["#<", "?a=1&b=0"]
    assert "each side" in render_macro("range_chart", make_charts("x")["range_chart"], "title")


def test_a_caveat_of_many_rows_stands_once_below_the_table() -> None:
    bars = [
        RangeBar("a", "Alfa", "30", 30, 30, caveats=("One <b> says so.", "It is preliminary.")),
        RangeBar("b", "Bravo", "4", 4, 4, caveats=("It is preliminary.",)),
    ]
    html = render_macro("data_table", layout_table(bars))
    root = parse_as_xml(html)
    assert [each.text for each in root.iter("li")] == ["One <b> says so.", "It is preliminary."]
    assert [row[-1].text for row in root.iter("tr")][1:] == ["1, 2", "2"]
    assert html.count("It is preliminary.") == 1
    chart = render_macro("range_chart", layout_range_chart(bars), "title")
    assert "preliminary" not in chart


def test_a_table_has_no_more_rows_and_caveats_than_a_page_can_hold() -> None:
    bars = [RangeBar(f"{n}", f"{n}", "1", 1, 1, caveats=(f"Caveat {n}.",)) for n in range(410)]
    table = layout_table(bars)
    assert len(table.rows) == MAX_ROWS and len(table.notes) == MAX_NOTES
    html = render_macro("data_table", table)
    assert "10 more rows are in the CSV file." in html
    assert f"{MAX_ROWS - MAX_NOTES} more caveats" in html


def test_a_file_prints_the_first_caveats_and_counts_the_rest() -> None:
    caveats = [f"Caveat number {n}." for n in range(MAX_CAVEATS + 2)]
    chart = layout_range_chart([RangeBar("a", "a", "a", 1, 2)])
    svg = render_file("range_chart", chart, "A title", caveats, "")
    assert svg.count("Caveat number") == 2 * MAX_CAVEATS  # In the text, and in the description.
    assert "2 more caveats are at the address below." in svg


@pytest.mark.parametrize("label", HOSTILE)
def test_a_card_is_of_one_size_whatever_is_on_it(label: str) -> None:
    text = DocumentText(f"{label} " * 9, label, "", [label], label, label)
    for chart in (None, make_charts(label)["time_chart"]):
        card = layout_card(text, chart)
        root = ElementTree.fromstring(render_macro("card_file", card))  # noqa: S314 - it is our own
        assert (root.attrib["width"], root.attrib["height"]) == ("1200", "630")
        assert all(0 < line.y < 630 for line in card.lines)
        assert all(
            text_layout.measure_text(line.text, line.size, line.role == "title") <= 1200 - 56
            for line in card.lines
        )


def test_a_card_has_the_bars_of_the_time_chart_if_there_is_room() -> None:
    chart = make_charts("x")["time_chart"]
    card = layout_card(DocumentText("Thirty people killed.", "Source"), chart)
    assert card.chart is not None and card.chart_top + card.chart.height < 630
    assert layout_card(DocumentText("Very many words. " * 40, "x", "", ["y"]), chart).chart is None


def test_further_sides_of_a_dispute_are_counted() -> None:
    bar = RangeBar(
        "a", "a", "a", 30, 40, is_disputed=True, sides=(DisputeSide("x", 30, 30),),
        omitted_side_count=7,
    )  # fmt: skip
    chart = layout_range_chart([bar])
    assert "7 more figures in the proof" in render_macro("range_chart", chart, "title")
    assert "7 more figures in the proof" in render_file("range_chart", chart, "title", [], "")
    many = layout_range_chart([replace(bar, key=f"{n}", contradiction=n) for n in range(20)])
    assert "12 more contradictions" in render_macro("range_chart", many, "title")


def test_zero_is_drawn_and_not_reported_is_a_gap() -> None:
    for macro, make in (
        ("range_chart", lambda low: layout_range_chart([RangeBar("a", "a", "a", low, low)])),
        (
            "time_chart",
            lambda low: layout_time_chart(
                [PeriodBar("a", "a", "a", low, low, first_day=DAY, last_day=DAY)]
            ),
        ),
        (
            "map_chart",
            lambda low: layout_map([MapPoint("a", "a", "a", low, low, longitude=1, latitude=1)]),
        ),
    ):
        zero, nothing = render_macro(macro, make(0), "t"), render_macro(macro, make(None), "t")
        assert "chart-zero" in zero and "not zero" not in zero
        assert "chart-zero" not in nothing
        assert "not zero" in nothing or "not reported" in nothing


DAY = date(2025, 1, 1)


def test_the_table_has_the_numbers_of_the_chart() -> None:
    bars = [
        RangeBar("a", "Plekhovo", "at least 3,001", 3001, None, proof_link="#p", detail_link="#m"),
        RangeBar("b", "Guevo", "30 to 40", 30, 40, is_disputed=True, nearest=(33, 38),
            sides=(DisputeSide("Ministry", 30, 30), DisputeSide("Staff", 40, None))),
        RangeBar("c", "Orlovka", "not reported", None, None),
        RangeBar("d", "Somewhere", "at least 5", 5, None, is_unplaced=True),
    ]  # fmt: skip
    html = render_macro("data_table", layout_table(bars), heading="Place")
    rows = [
        [" ".join("".join(cell.itertext()).split()) for cell in row]
        for row in parse_as_xml(html).iter("tr")
    ]
    assert rows == [
        ["Place", "Least", "Most", "In words", "Disputed"],
        ["Plekhovo", "3,001", "open", "at least 3,001", "no"],
        ["Guevo", "30", "40", "30 to 40",
         "reports contradict each other; 30 to 40 whichever is wrongMinistry 30Staff 40+"],
        ["Orlovka", "not reported", "–", "not reported", "no"],
        ["Somewhere", "5", "–", "at least 5", "no"],
    ]  # fmt: skip
    assert "<table" in render_macro(
        "data_table",
        layout_table([PeriodBar("a", "a", "a", 1, None, first_day=DAY, last_day=DAY)]),
    )
    assert "<table" in render_macro(
        "data_table", layout_table([MapPoint("a", "a", "a", 1, 2, longitude=1, latitude=1)])
    )


def test_the_legend_explains_the_symbols_that_are_used() -> None:
    plain = render_macro("legend", layout_range_chart([RangeBar("a", "a", "a", 1, 2)]))
    assert "at least" in plain and "up to the most" in plain and "contradict" not in plain
    charts = make_charts("x").values()
    used = {sign for chart in charts for sign in chart.signs}
    assert used == {*legend.SIGNS, *legend.MAP_SIGNS.values()} - {"cut"}
    every = "".join(render_macro("legend", chart) for chart in charts)
    assert all(str(messages.markup(f"charts.key.{sign}")) in every for sign in used)


@settings_of_hypothesis(max_examples=25)
@given(st.text(max_size=80), st.lists(st.text(max_size=200), max_size=4))
def test_any_text_makes_a_well_formed_file(label: str, caveats: list[str]) -> None:
    for kind, chart in make_charts(label).items():
        svg = render_file(kind, chart, label, caveats, label)
        ElementTree.fromstring(svg)  # noqa: S314 - it is our own


def _classes_of(element: ElementTree.Element) -> set[str]:
    return set(element.attrib.get("class", "").split())


def test_every_class_has_its_colours_and_none_is_left_over() -> None:
    css = (FOLDER / "assets" / "charts.css").read_text(encoding="utf-8")
    html = "".join(render_macro(kind, chart, "t") for kind, chart in make_charts("x").items())
    drawn_with = {
        name
        for element in parse_as_xml(html).iter()
        if element.tag in {"rect", "line", "path", "circle", "text", "stop"}
        for name in _classes_of(element)
    }
    assert not {name for name in drawn_with if not re.search(rf"\.{name}\b", css)}


@pytest.mark.parametrize("kind", ["range_chart", "time_chart", "map_chart"])
def test_files_have_the_colours_of_the_style_sheet(kind: str) -> None:
    svg = render_file(kind, make_charts("x")[kind], "t", [], "")
    css = (FOLDER / "assets" / "charts.css").read_text(encoding="utf-8")
    assert "var(" not in svg
    assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {
        *re.findall(r"#[0-9a-f]{6}\b", css),
        "#ffffff",
    }
