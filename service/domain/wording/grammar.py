"""How a casualty wording is built: [deed] quantity [people] [outcomes]; knows no arithmetic.

Every part is tried at its place and yields each place where it may end, so that the phrase is read
whole or not at all; the farthest place that was tried is where reading stopped.
"""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import NamedTuple

from service.domain.wording.lexicon import SLOTS, Lexicon, Rule, Words
from service.domain.wording.numerals import Number, numbers
from service.domain.wording.tokenizer import Phrase

Named = tuple[int, frozenset[str]]
"""Where a part ends and the outcomes that it names, none for people."""

Item = Callable[[int], Iterator[Named]]
"""What yields the ends of one member of a list that begins at a place."""

Said = tuple[frozenset[str], ...]
"""The sets of outcomes that a phrase names in order: "lost 30, killed or wounded" has two."""


class Draft(NamedTuple):
    """One way to read a phrase up to ``end``: which rule, its numbers and the outcomes named.

    The quantity is the run of tokens from ``first`` to ``last`` (excluded).
    """

    rule: Rule
    numbers: tuple[Number, ...]
    said: Said
    first: int
    last: int
    end: int


class Grammar:
    """Tries the rules of a lexicon on one phrase."""

    def __init__(self, phrase: Phrase, lexicon: Lexicon) -> None:
        self.phrase = phrase
        self.lexicon = lexicon
        self.reached = 0

    def drafts(self) -> Iterator[Draft]:
        """Yield every way to read a beginning of the phrase; the whole of it is the caller's wish.

        Once all are taken, ``reached`` is the farthest token at which something was looked for.
        """
        for first, said, suffered in self._openings():
            for rule, found, last in self._quantities(first):
                for end, more in self._rest(last):
                    # "suffered 30" and "left 30 soldiers" do not say that anyone was hit.
                    if more or not suffered:
                        yield Draft(rule, found, said + more, first, last, end)
            for end, more in self._losses(first):
                yield Draft(self.lexicon.losses, (), said + more, first, end, end)

    def _openings(self) -> Iterator[tuple[int, Said, bool]]:
        """Yield the ways to begin: with the quantity, with "suffered", with "killed or wounded"."""
        yield 0, (), False
        for end, _ in self._ends("leads", 0):
            yield end, (), True
        for end, named in self._listed(0, lambda at: self._ends("deeds", at)):
            yield end, (named,), False

    def _quantities(self, at: int) -> Iterator[tuple[Rule, tuple[Number, ...], int]]:
        self._look(at)
        for rule, pattern in self.lexicon.beginning(self.phrase.word(at)):
            for found, end in self._filled(pattern, at, ()):
                yield rule, found, end

    def _filled(
        self, pattern: Words, at: int, found: tuple[Number, ...]
    ) -> Iterator[tuple[tuple[Number, ...], int]]:
        """Yield the numbers in the pattern's slots and where the pattern ends."""
        self._look(at)
        run = tuple(takewhile(lambda word: word not in SLOTS, pattern))
        if self.phrase.words(at, at + len(run)) != run:
            return
        at, pattern = at + len(run), pattern[len(run) :]
        if not pattern:
            yield found, at
            return
        for number in self._numbers(at):
            yield from self._filled(pattern[1:], number.end, (*found, number))
            if pattern[0] == "N" and pattern[1:]:  # "30 people or more"
                for end, _ in self._people(number.end):
                    yield from self._filled(pattern[1:], end, (*found, number))

    def _numbers(self, at: int) -> Iterator[Number]:
        self._look(at)
        return numbers(self.phrase, at, self.lexicon.numbers)

    def _rest(self, at: int) -> Iterator[tuple[int, Said]]:
        """Yield what may follow a quantity: nothing, people, outcomes, or both in either order."""
        yield at, ()
        for end, _ in self._ends("parts", at):
            yield from self._clause(end)
        for end, _ in self._people(at):
            yield end, ()
            yield from self._clause(end)
        yield from self._clause(at)
        for start in self._after_of(at):
            yield from self._described(start)

    def _after_of(self, at: int) -> tuple[int, ...]:
        """Return where "dozens [of] casualties" goes on; "30 of the wounded" would be a part."""
        return (at, at + 1) if self.phrase.word(at) == "of" else (at,)

    def _described(self, at: int) -> Iterator[tuple[int, Said]]:
        """Yield the ends of "wounded civilians" and "North Korean casualties", with a clause.

        "One army captured" is no person captured: a describer without people needs a noun.
        """
        found = [
            (end, named)
            for middle, named in self._listed(at, self._outcome)
            for end in (middle, *(stop for stop, _ in self._listed(middle, self._person)))
        ]
        for start in self._many("describers", at):
            found += self._listed(start, lambda place: self._ends("tolls", place))
        for end, named in found:
            yield end, (named,)
            yield from ((stop, (named, *more)) for stop, more in self._clause(end))

    def _clause(self, at: int) -> Iterator[tuple[int, Said]]:
        """Yield the ends of "[were] [either] killed or wounded".

        A comma needs an "either" or "both" behind it: "39, was killed" tells somebody's age.
        """
        for link in self._maybe("links", at):
            for start in self._maybe("both", link):
                for end, named in self._listed(start, self._outcome):
                    yield end, (named,)

    def _losses(self, at: int) -> Iterator[tuple[int, Said]]:
        """Yield the ends of losses without a number: "heavy losses", "casualties"."""
        for degree in self._maybe("degrees", at):
            for start in self._many("describers", degree):
                for end, named in self._ends("losses", start):
                    yield end, (named,)
                    yield from ((stop, (named, *more)) for stop, more in self._clause(end))

    def _people(self, at: int) -> Iterator[Named]:
        """Yield the ends of "[of their] North Korean soldiers [and civilians]"."""
        for start in self._maybe("of", at):
            yield from self._listed(start, self._person)

    def _person(self, at: int) -> Iterator[Named]:
        for start in self._many("describers", at):
            yield from self._ends("nouns", start)

    def _outcome(self, at: int) -> Iterator[Named]:
        for start in self._maybe("links", at):
            yield from self._ends("outcomes", start)

    def _listed(self, at: int, item: Item, open_comma: bool = False) -> Iterator[Named]:
        """Yield the ends of "a", "a or b", "a, b and c" and all that they name together.

        A comma alone joins nothing: in "5 killed, wounded" and "5 hurt, and losses" a number may
        be missing. No outcome is named twice: "killed and casualties" is no sum of its own.
        """
        joiners = ("joiners", "last_joiners") if open_comma else ("joiners",)
        for end, named in item(at):
            if not open_comma:
                yield end, named
            for table in (*joiners, "comma"):
                for start, _ in self._ends(table, end):
                    for stop, more in self._listed(start, item, table == "comma"):
                        if not named & more:
                            yield stop, named | more

    def _many(self, table: str, at: int) -> list[int]:
        """Return every place that none, one or more phrases of the table lead to."""
        places = [at]
        for place in places:
            places += [end for end, _ in self._ends(table, place) if end not in places]
        return places

    def _maybe(self, table: str, at: int) -> list[int]:
        """Return the place itself and every place that one phrase of the table leads to."""
        return [at, *(end for end, _ in self._ends(table, at))]

    def _ends(self, table: str, at: int) -> Iterator[Named]:
        self._look(at)
        return self.lexicon.tables[table].ends(self.phrase, at)

    def _look(self, at: int) -> None:
        self.reached = max(self.reached, at)
