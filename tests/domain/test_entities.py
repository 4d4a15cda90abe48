"""Places, groups and reporters and their fields."""

import pytest

from service.domain.entities import (
    MAX_COMPARED_IDS,
    Group,
    Place,
    Reporter,
    find_differing_fields,
    find_similar_ids,
    fold_case,
    list_edited_ids,
    make_entity,
    parent_of,
)


def test_only_the_root_of_groups_has_no_parent() -> None:
    assert Group("a", "A").parent == "everyone"
    assert Group("a", "A", parent="b").parent == "b"
    assert Group("everyone", "Everyone").parent is None


def test_reporters_have_no_parent() -> None:
    assert parent_of(Reporter("a", "A")) is None
    assert parent_of(Place("a", "A", parent="b")) == "b"


def test_an_entity_has_defaults_for_missing_fields() -> None:
    assert make_entity("place", "a", {"id": "b", "name": "A"}) == Place("a", "A")


def test_only_given_fields_can_differ() -> None:
    known = Place("a", "A", parent="b", aliases=("x",))
    assert find_differing_fields(known, {"name": "A"}) == []
    assert find_differing_fields(known, {"name": "B", "parent": None, "aliases": ("x",)}) == [
        "name",
        "parent",
    ]


def test_a_group_without_parent_is_described_as_below_everyone() -> None:
    assert find_differing_fields(Group("a", "A"), {"parent": None}) == []


def test_names_are_compared_without_case_and_width() -> None:
    assert fold_case("ＰＬＥＫＨＯＶＯ") == fold_case("Plekhovo") == "plekhovo"
    assert fold_case("Straße") == fold_case("STRASSE")


@pytest.mark.parametrize(
    "misspelled", ["kursk-12", "kursk-1233", "krusk-123", "x-kursk-123", "kursk-12b"]
)
def test_a_similar_id_is_found_among_few(misspelled: str) -> None:
    known_ids = ["belgorod", "sumy", "kursk-123", *(f"village-{n}" for n in range(500))]
    assert find_similar_ids(misspelled, known_ids) == ("kursk-123",)


@pytest.mark.parametrize(
    "misspelled", ["kursk-12", "kursk-1233", "krusk-123", "xkursk-123", "kursk-12b"]
)
def test_an_id_of_one_edit_is_found_among_many(misspelled: str) -> None:
    known_ids = {"kursk-123", *(f"village-{n}" for n in range(2 * MAX_COMPARED_IDS))}
    assert find_similar_ids(misspelled, known_ids) == ("kursk-123",)


def test_the_ids_of_one_edit_are_all_others_of_one_edit() -> None:
    edited = list_edited_ids("ab")
    # 2 without a character, 1 with both exchanged, 2 * 37 with another one, 3 * 38 with one more,
    # of which two are made in two ways.
    assert len(edited) == 2 + 1 + 2 * 37 + 3 * 38 - 2
    assert {"a", "b", "ba", "xb", "ax", "abx", "axb", "xab"} <= set(edited)
    assert "ab" not in edited
    assert list_edited_ids("a" * 41) == []
