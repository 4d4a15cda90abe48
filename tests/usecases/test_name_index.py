"""A name index finds names in spite of case, accents, alphabet and spelling, the closest first."""

from time import perf_counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.columns.entity_state import EntityState
from service.domain.entities import Place, Reporter, fold_case
from service.domain.name_folding import fold_name
from service.usecases.name_index import (
    Closeness,
    Match,
    NameIndex,
    count_allowed_edits,
    get_name_index,
)

NAMES = st.text(alphabet="abcdeéлкиї -'", min_size=1, max_size=12).filter(
    lambda name: bool(name.strip())
)


def make_index(*places: Place) -> NameIndex:
    return NameIndex(("place", each) for each in places)


def find(index: NameIndex, text: str) -> list[Match]:
    return sorted(index.find(text), key=lambda each: (each.closeness, each.edits, each.id))


ALEPPO = make_index(
    Place("plant", "Aleppo power plant"),
    Place("town", "Aleppo"),
    Place("road", "Khanasir-Aleppo road"),
    Place("new", "Newaleppo"),
    Place("homs", "Homs"),
)


@pytest.mark.parametrize(
    ("text", "closeness_by_id"),
    [
        ("Aleppo", {"town": "SAME", "plant": "BEGINS", "road": "HAS_WORDS", "new": "CONTAINS"}),
        ("ALEPPO ", {"town": "SAME", "plant": "BEGINS", "road": "HAS_WORDS", "new": "CONTAINS"}),
        (
            "alepp",
            {
                "town": "BEGINS_LAST_WORD",
                "plant": "BEGINS",
                "road": "BEGINS_WORDS",
                "new": "CONTAINS",
            },
        ),
        ("plant aleppo", {"plant": "BEGINS_WORDS"}),
        ("road aleppo", {"road": "BEGINS_WORDS"}),
        ("allepo", dict.fromkeys(("town", "plant", "road"), "IS_SPELLED_ALIKE")),
        ("aleppo powr plant", {"plant": "IS_SPELLED_ALIKE"}),
        ("powerplant", {"plant": "IS_SPELLED_ALIKE"}),
        ("hmo", {}),
        ("", {}),
        ("?", {}),
    ],
)
def test_a_text_finds_names_in_classes_of_closeness(
    text: str, closeness_by_id: dict[str, str]
) -> None:
    assert {each.id: each.closeness.name for each in ALEPPO.find(text)} == closeness_by_id


def test_an_alias_and_another_alphabet_find_the_entity() -> None:
    index = make_index(Place("kiev", "Kiev", aliases=("Київ", "Kyjiw")))
    assert find(index, "kyiv") == [Match("place", "kiev", Closeness.SAME_ALIAS, 0, "Київ")]
    assert find(index, "КИЕВ") == [Match("place", "kiev", Closeness.SAME_LETTERS, 0, None)]


def test_a_name_without_words_is_found_as_it_is_written() -> None:
    index = make_index(Place("dash", "—"), Place("other", "…"))
    assert find(index, "—") == [Match("place", "dash", Closeness.SAME, 0, None)]


@pytest.mark.parametrize(
    ("word", "edits"), [("abc", 0), ("abcd", 1), ("abcdef", 2), ("abcdefghij", 3)]
)
def test_longer_words_may_differ_in_more_letters(word: str, edits: int) -> None:
    assert count_allowed_edits(word) == edits


@given(st.lists(NAMES, min_size=1, max_size=20, unique_by=fold_case), st.data())
def test_the_exact_name_is_always_first(names: list[str], data: st.DataObject) -> None:
    index = make_index(*(Place(f"p{number}", name) for number, name in enumerate(names)))
    number = data.draw(st.integers(0, len(names) - 1))
    first, *others = find(index, names[number])
    assert first.closeness == Closeness.SAME
    assert fold_case(names[int(first.id[1:])]).strip() == fold_case(names[number]).strip()
    same = [each for each in others if each.closeness == Closeness.SAME]
    for each in same:  # Only names that differ in spaces around them are the same.
        assert fold_case(names[int(each.id[1:])]).strip() == fold_case(names[number]).strip()


@given(st.lists(NAMES, min_size=1, max_size=20), NAMES)
def test_every_name_that_contains_the_text_is_found_and_each_entity_once(
    names: list[str], text: str
) -> None:
    assume(fold_name(text))
    index = make_index(*(Place(f"p{number}", name) for number, name in enumerate(names)))
    found = [each.id for each in index.find(text)]
    assert len(found) == len(set(found))
    containing = {
        f"p{number}" for number, name in enumerate(names) if fold_name(text) in fold_name(name)
    }
    assert containing <= set(found)


@given(st.text(alphabet="abcdefgh", min_size=6, max_size=12), st.integers(0, 10))
def test_two_neighbours_exchanged_are_still_found(name: str, position: int) -> None:
    position %= len(name) - 1
    swapped = name[:position] + name[position + 1] + name[position] + name[position + 2 :]
    assert "p" in {each.id for each in make_index(Place("p", name)).find(swapped)}


def test_the_index_of_the_same_entities_is_made_once() -> None:
    def make_entities() -> EntityState:
        return EntityState({"a": Place("a", "A")}, {}, {"r": Reporter("r", "R")}, {})

    entities, others = make_entities(), make_entities()
    index = get_name_index(entities)
    assert get_name_index(entities) is index
    assert get_name_index(others) is not index
    assert index is not None and [each.kind for each in index.find("r")] == ["reporter"]


def test_too_many_names_are_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.usecases.name_index.MAX_INDEXED_NAMES", 1)
    assert get_name_index(EntityState({"a": Place("a", "A", aliases=("B",))}, {}, {}, {})) is None


def test_twenty_thousand_places_are_searched_about_as_fast_as_they_are_read() -> None:
    syllables = ["ka", "lo", "mi", "ru", "te", "zu", "bar", "den", "vik", "sol"]
    places = [
        Place(f"p{number}", "".join(syllables[int(digit)] for digit in f"{number:05}"))
        for number in range(20_000)
    ]
    index = make_index(*places)
    searching, reading = [], []
    for text in ("kalomirute", "kalomi", "kalomriute", "ka", "nothing alike"):
        started_at = perf_counter()
        index.find(text)
        searching.append(perf_counter() - started_at)
        started_at = perf_counter()
        assert sum(text in fold_name(place.name) for place in places) < len(places)
        reading.append(perf_counter() - started_at)
    # The machine may be busy for some of them.
    assert min(searching) < 5 * min(reading)
