"""The lexicon: words and the ranges that they mean, loaded from versioned data."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from service.domain.wording.tokenizer import Phrase, tokenize

SLOTS: Final = ("N", "A", "B")
"""The places for numbers in a rule's words: N for one, A and B for the ends of a range."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of quantity is worded, and its low and high.

    An end is a number, None (no upper bound), or one of N, N+1, N-1, N-h, N+h, A, B, where h is the
    margin of a rounded number (see ``Rounding``). The rule reads no number below ``min_number``.
    ``words`` are all wordings that are published; ``patterns`` are those that this rule matches by
    itself.
    """

    qualifier: str
    words: Words
    patterns: tuple[Words, ...]
    low: int | str
    high: int | str | None
    soft: frozenset[str]
    disclosed: bool
    min_number: int


class PhraseTable:
    """Phrases of one or more words, each with a set of outcomes, which is empty in most tables."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Take the phrases as written; case and spaces do not matter."""
        self._outcomes_by_phrase = {
            _split_words(phrase): frozenset(named) for phrase, named in phrases.items()
        }
        self._max_words = max(map(len, self._outcomes_by_phrase))

    def find_ends(self, phrase: Phrase, at: int) -> Iterator[tuple[int, frozenset[str]]]:
        """Yield the end of each known phrase that begins at the token, and its outcomes."""
        words = phrase.words_between(at, at + self._max_words)
        for length in range(1, len(words) + 1):
            if words[:length] in self._outcomes_by_phrase:
                yield at + length, self._outcomes_by_phrase[words[:length]]

    def iterate_words(self) -> Iterator[str]:
        """Yield every single word of the table."""
        for words in self._outcomes_by_phrase:
            yield from words


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The number words.

    ``articles`` mean one before a scale ("a hundred"); ``wholes`` are phrases for one number ("half
    a dozen"). ``units`` are the words that numbers are counted in, such as dozens.
    """

    articles: frozenset[str]
    ones: Mapping[str, int]
    tens: Mapping[str, int]
    scales: Mapping[str, int]
    wholes: Mapping[Words, int]
    conjunction: str
    units: Mapping[str, int]

    def collect_words(self) -> frozenset[str]:
        """Return every single word that is part of a number."""
        return frozenset((*self.ones, *self.tens, *self.scales, self.conjunction))


@dataclass(frozen=True, slots=True)
class Rounding:
    """How far a rounded number may be off.

    ``units`` are the units of number words that count in something else than ones. A margin is at
    most one ``largest``-th of the number and at least one ``smallest``-th (None: no such limit).
    ``least_low`` is the least low of a rounded number.
    """

    units: Mapping[str, int]
    largest: int
    smallest: int | None
    least_low: int

    def margin(self, number: int, unit: int | None = None) -> int:
        """Return h of the contract, at least 1: half the unit within the limits, rounded down.

        The unit is that of the words, else the largest power of ten that divides the number, or 5
        for a number below 100 that ends in 5.
        """
        if unit is None:
            digits = str(number)
            unit = 10 ** (len(digits) - len(digits.rstrip("0")))
            if number < 100 and number % 10 == 5:
                unit = 5
        least = number // self.smallest if self.smallest else 0
        return max(1, min(max(unit // 2, least), number // self.largest))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One version of the lexicon.

    ``patterns`` are the rules by first word, "" for a number. ``losses_rule`` is the rule for
    losses without a number. ``hints`` give, for words that are not read, how to rephrase them.
    ``known_words`` are all single words with a meaning.
    """

    version: str
    rules: tuple[Rule, ...]
    patterns: Mapping[str, tuple[tuple[Rule, Words], ...]]
    losses_rule: Rule
    numbers: NumberWords
    rounding: Rounding
    tables: Mapping[str, PhraseTable]
    hints: Mapping[str, str]
    examples: str
    another_number_hint: str
    known_words: frozenset[str]

    def rules_starting_with(self, word: str) -> tuple[tuple[Rule, Words], ...]:
        """Return the rules whose pattern begins with the word or with a number."""
        return self.patterns.get(word, ()) + self.patterns[""]


def _split_words(phrase: str) -> Words:
    """Return the words of a phrase or a rule; slots stay in capitals."""
    return tuple(
        raw if (raw := phrase[token.start : token.stop]) in SLOTS else token.word
        for token in tokenize(phrase)
    )


def _build_rule(data: Mapping[str, Any]) -> Rule:
    return Rule(
        qualifier=data["qualifier"],
        words=(*data["words"], *data.get("also", ())),
        patterns=tuple(_split_words(phrase) for phrase in data["words"]),
        low=data["low"],
        high=data["high"],
        soft=frozenset(data["soft"]),
        disclosed=data.get("disclosed", True),
        # Zero is never rounded.
        min_number=data.get("min_number", 1 if "h" in f"{data['low']}{data['high']}" else 0),
    )


def _index_patterns(rules: tuple[Rule, ...]) -> dict[str, tuple[tuple[Rule, Words], ...]]:
    pairs_by_word: dict[str, list[tuple[Rule, Words]]] = {}
    for rule in rules:
        for pattern in rule.patterns:
            first = "" if pattern[0] in SLOTS else pattern[0]
            pairs_by_word.setdefault(first, []).append((rule, pattern))
    return {first: tuple(pairs) for first, pairs in pairs_by_word.items()}


def _build_rounding(data: Mapping[str, Any]) -> Rounding:
    """Return the rounding of the data; without any, that of the first version."""
    return Rounding(
        data.get("units", {}),
        data.get("largest", 5),
        data.get("smallest"),
        data.get("least_low", 0),
    )


def _build_number_words(data: Mapping[str, Any], rounding: Rounding) -> NumberWords:
    return NumberWords(
        articles=frozenset(data["articles"]),
        ones=data["ones"],
        tens=data["tens"],
        scales=data["scales"],
        wholes={_split_words(phrase): value for phrase, value in data["whole"].items()},
        conjunction=data["and"],
        units=rounding.units,
    )


def _build_tables(data: Mapping[str, Any]) -> dict[str, PhraseTable]:
    """Return the tables by name; in the data, outcomes are the keys ("killed wounded")."""
    names = ("loss_verbs", "auxiliaries", "both", "conjunctions", "final_conjunctions")
    plain = {name: data[name] for name in names}
    people = dict(data["people"])
    neutral = {phrase.lower() for phrase in people.pop("neutral", ())}
    plain |= people | {"degrees": data["losses"]["degrees"], "comma": [","]}
    tables = {name: PhraseTable(dict.fromkeys(phrases, ())) for name, phrases in plain.items()}
    outcome_verbs, outcomes, outcome_nouns = (
        _invert_outcomes(data[name]) for name in ("outcome_verbs", "outcomes", "outcome_nouns")
    )
    tables |= {
        "kinds_of_people": PhraseTable(
            {
                phrase: ()
                for phrase in (*people["person_nouns"], *people["modifiers"])
                if phrase not in neutral
            }
        ),
        "outcome_verbs": PhraseTable(outcome_verbs),
        "outcomes": PhraseTable(outcomes | outcome_nouns),
        "outcome_nouns": PhraseTable(outcome_nouns),
    }
    return tables | {"losses": PhraseTable(data["losses"]["nouns"])}


def _invert_outcomes(data: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {phrase: outcomes.split() for outcomes, phrases in data.items() for phrase in phrases}


def load_lexicon(version: str) -> Lexicon:
    """Return a version of the lexicon from the data in this package."""
    source = files(__name__).joinpath(f"{version}.json")
    data = json.loads(source.read_text(encoding="utf-8"))
    rules = tuple(_build_rule(rule) for rule in data["rules"])
    rounding = _build_rounding(data.get("rounding", {}))
    numbers, tables = _build_number_words(data["numbers"], rounding), _build_tables(data)
    rule_words = {word for rule in rules for pattern in rule.patterns for word in pattern}
    table_words = {word for table in tables.values() for word in table.iterate_words()}
    return Lexicon(
        version=data["version"],
        rules=rules,
        patterns=_index_patterns(rules),
        losses_rule=next(rule for rule in rules if rule.qualifier == data["losses"]["qualifier"]),
        numbers=numbers,
        rounding=rounding,
        tables=tables,
        hints={word: row["hint"] for row in data["hints"] for word in row["words"]},
        examples=data["examples"],
        another_number_hint=data["another_number"],
        known_words=frozenset(rule_words | table_words | numbers.collect_words()),
    )


EN: Final = load_lexicon("en-2")
"""The lexicon that reads new reports."""
