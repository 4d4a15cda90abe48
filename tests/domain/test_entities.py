"""Places, groups and reporters and their fields."""

from service.domain.entities import (
    Group,
    Place,
    Reporter,
    find_differing_fields,
    fold_case,
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
