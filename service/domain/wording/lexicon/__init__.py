"""The words that the reader of wordings knows, loaded from versioned data; knows no grammar."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from service.domain.wording.tokenizer import Phrase, cut

SLOTS: Final = ("N", "A", "B")
"""What stands for a number in a rule's words: N alone, A and B for the two ends of a range."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of quantity is worded and which ends it has.

    An end is a number, None (no ceiling) or one of N, N+1, N-1, N-h, N+h, A, B, where h is the
    reach of a rounded number. A rule whose ends name h reads no zero. ``words`` are all that it
    reads as they are shown to readers; ``patterns`` are those that the rule alone can match.
    """

    qualifier: str
    words: Words
    patterns: tuple[Words, ...]
    low: int | str
    high: int | str | None
    soft: frozenset[str]
    disclosed: bool

    @property
    def rounds(self) -> bool:
        """Whether an end leans on how numbers are rounded."""
        return "h" in f"{self.low}{self.high}"


class Table:
    """Phrases of one or more words, each standing for a set of outcomes (empty for most)."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Take the phrases as they are written; case and spacing do not matter."""
        self._sets = {_words(phrase): frozenset(named) for phrase, named in phrases.items()}
        self._longest = max(map(len, self._sets))

    def ends(self, phrase: Phrase, at: int) -> Iterator[tuple[int, frozenset[str]]]:
        """Yield where each known phrase that begins here ends, and its outcomes."""
        words = phrase.words(at, at + self._longest)
        for length in range(1, len(words) + 1):
            if words[:length] in self._sets:
                yield at + length, self._sets[words[:length]]

    def vocabulary(self) -> Iterator[str]:
        """Yield every single word of the table."""
        for words in self._sets:
            yield from words


@dataclass(frozen=True, slots=True)
class Numbers:
    """The number words: articles stand for one before a scale, wholes for a number at once."""

    articles: frozenset[str]
    ones: Mapping[str, int]
    tens: Mapping[str, int]
    scales: Mapping[str, int]
    wholes: Mapping[Words, int]
    glue: str

    def vocabulary(self) -> frozenset[str]:
        """Return every single word that numbers are made of."""
        return frozenset((*self.ones, *self.tens, *self.scales, self.glue))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One version of the words.

    ``patterns`` are the rules by their first word, "" where that is a number; ``losses`` is the
    rule for losses without a number; ``hints`` say by word what to do about words that are not
    read; ``known`` are all single words that mean something to the reader.
    """

    version: str
    rules: tuple[Rule, ...]
    patterns: Mapping[str, tuple[tuple[Rule, Words], ...]]
    losses: Rule
    numbers: Numbers
    tables: Mapping[str, Table]
    hints: Mapping[str, str]
    examples: str
    another_number: str
    known: frozenset[str]

    def beginning(self, word: str) -> tuple[tuple[Rule, Words], ...]:
        """Return the rules that may begin with the word, by their pattern: any with a number."""
        return self.patterns.get(word, ()) + self.patterns[""]


def _words(phrase: str) -> Words:
    """Return the words of a phrase or a rule, slots left in capitals."""
    return tuple(
        raw if (raw := phrase[token.start : token.stop]) in SLOTS else token.word
        for token in cut(phrase)
    )


def _rule(data: Mapping[str, Any]) -> Rule:
    return Rule(
        qualifier=data["qualifier"],
        words=(*data["words"], *data.get("also", ())),
        patterns=tuple(_words(phrase) for phrase in data["words"]),
        low=data["low"],
        high=data["high"],
        soft=frozenset(data["soft"]),
        disclosed=data.get("disclosed", True),
    )


def _patterns(rules: tuple[Rule, ...]) -> dict[str, tuple[tuple[Rule, Words], ...]]:
    found: dict[str, list[tuple[Rule, Words]]] = {}
    for rule in rules:
        for pattern in rule.patterns:
            first = "" if pattern[0] in SLOTS else pattern[0]
            found.setdefault(first, []).append((rule, pattern))
    return {first: tuple(pairs) for first, pairs in found.items()}


def _numbers(data: Mapping[str, Any]) -> Numbers:
    return Numbers(
        articles=frozenset(data["articles"]),
        ones=data["ones"],
        tens=data["tens"],
        scales=data["scales"],
        wholes={_words(phrase): value for phrase, value in data["whole"].items()},
        glue=data["and"],
    )


def _tables(data: Mapping[str, Any]) -> dict[str, Table]:
    """Return the tables by name; outcomes stand in the data as "killed wounded": [phrases]."""
    plain = {name: data[name] for name in ("leads", "links", "both", "joiners", "last_joiners")}
    plain |= data["people"] | {"degrees": data["losses"]["degrees"], "comma": [","]}
    tables = {name: Table(dict.fromkeys(phrases, ())) for name, phrases in plain.items()}
    deeds, outcomes, tolls = (_sets(data[name]) for name in ("deeds", "outcomes", "tolls"))
    tables |= {"deeds": Table(deeds), "outcomes": Table(outcomes | tolls), "tolls": Table(tolls)}
    return tables | {"losses": Table(data["losses"]["nouns"])}


def _sets(data: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {phrase: outcomes.split() for outcomes, phrases in data.items() for phrase in phrases}


def load(version: str) -> Lexicon:
    """Return a version of the lexicon; reads the data that is shipped with the package."""
    source = files(__name__).joinpath(f"{version}.json")
    data = json.loads(source.read_text(encoding="utf-8"))
    rules = tuple(_rule(rule) for rule in data["rules"])
    numbers, tables = _numbers(data["numbers"]), _tables(data)
    said = {word for rule in rules for pattern in rule.patterns for word in pattern}
    listed = {word for table in tables.values() for word in table.vocabulary()}
    return Lexicon(
        version=data["version"],
        rules=rules,
        patterns=_patterns(rules),
        losses=next(rule for rule in rules if rule.qualifier == data["losses"]["qualifier"]),
        numbers=numbers,
        tables=tables,
        hints={word: row["hint"] for row in data["hints"] for word in row["words"]},
        examples=data["examples"],
        another_number=data["another_number"],
        known=frozenset(said | listed | numbers.vocabulary()),
    )


EN: Final = load("en-1")
"""The lexicon that reads what is reported today."""
