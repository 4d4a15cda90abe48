"""The names of places, groups and reporters, prepared for a search that forgives spelling."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import takewhile
from threading import Lock
from typing import Final, NamedTuple
from weakref import ref

from rapidfuzz import process
from rapidfuzz.distance import OSA

from service.columns.entity_state import EntityState
from service.domain.entities import Entity, fold_case
from service.domain.name_folding import fold_name
from service.domain.vocabulary import ROOT_GROUP

MAX_INDEXED_NAMES: Final = 200_000
"""A record with more names is searched in its database, by the letters of the names alone."""

MAX_SEARCHED_WORDS: Final = 8
"""How many words of a search are compared; the others are not looked at."""

MAX_CLOSE_WORDS: Final = 50
"""How many words of close spelling stand for one word of a search."""

ENOUGH_MATCHES: Final = 20
"""With so many matches by letters, none of close spelling are looked for."""


class Closeness(IntEnum):
    """How a name meets the words of a search, the closest first."""

    SAME = 0
    SAME_LETTERS = 1
    SAME_ALIAS = 2
    BEGINS_LAST_WORD = 3
    BEGINS = 4
    HAS_WORDS = 5
    BEGINS_WORDS = 6
    CONTAINS = 7
    IS_SPELLED_ALIKE = 8


class Match(NamedTuple):
    """An entity that the words may mean; ``edits`` is how many letters differ.

    ``alias`` is the other name by which it was found; None if it was found by its own.
    """

    kind: str
    id: str
    closeness: Closeness
    edits: int
    alias: str | None


class NameIndex:
    """The folded names and aliases of entities, and in which of them each word is."""

    def __init__(self, entities: Iterable[tuple[str, Entity]]) -> None:
        """Prepare the names of entities; each comes with its kind."""
        self._names: list[str] = []
        self._owners: list[tuple[str, str]] = []
        self._spellings: list[str] = []
        self._aliases: list[str | None] = []
        self._numbers_by_word: dict[str, list[int]] = {}
        for kind, entity in entities:
            for position, name in enumerate((entity.name, *entity.aliases)):
                self._add(kind, entity.id, name, is_alias=position > 0)
        self._words = sorted(self._numbers_by_word)
        self._compact_names = [each.replace(" ", "") for each in self._names]

    def _add(self, kind: str, entity_id: str, name: str, *, is_alias: bool) -> None:
        folded = fold_name(name)
        number = len(self._names)
        self._names.append(folded)
        self._owners.append((kind, entity_id))
        self._spellings.append(fold_case(name).strip())
        self._aliases.append(name if is_alias else None)
        for word in set(folded.split()):
            self._numbers_by_word.setdefault(word, []).append(number)

    def find(self, text: str) -> list[Match]:
        """Return what the text may mean, each entity once with its closest name, in no order."""
        spelling, searched = fold_case(text).strip(), fold_name(text)
        words = searched.split()[:MAX_SEARCHED_WORDS]
        found: dict[tuple[str, str], Match] = {}
        for number, closeness in self._find_by_letters(spelling, searched):
            self._note(found, number, closeness)
        for number in self._find_by_words(words):
            self._note(found, number, Closeness.BEGINS_WORDS)
        if len(found) < ENOUGH_MATCHES:
            for number, edits in self._find_alike(words):
                self._note(found, number, Closeness.IS_SPELLED_ALIKE, edits)
        return list(found.values())

    def _note(
        self,
        found: dict[tuple[str, str], Match],
        number: int,
        closeness: Closeness,
        edits: int = 0,
    ) -> None:
        owner = self._owners[number]
        known = found.get(owner)
        if known is None or (closeness, edits) < (known.closeness, known.edits):
            found[owner] = Match(*owner, closeness, edits, self._aliases[number])

    def _find_by_letters(self, spelling: str, searched: str) -> Iterator[tuple[int, Closeness]]:
        """Yield the names that contain the text, and how."""
        if not searched:  # Names without any word are compared as they are.
            for number, each in enumerate(self._spellings):
                if each == spelling:
                    yield number, self._same(number, spelling)
            return
        word_count = searched.count(" ")
        for number, name in enumerate(self._names):
            if searched not in name:
                continue
            if name == searched:
                yield number, self._same(number, spelling)
            elif name.startswith(searched):
                is_last = name.count(" ") == word_count
                yield number, Closeness.BEGINS_LAST_WORD if is_last else Closeness.BEGINS
            elif f" {searched} " in f"{name} ":
                yield number, Closeness.HAS_WORDS
            else:
                is_beginning = f" {searched}" in name
                yield number, Closeness.BEGINS_WORDS if is_beginning else Closeness.CONTAINS

    def _same(self, number: int, spelling: str) -> Closeness:
        if self._aliases[number] is not None:
            return Closeness.SAME_ALIAS
        is_same = self._spellings[number] == spelling
        return Closeness.SAME if is_same else Closeness.SAME_LETTERS

    def _find_by_words(self, words: list[str]) -> set[int]:
        """Return the names with a word that begins with each of the words, in any order."""
        if len(words) < 2:
            return set()
        return set.intersection(*(self._find_beginning_with(each) for each in words))

    def _find_beginning_with(self, beginning: str) -> set[int]:
        start = bisect_left(self._words, beginning)
        words = takewhile(lambda word: word.startswith(beginning), self._words[start:])
        return {number for word in words for number in self._numbers_by_word[word]}

    def _find_alike(self, words: list[str]) -> Iterator[tuple[int, int]]:
        """Yield the names of close spelling, and how many letters differ: in words or as a whole.

        As a whole, they are compared without spaces: "deirezzor" is Deir ez-Zor.
        """
        if not words:
            return
        edits_of_words = [self._find_alike_word(each) for each in words]
        for number in set.intersection(*map(set, edits_of_words)):
            yield number, sum(each[number] for each in edits_of_words)
        compact = "".join(words)
        for number, name in enumerate(self._compact_names):
            if compact in name:
                yield number, 0
        for _, edits, number in process.extract(
            compact,
            self._compact_names,
            scorer=OSA.distance,
            score_cutoff=count_allowed_edits(compact),
            limit=MAX_CLOSE_WORDS,
        ):
            yield number, int(edits)

    def _find_alike_word(self, word: str) -> dict[int, int]:
        """Return the names with a word of close spelling, and how many letters differ."""
        edits_of: dict[int, int] = dict.fromkeys(self._find_beginning_with(word), 0)
        allowed = count_allowed_edits(word)
        if not allowed:
            return edits_of
        for close, edits, _ in process.extract(
            word, self._words, scorer=OSA.distance, score_cutoff=allowed, limit=MAX_CLOSE_WORDS
        ):
            for number in self._numbers_by_word[close]:
                edits_of[number] = min(int(edits), edits_of.get(number, allowed))
        return edits_of


def count_allowed_edits(word: str) -> int:
    """Return how many letters may differ in a word of this length.

    An exchange of two neighbours counts as one (optimal string alignment).
    """
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2 if len(word) < 10 else 3


class _LastIndex:
    """The index of the entities that were searched last: nearly all searches are in those."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entities: ref[EntityState] | None = None
        self._index: NameIndex | None = None

    def get(self, entities: EntityState) -> NameIndex | None:
        with self._lock:
            known = None if self._entities is None else self._entities()
            if known is not entities:
                self._entities, self._index = ref(entities), _make_index(entities)
            return self._index


def _make_index(entities: EntityState) -> NameIndex | None:
    named: list[tuple[str, Entity]] = [
        *(("place", each) for each in entities.places.values()),
        *(("group", each) for each in entities.groups.values() if each.id != ROOT_GROUP),
        *(("reporter", each) for each in entities.reporters.values()),
    ]
    if sum(1 + len(each.aliases) for _, each in named) > MAX_INDEXED_NAMES:
        return None
    return NameIndex(named)


_last_index: Final = _LastIndex()


def get_name_index(entities: EntityState) -> NameIndex | None:
    """Return the index of the entities, made at the first use; None if they are too many."""
    return _last_index.get(entities)
