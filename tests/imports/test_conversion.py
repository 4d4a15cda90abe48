"""Rows become reports: who, when, where, of whom and how many, or a reason why not."""

from typing import Any

import pytest

from service.imports.conversion import Skipped, convert_row
from service.imports.errors import MappingError, RowError
from service.imports.mapping_schema import parse_mapping

MAPPING = """
title = "A register"
counts = "events"
{top}

[reporter]
name = "A Register"

[report]
ref = "{{id}}"
incident = "register:{{id}}"
{report}

[period]
from = "{{day}}"
to = "{{day}}"
{period}

[[places]]
name = "{{country}}"

[[places]]
name = "{{town}}"
remove = [" town"]
latitude = "{{lat}}"
longitude = "{{lon}}"
when = {{prec = "1"}}

[[figures]]
outcomes = ["killed"]
{figure}
{more}
"""

ROW = {
    "id": "7", "day": "2016-01-05", "country": "Syria", "town": "Azaz town", "lat": "36.5",
    "lon": "37.05", "prec": "1", "low": "2", "best": "3", "high": "5", "a": "2", "side": "IS",
    "words": "", "code": "1", "spare": "",
}  # fmt: skip

LOW_BEST_HIGH = 'low = "{low}"\nbest = "{best}"\nhigh = "{high}"'


def convert(cells: dict[str, str] | None = None, /, **parts: str) -> Any:
    """Return what becomes of the row with the cells, by a mapping with the parts."""
    named = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": "", **parts}
    return convert_row(parse_mapping(MAPPING.format(**named)), ROW | (cells or {}))


def refuse(cells: dict[str, str], /, **parts: str) -> tuple[str, str]:
    """Return the column and the reason for which the row with the cells is refused."""
    with pytest.raises(RowError) as caught:
        convert(cells, **parts)
    return caught.value.column, caught.value.reason


def test_a_row_is_a_report() -> None:
    assert convert() == {
        "reporter": {"id": "a-register", "name": "A Register"},
        "ref": "7",
        "incident": "register:7",
        "period": {"from": "2016-01-05", "to": "2016-01-05"},
        "places": [
            {
                "id": "syria-azaz",
                "name": "Azaz",
                "latitude": 36.5,
                "longitude": 37.05,
                "parent": {"id": "syria", "name": "Syria"},
            }
        ],
        "figures": [{"outcomes": ["killed"], "low": 2, "high": 5, "best": 3}],
    }


def test_a_place_is_as_precise_as_the_row() -> None:
    assert convert({"prec": "6"})["places"] == [{"id": "syria", "name": "Syria"}]
    assert convert({"town": ""})["places"] == [{"id": "syria", "name": "Syria"}]


def test_two_places_of_one_name_are_two_places() -> None:
    ids = {convert({"country": each})["places"][0]["id"] for each in ("Syria", "Turkey")}
    assert ids == {"syria-azaz", "turkey-azaz"}


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"id": ""}, "id", "is empty"),
        ({"day": ""}, "day", "is empty"),
        ({"day": "5 Jan"}, "day", "is not a day"),
        ({"country": "", "town": ""}, "town", "names no place"),
        ({"lat": "north"}, "lat", "not a number of degrees"),
        ({"low": "several"}, "low", "not a whole number"),
        ({"best": "9"}, "high", "low 2, best 9, high 5"),
        ({"high": "1", "best": ""}, "high", "low 2, high 1"),
    ],
)
def test_a_row_that_cannot_be_read_names_the_column(
    cells: dict[str, str], column: str, reason: str
) -> None:
    at, why = refuse(cells)
    assert at == column and reason in why


def test_a_range_can_be_widened_to_hold_its_numbers() -> None:
    (figure,) = convert({"low": "35", "best": "228", "high": "35"}, top='outside = "widen"')[
        "figures"
    ]
    assert (figure["low"], figure["best"], figure["high"]) == (35, 228, 228)
    assert "low 35, best 228, high 35" in figure["note"]


@pytest.mark.parametrize(
    ("figure", "cells", "numbers"),
    [
        ('exactly = "{low}"', {}, {"exactly": 2}),
        ('low = "{low}"', {}, {"low": 2}),
        ('high = "{high}"', {}, {"high": 5}),
        (LOW_BEST_HIGH, {"best": ""}, {"low": 2, "high": 5}),
        (LOW_BEST_HIGH, {"low": "3", "high": "3"}, {"exactly": 3}),
        ('range = "{words}"', {"words": "3-5"}, {"low": 3, "high": 5}),
        ('wording = "{words}"', {"words": "at least 3"}, {"wording": "at least 3"}),
        ('wording = "about {low}"', {}, {"wording": "about 2"}),
    ],
)
def test_numbers_are_given_in_several_ways(
    figure: str, cells: dict[str, str], numbers: dict[str, Any]
) -> None:
    (made,) = convert(cells, figure=figure)["figures"]
    assert made == {"outcomes": ["killed"], **numbers}


def test_a_row_without_a_number_is_skipped() -> None:
    assert convert({"words": ""}, figure='exactly = "{words}"') == Skipped("no number in it")


def test_zero_is_nobody_unless_the_mapping_says_otherwise() -> None:
    zero = {"low": "0"}
    assert convert(zero, figure='exactly = "{low}"')["figures"][0]["exactly"] == 0
    skipped = convert(zero, figure='exactly = "{low}"\nzero = "skip"')
    assert isinstance(skipped, Skipped)


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        # Of 2 to 5 people with a best estimate of 3, the one fewer and the two more may be theirs.
        ({"a": "2"}, {"low": 1, "high": 4, "best": 2}),
        ({"a": "0"}, {"low": 0, "high": 2, "best": 0}),
        ({"a": "3"}, {"low": 2, "high": 5, "best": 3}),
        ({"a": "2", "low": "3", "high": "3"}, {"exactly": 2}),
        ({"a": "2", "high": ""}, {"low": 1, "best": 2}),
    ],
)
def test_a_part_has_the_uncertainty_of_the_whole(
    cells: dict[str, str], part: dict[str, int]
) -> None:
    more = '[[figures]]\noutcomes = ["killed"]\npart = "{a}"\ngroups = [{name = "{side}"}]'
    _, made = convert(cells, more=more)["figures"]
    assert made == {"outcomes": ["killed"], **part, "groups": [{"id": "is", "name": "IS"}]}


def test_a_part_of_nothing_is_left_out() -> None:
    more = '[[figures]]\noutcomes = ["killed"]\npart = "{a}"'
    assert len(convert({"a": "0", "high": "3"}, more=more)["figures"]) == 1
    assert len(convert({"a": ""}, more=more)["figures"]) == 1


def test_a_single_day_is_widened_to_its_precision() -> None:
    period = 'precision = "{code}"\nprecisions = {1 = "day", 4 = "month"}'
    assert convert({"code": "1"}, period=period)["period"]["to"] == "2016-01-05"
    assert convert({"code": "4"}, period=period)["period"] == {
        "from": "2016-01-01",
        "to": "2016-01-31",
    }
    assert refuse({"code": "9"}, period=period) == ("code", "the code '9' is none of 1, 4")


def test_rows_can_be_skipped_and_texts_filled() -> None:
    assert convert({"spare": "sum"}, top='skip = {spare = "sum"}') == Skipped("spare is sum")
    report = 'note = "by {side}"\npublished_at = "{day}"\ncaveats = ["preliminary"]'
    made = convert(report=f'{report}\nsource = {{publisher = "{{side}}", url = "{{spare}}"}}')
    assert (made["note"], made["published_at"], made["caveats"], made["source"]) == (
        "by IS", "2016-01-05", ["preliminary"], {"publisher": "IS"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "key", "fix"),
    [
        ({"top": "colour = 1"}, "colour", "Known here"),
        ({"top": 'outside = "ignore"'}, "outside", "refuse, widen"),
        ({"figure": ""}, "figures[1].outcomes", "one way"),
        ({"figure": 'exactly = "{low}"\nlow = "{low}"'}, "figures[1].outcomes", "one way"),
        ({"figure": 'range = "{low}"\nlow = "{low}"'}, "figures[1].outcomes", "one way"),
        ({"figure": 'exactly = "{low"'}, "figures[1].exactly", "in braces"),
        ({"figure": 'exactly = "{low|upper}"'}, "figures[1].exactly", "no filter upper"),
        ({"figure": "exactly = 3"}, "figures[1].exactly", "must be text"),
        ({"period": 'precision = "{code}"'}, "period.precision", "or neither"),
        ({"period": "precision = = 3"}, "", "not valid TOML"),
        ({"figure": 'exactly = "{low}"\nwhen = 3'}, "figures[1].when", "table of columns"),
    ],
)
def test_a_mistake_in_a_mapping_names_the_key_and_the_fix(
    parts: dict[str, str], key: str, fix: str
) -> None:
    with pytest.raises(MappingError) as caught:
        convert(**parts)
    assert key in str(caught.value) and fix in str(caught.value)


def test_a_row_that_is_not_to_be_skipped_is_converted() -> None:
    assert isinstance(convert(top='skip = {spare = "sum", side = "nobody"}'), dict)


def test_days_that_end_before_they_begin_are_refused() -> None:
    period = 'from = "{day}"\nto = "{words}"'
    at, why = refuse_text(MAPPING.replace('from = "{{day}}"\nto = "{{day}}"', period), "2016-01-04")
    assert at == "words" and "before they begin on 2016-01-05" in why


def refuse_text(text: str, words: str) -> tuple[str, str]:
    filled = text.replace('"{words}"', '"{{words}}"').replace('"{day}"', '"{{day}}"')
    parts = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": ""}
    with pytest.raises(RowError) as caught:
        convert_row(parse_mapping(filled.format(**parts)), ROW | {"words": words})
    return caught.value.column, caught.value.reason


POINT = ('latitude = "{{lat}}"\nlongitude = "{{lon}}"', 'coordinates = "{{words}}"')


@pytest.mark.parametrize(
    ("cell", "point"),
    [("36.5, 37.05", (36.5, 37.05)), ("(36.5,37.05)", (36.5, 37.05)), ("", (None, None))],
)
def test_a_point_can_be_in_one_cell(cell: str, point: tuple[float | None, float | None]) -> None:
    parts = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": ""}
    mapping = parse_mapping(MAPPING.replace(*POINT).format(**parts))
    made = convert_row(mapping, ROW | {"words": cell})
    assert isinstance(made, dict)
    (place,) = made["places"]
    assert (place.get("latitude"), place.get("longitude")) == point


def test_half_a_point_is_refused() -> None:
    parts = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": ""}
    mapping = parse_mapping(MAPPING.replace(*POINT).format(**parts))
    with pytest.raises(RowError, match="with a comma between"):
        convert_row(mapping, ROW | {"words": "36.5"})


def test_a_day_of_publication_is_read_as_the_others() -> None:
    assert "published_at" not in convert({"words": ""}, report='published_at = "{words}"')
    at, why = refuse({"words": "soon"}, report='published_at = "{words}"')
    assert at == "words" and "is not a day" in why


def test_words_can_name_the_outcome() -> None:
    text = MAPPING.replace('outcomes = ["killed"]\n{figure}', 'wording = "{{words}}"')
    parts = {"top": "", "report": "", "period": "", "figure": "", "more": ""}
    mapping = parse_mapping(text.format(**parts))
    made = convert_row(mapping, ROW | {"words": "at least 3 wounded"})
    assert isinstance(made, dict)
    assert made["figures"] == [{"outcomes": ["wounded"], "wording": "at least 3 wounded"}]
    assert isinstance(convert_row(mapping, ROW | {"words": ""}), Skipped)
    for words, why in (("at least 3", "what happened"), ("3 blue elephants", "Not understood")):
        with pytest.raises(RowError, match=why) as caught:
            convert_row(mapping, ROW | {"words": words})
        assert caught.value.column == "words"


def test_a_part_of_a_whole_that_is_only_a_high_is_left_out() -> None:
    more = '[[figures]]\noutcomes = ["killed"]\npart = "{a}"'
    assert len(convert(figure='high = "{high}"', more=more)["figures"]) == 1


def test_conditions_can_be_negative() -> None:
    figure = f'{LOW_BEST_HIGH}\nunless = {{prec = ["2", "3"]}}'
    assert len(convert(figure=figure)["figures"]) == 1
    assert isinstance(convert({"prec": "2"}, figure=figure), Skipped)


def test_several_places_are_split() -> None:
    text = MAPPING.replace('latitude = "{{lat}}"\nlongitude = "{{lon}}"', 'split = ";"')
    parts = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": ""}
    made = convert_row(
        parse_mapping(text.format(**parts)), ROW | {"town": "Azaz; Idlib town ;Azaz"}
    )
    assert isinstance(made, dict)
    assert [each["name"] for each in made["places"]] == ["Azaz", "Idlib"]
    assert {each["parent"]["id"] for each in made["places"]} == {"syria"}


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ('name = "{{country}}"', 'name = "{{country}}"\nsplit = ";"', "Only the last"),
        ('name = "{{town}}"', 'name = "{{town}}"\nsplit = ";"', "no id, code or point"),
        ('outcomes = ["killed"]\n', "", "Give the outcomes"),
        ('when = {{prec = "1"}}', "when = {{prec = []}}", "table of columns"),
    ],
)
def test_a_mistake_of_several_keys_is_named(old: str, new: str, fix: str) -> None:
    parts = {"top": "", "report": "", "period": "", "figure": LOW_BEST_HIGH, "more": ""}
    with pytest.raises(MappingError, match=fix):
        parse_mapping(MAPPING.replace(old, new).format(**parts))
