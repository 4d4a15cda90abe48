"""What reports refer to by id: places, groups and reporters, and what may be said about them."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Final

from service.domain.vocabulary import ROOT_GROUP


@dataclass(frozen=True, slots=True)
class Place:
    """A named piece of ground; it covers everything that lies below it in the tree."""

    id: str
    name: str
    parent: str | None = None
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    geonames_id: int | None = None
    pcode: str | None = None
    wikidata: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A set of people who were hit; siblings share nobody. Only the root has no parent."""

    id: str
    name: str
    parent: str | None = None
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    wikidata: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        """Put a group that names no parent below the root, which alone stands by itself."""
        if self.parent is None and self.id != ROOT_GROUP:
            object.__setattr__(self, "parent", ROOT_GROUP)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who says something; ``party`` is True for a party to the conflict."""

    id: str
    name: str
    kind: str | None = None
    party: bool = False
    aliases: tuple[str, ...] = ()
    wikidata: str | None = None
    country: str | None = None


Entry = Place | Group | Reporter

KINDS: Final[Mapping[str, type[Entry]]] = {"place": Place, "group": Group, "reporter": Reporter}
"""The three kinds of entry, by the word that events and tables use for them."""


@dataclass(frozen=True, slots=True)
class Mention:
    """An entry as a report names it: by id alone (``given`` None), or with some of its fields."""

    id: str
    given: Mapping[str, Any] | None = None


def entry(kind: str, id: str, given: Mapping[str, Any]) -> Entry:
    """Return the entry with the given fields; those left out take their defaults."""
    return KINDS[kind](id=id, **{name: value for name, value in given.items() if name != "id"})


def described(what: Entry) -> dict[str, Any]:
    """Return all fields of an entry by name, in their order."""
    return {field.name: getattr(what, field.name) for field in fields(what)}


def parent_of(what: Entry) -> str | None:
    """Return the id above the entry; None for a root and for every reporter."""
    return None if isinstance(what, Reporter) else what.parent


def below(what: Entry, above: Entry) -> Entry:
    """Return the entry with its parent by the id that stands for it now."""
    if isinstance(what, Reporter) or what.parent == above.id:
        return what
    return replace(what, parent=above.id)


def differing(known: Entry, given: Mapping[str, Any]) -> list[str]:
    """Return the names of the given fields that say something else than what is known."""
    kind = next(kind for kind, made in KINDS.items() if isinstance(known, made))
    claimed = entry(kind, known.id, {"name": known.name, **given})
    return [name for name in given if getattr(claimed, name) != getattr(known, name)]


def folded(text: str) -> str:
    """Return the text without regard to case and width, for finding and comparing names."""
    return unicodedata.normalize("NFKC", text).casefold()


def near(id: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known ids that are spelled much like the given one."""
    return tuple(get_close_matches(id, list(known), n=3, cutoff=0.6))


def unknown(kind: str, id: str, candidates: Iterable[str]) -> str:
    """Return the sentence that says that there is no such entry, and which ids are near."""
    close = near(id, candidates)
    if not close:
        return f"There is no {kind} {id}."
    return f"There is no {kind} {id}; did you mean {' or '.join(close)}?"
