"""The grammar of a wording: [verb] quantity [people] [outcomes]; it computes no numbers.

A recursive-descent parser with backtracking: each part yields every position where it may end, so a
phrase is read as a whole or rejected. The farthest position tried is where reading stopped.
"""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import NamedTuple

from service.domain.wording.lexicon import SLOTS, Lexicon, Rule, Words
from service.domain.wording.numerals import Number, find_numbers
from service.domain.wording.tokenizer import Phrase

PartMatch = tuple[int, frozenset[str]]
"""The end of a part and the outcomes that it names; none for people."""

ItemParser = Callable[[int], Iterator[PartMatch]]
"""Yields the matches of one item of a list that starts at a position."""

OutcomeSets = tuple[frozenset[str], ...]
"""The sets of outcomes that a phrase names, in order: "lost 30, killed or wounded" has two."""


class Parse(NamedTuple):
    """One parse of a phrase up to ``end``: the rule, its numbers and the outcomes named.

    The quantity is the run of tokens from ``quantity_start`` to ``quantity_end`` (excluded).
    """

    rule: Rule
    numbers: tuple[Number, ...]
    outcome_sets: OutcomeSets
    quantity_start: int
    quantity_end: int
    end: int


class PhraseParser:
    """Tries the rules of a lexicon on one phrase."""

    def __init__(self, phrase: Phrase, lexicon: Lexicon) -> None:
        self.phrase = phrase
        self.lexicon = lexicon
        self.farthest = 0

    def iterate_parses(self) -> Iterator[Parse]:
        """Yield every parse of a beginning of the phrase.

        The caller selects those of the whole phrase. After the last one, ``farthest`` is the
        farthest token that was tried.
        """
        for first, outcome_sets, needs_outcome in self._parse_opening():
            for rule, numbers, last in self._parse_quantity(first):
                for end, more in self._parse_rest(last):
                    # "suffered 30" and "left 30 soldiers" name no outcome.
                    if more or not needs_outcome:
                        yield Parse(rule, numbers, outcome_sets + more, first, last, end)
            for end, more in self._parse_losses(first):
                yield Parse(self.lexicon.losses_rule, (), outcome_sets + more, first, end, end)

    def _parse_opening(self) -> Iterator[tuple[int, OutcomeSets, bool]]:
        """Yield each opening: none, a verb of loss ("suffered"), or outcome verbs ("killed")."""
        yield 0, (), False
        for end, _ in self._match("loss_verbs", 0):
            yield end, (), True
        for end, named in self._parse_list(0, lambda at: self._match("outcome_verbs", at)):
            yield end, (named,), False

    def _parse_quantity(self, at: int) -> Iterator[tuple[Rule, tuple[Number, ...], int]]:
        self._note_position(at)
        for rule, pattern in self.lexicon.rules_starting_with(self.phrase.word_at(at)):
            for numbers, end in self._parse_pattern(pattern, at, ()):
                yield rule, numbers, end

    def _parse_pattern(
        self, pattern: Words, at: int, numbers: tuple[Number, ...]
    ) -> Iterator[tuple[tuple[Number, ...], int]]:
        """Yield the numbers in the pattern's slots and the end of the pattern."""
        self._note_position(at)
        run = tuple(takewhile(lambda word: word not in SLOTS, pattern))
        if self.phrase.words_between(at, at + len(run)) != run:
            return
        at, pattern = at + len(run), pattern[len(run) :]
        if not pattern:
            yield numbers, at
            return
        for number in self._parse_number(at):
            yield from self._parse_pattern(pattern[1:], number.end, (*numbers, number))
            if pattern[0] == "N" and pattern[1:]:  # "30 people or more"
                for end, _ in self._parse_people(number.end):
                    yield from self._parse_pattern(pattern[1:], end, (*numbers, number))

    def _parse_number(self, at: int) -> Iterator[Number]:
        self._note_position(at)
        return find_numbers(self.phrase, at, self.lexicon.numbers)

    def _parse_rest(self, at: int) -> Iterator[tuple[int, OutcomeSets]]:
        """Yield what may follow a quantity: nothing, people, outcomes, or both in either order."""
        yield at, ()
        for end, _ in self._match("partitives", at):
            yield from self._parse_clause(end)
        for end, _ in self._parse_people(at):
            yield end, ()
            yield from self._parse_clause(end)
        yield from self._parse_clause(at)
        for start in self._skip_of(at):
            yield from self._parse_described(start)

    def _skip_of(self, at: int) -> tuple[int, ...]:
        """Return where "dozens [of] casualties" continues; "30 of the wounded" would be a part."""
        return (at, at + 1) if self.phrase.word_at(at) == "of" else (at,)

    def _parse_described(self, at: int) -> Iterator[tuple[int, OutcomeSets]]:
        """Yield the ends of "wounded civilians" and "North Korean casualties", with a clause.

        A modifier without a person needs an outcome noun: "one army captured" is not one person
        captured.
        """
        matches = [
            (end, named)
            for middle, named in self._parse_list(at, self._parse_outcome)
            for end in (middle, *(stop for stop, _ in self._parse_list(middle, self._parse_person)))
        ]
        for start in self._match_repeatedly("modifiers", at):
            matches += self._parse_list(start, lambda place: self._match("outcome_nouns", place))
        for end, named in matches:
            yield end, (named,)
            yield from ((stop, (named, *more)) for stop, more in self._parse_clause(end))

    def _parse_clause(self, at: int) -> Iterator[tuple[int, OutcomeSets]]:
        """Yield the ends of "[were] [either] killed or wounded".

        A comma must be followed by "either" or "both": "39, was killed" states an age.
        """
        for link in self._match_optionally("auxiliaries", at):
            for start in self._match_optionally("both", link):
                for end, named in self._parse_list(start, self._parse_outcome):
                    yield end, (named,)

    def _parse_losses(self, at: int) -> Iterator[tuple[int, OutcomeSets]]:
        """Yield the ends of losses without a number: "heavy losses", "casualties"."""
        for degree in self._match_optionally("degrees", at):
            for start in self._match_repeatedly("modifiers", degree):
                for end, named in self._match("losses", start):
                    yield end, (named,)
                    yield from ((stop, (named, *more)) for stop, more in self._parse_clause(end))

    def _parse_people(self, at: int) -> Iterator[PartMatch]:
        """Yield the ends of "[of their] North Korean soldiers [and civilians]"."""
        for start in self._match_optionally("of", at):
            yield from self._parse_list(start, self._parse_person)

    def _parse_person(self, at: int) -> Iterator[PartMatch]:
        for start in self._match_repeatedly("modifiers", at):
            yield from self._match("person_nouns", start)

    def _parse_outcome(self, at: int) -> Iterator[PartMatch]:
        for start in self._match_optionally("auxiliaries", at):
            yield from self._match("outcomes", start)

    def _parse_list(
        self, at: int, item: ItemParser, open_comma: bool = False
    ) -> Iterator[PartMatch]:
        """Yield the ends of "a", "a or b", "a, b and c", with the union of the outcomes they name.

        A comma alone is no conjunction: in "5 killed, wounded" and "5 hurt, and losses" a number
        may be missing. No outcome may be named twice: "killed and casualties" is not one sum.
        """
        conjunctions = ("conjunctions", "final_conjunctions") if open_comma else ("conjunctions",)
        for end, named in item(at):
            if not open_comma:
                yield end, named
            for table in (*conjunctions, "comma"):
                for start, _ in self._match(table, end):
                    for stop, more in self._parse_list(start, item, table == "comma"):
                        if not named & more:
                            yield stop, named | more

    def _match_repeatedly(self, table: str, at: int) -> list[int]:
        """Return every position after none, one or more phrases of the table."""
        places = [at]
        for place in places:
            places += [end for end, _ in self._match(table, place) if end not in places]
        return places

    def _match_optionally(self, table: str, at: int) -> list[int]:
        """Return the position itself and every position after one phrase of the table."""
        return [at, *(end for end, _ in self._match(table, at))]

    def _match(self, table: str, at: int) -> Iterator[PartMatch]:
        self._note_position(at)
        return self.lexicon.tables[table].find_ends(self.phrase, at)

    def _note_position(self, at: int) -> None:
        self.farthest = max(self.farthest, at)
