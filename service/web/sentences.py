"""The sentence of a subject: how many people, of whom, where, when, and who says so.

It can be printed as it stands: "At least 301 killed among Ukrainian forces in Plekhovo by 20
December 2024, says Romanov Light (party to the conflict)."
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from service.domain.periods import ALWAYS, Period
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import (
    classify_range,
    contradiction_text,
    format_count,
    join_words,
    outcomes_text,
)
from service.web import day_words

MAX_NAMED_PLACES: Final = 4
"""How many places a sentence names before it counts the rest."""

MAX_NAMED_REPORTERS: Final = 2
"""How many reporters a sentence names; of more it gives the number."""

PERSON_NOUNS: Final = frozenset(
    "aidworkers adults boys captives children civilians combatants conscripts fighters firefighters"
    " girls guards insurgents journalists medics men mercenaries militants militiamen officers"
    " people peacekeepers persons police policemen prisoners rebels recruits refugees residents"
    " servicemen servicewomen settlers soldiers teachers troops volunteers women workers".split()
)
"""Last words of group names that can be counted: "12 soldiers". All others are "among ..."."""

_PLACES_WITH_ARTICLE: Final = frozenset(
    "bank canal coast emirates federation front heights islands kingdom netherlands peninsula"
    " republic sea states strip valley".split()
)
"""Last words of names of places that take "the": the Gaza Strip."""

_REPORTERS_WITH_ARTICLE: Final = frozenset(
    "administration agency alliance army association authority bureau center centre centers"
    " commission committee council court defense defence department directorate embassy federation"
    " force forces foundation government group hq initiative institute mission ministry network"
    " observatory office organisation organization party police program programme project register"
    " service society staff system union university".split()
)
"""Last words, before any "of" or "for", of names of reporters that take "the"."""


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many people of one set of outcomes; ``high`` None: no upper limit.

    ``contradiction`` is by how many people the reports contradict each other: None if they do not,
    and 0 if that is not known. Then the range is that of the nearest reading, if there is one.
    ``is_partial`` says of a zero that it is reported of a part of the people only.
    """

    outcomes: frozenset[str]
    low: int
    high: int | None
    contradiction: int | None = None
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Sayer:
    """A reporter whose figures are counted."""

    name: str
    is_party: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence is about.

    ``counts`` are what is said of the outcomes that somebody spoke of, the most important first;
    empty if nobody did. ``asked_outcomes`` is then what was asked for. ``period`` is the queried
    one, ``covered`` what the counted figures cover: its first day is None if a figure does not
    state its own. ``is_added`` says that the counts are differences of running totals.
    """

    counts: Sequence[OutcomeCount]
    asked_outcomes: frozenset[str]
    places: Sequence[str] = ()
    groups: Sequence[str] = ()
    period: Period = ALWAYS
    covered: Period = field(default_factory=lambda: Period(None, None))
    sayers: Sequence[Sayer] = ()
    is_added: bool = False


def write_sentence(subject: Subject) -> str:
    """Return the sentence, with its full stop."""
    if not subject.counts:
        return f"{_write_silence(subject)}."
    people = write_people(subject)
    scope = _join_scope(write_places(subject.places), write_when(subject))
    sentence = f"{people}{scope}{write_sayers(subject.sayers)}"
    contradictions = [each.contradiction for each in subject.counts]
    worst = max((each for each in contradictions if each is not None), default=None)
    if worst is not None:
        words = contradiction_text(worst) if worst else "reports contradict each other"
        sentence = f"{sentence}; {words}"
    return f"{sentence[0].upper()}{sentence[1:]}."


def write_part(group: str, low: int, high: int | None) -> str:
    """Return how many of a sentence's people are in a group: "Of them at least 9 civilians."."""
    noun = _write_group(group)
    number = write_range(low, high)
    if not _is_countable(noun):
        return f"Of them {number} among {noun}."
    if (high or low) == 1:
        noun = _make_singular(noun)
    return f"Of them {number} {noun}."


def write_people(subject: Subject) -> str:
    """Return how many people, of which outcomes, of whom: "at least 30 soldiers killed"."""
    of_whom = [_write_group(each) for each in subject.groups]
    is_countable = len(of_whom) == 1 and _is_countable(of_whom[0])
    noun = of_whom[0] if is_countable else "people"
    among = f" among {join_words(of_whom)}" if of_whom and not is_countable else ""
    first, *others = subject.counts
    words = [_write_count(first, noun, is_alone=not others or is_countable, subject=subject)]
    words += [_write_count(each, "", is_alone=False, subject=subject) for each in others]
    if subject.is_added:
        words[1:] = [each.replace(" added", "", 1) for each in words[1:]]
    return f"{join_words(words)}{among}"


def _write_count(count: OutcomeCount, noun: str, *, is_alone: bool, subject: Subject) -> str:
    outcomes = outcomes_text(count.outcomes)
    kind = classify_range(count.low, count.high)
    if kind == "nobody":
        nobody = f"no {noun}" if noun and noun != "people" else "nobody"
        part = " in the part that is reported" if count.is_partial else ""
        return f"{nobody} {outcomes}{part}"
    if kind == "unknown":
        what = noun or "people"
        return f"an unknown number of {what} {outcomes}"
    number = write_range(count.low, count.high)
    if not is_alone or (noun == "people" and subject.groups):
        noun = ""
    elif (count.high or count.low) == 1:
        noun = _make_singular(noun)
    if subject.is_added:
        counted = f"{number} {noun}" if noun else number
        return f"{counted} added to the {outcomes}"
    return f"{number} {noun} {outcomes}" if noun else f"{number} {outcomes}"


def write_range(low: int, high: int | None) -> str:
    """Return the range for print: "at least 30", "43,486 to 49,689", "up to 12", "5"."""
    kind = classify_range(low, high)
    if kind == "unknown":
        return "an unknown number"
    if kind == "at_least":
        return f"at least {format_count(low)}"
    if kind == "up_to":
        return f"up to {format_count(high or 0)}"
    if kind == "between":
        return f"{format_count(low)} to {format_count(high or 0)}"
    return format_count(low) if low else "nobody"


def write_places(names: Sequence[str]) -> str:
    """Return where: "in Syria", "in the Gaza Strip"; "" for everywhere."""
    if not names:
        return ""
    shown = [_write_place(each) for each in names[:MAX_NAMED_PLACES]]
    rest = len(names) - MAX_NAMED_PLACES
    if rest > 0:
        shown.append(f"{rest} more place{'' if rest == 1 else 's'}")
    return f"in {join_words(shown)}"


def _write_place(name: str) -> str:
    words = name.lower().split()
    takes_article = words[-1] in _PLACES_WITH_ARTICLE and words[0] != "the"
    takes_article = takes_article or name.startswith(("Republic of ", "Democratic Republic "))
    return f"the {isolate_bidi(name)}" if takes_article else isolate_bidi(name)


def write_when(subject: Subject) -> str:
    """Return when, as an adverbial: "in 2016", "by 30 June 2024"; "" if no day is known.

    Where the query has no end of its own, it is that of the covered days.
    """
    period, covered = subject.period, subject.covered
    first, last = period.first, period.last or covered.last
    if first is None and covered.first is not None:
        first = covered.first if period.last is None else None
    if last is None:
        return ""
    if first is None:
        return f"by {day_words.format_day(last)}"
    return day_words.format_during(min(first, last), max(first, last))


def write_sayers(sayers: Sequence[Sayer]) -> str:
    """Return who says so, with a comma before: ", according to the Ministry of Health"."""
    if not sayers:
        return ""
    parties = sum(each.is_party for each in sayers)
    if len(sayers) > MAX_NAMED_REPORTERS:
        counted = f", according to {format_count(len(sayers))} reporters"
        if not parties:
            return counted
        if parties == 1:
            return f"{counted}, one of them a party to the conflict"
        which = "all of them" if parties == len(sayers) else f"{format_count(parties)} of them"
        return f"{counted}, {which} parties to the conflict"
    names = [_write_sayer(each) for each in sayers]
    if len(sayers) == 1 and parties:
        return f", says {names[0]}"
    return f", according to {join_words(names)}"


def _write_sayer(sayer: Sayer) -> str:
    name = write_reporter(sayer.name)
    if not sayer.is_party:
        return name
    if name.endswith(")"):
        return f"{name[:-1]}; party to the conflict)"
    return f"{name} (party to the conflict)"


def write_reporter(name: str) -> str:
    """Return the name inside a sentence: "the Ministry of Health"."""
    head = name.lower().replace(",", " ").split(" of ")[0].split(" for ")[0].split(" (")[0].split()
    takes_article = bool(head) and head[-1] in _REPORTERS_WITH_ARTICLE and head[0] != "the"
    return f"the {isolate_bidi(name)}" if takes_article else isolate_bidi(name)


def _write_silence(subject: Subject) -> str:
    outcomes = outcomes_text(subject.asked_outcomes)
    of_whom = [_write_group(each) for each in subject.groups]
    noun = join_words(of_whom, "or") if of_whom else "people"
    when = write_when(subject) if subject.period != ALWAYS else ""
    scope = _join_scope(write_places(subject.places), when)
    return f"No report counts {noun} {outcomes}{scope}"


def _join_scope(*parts: str) -> str:
    return "".join(f" {each}" for each in parts if each)


def _write_group(name: str) -> str:
    """Return the name of a group inside a sentence; a common noun gets a small letter."""
    words = name.split()
    if len(words) >= 1 and words[0].lower() in PERSON_NOUNS:
        words[0] = words[0].lower()
    return isolate_bidi(" ".join(words))


def _is_countable(name: str) -> bool:
    words = name.split()
    return bool(words) and words[-1].lower() in PERSON_NOUNS


_SINGULARS: Final = {
    "people": "person", "men": "man", "women": "woman", "children": "child",
    "servicemen": "serviceman", "servicewomen": "servicewoman", "policemen": "policeman",
    "militiamen": "militiaman", "mercenaries": "mercenary", "police": "police officer",
    "troops": "soldier",
}  # fmt: skip


def _make_singular(noun: str) -> str:
    *before, last = noun.split()
    singular = _SINGULARS.get(last.lower(), last.removesuffix("s"))
    return " ".join((*before, singular))
