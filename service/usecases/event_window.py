"""What happened between two states of the record, found by what it bears on."""

from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import replace
from typing import Final

from service.domain.entities import ENTITY_CLASSES, parent_of
from service.domain.public_event import PublicEvent
from service.domain.record_state import RecordState

REPORT: Final = "report"

FAMILIES: Final = (REPORT, *ENTITY_CLASSES)
"""What an entry of the ledger can be about."""

Reach = Mapping[str, set[str]]
"""What a total depends on: ids by family."""

_IDLE: Final = {"redacted", "place_added", "group_added", "reporter_added", "reporter_changed"}
"""Kinds of entries that move no number by themselves, or hardly ever."""


class Interval:
    """The entries of the ledger between two states of the record, ``then`` and ``now``."""

    def __init__(self, then: RecordState, now: RecordState, entries: Iterable[PublicEvent]) -> None:
        """Take the entries in their order, from the first after ``then`` to the last of ``now``."""
        self._then, self._now = then, now
        self._entries = list(_with_states(then, now, entries))
        self._about: dict[str, dict[str, list[int]]] = {family: {} for family in FAMILIES}
        for position, entry in enumerate(self._entries):
            for id in self._named(entry):
                self._about[_family(entry)].setdefault(id, []).append(position)

    def _named(self, entry: PublicEvent) -> set[str]:
        """Return the ids that the entry is about: what was merged goes by its new name too."""
        merged = self._now.merged.get(_family(entry), {})
        named = {entry.subject, merged.get(entry.subject, entry.subject)}
        return named | {entry.data["into"]} if "into" in entry.data else named

    def ids(self, family: str) -> KeysView[str]:
        """Return the ids of the family that an entry is about."""
        return self._about[family].keys()

    def touching(self, reach: Reach) -> list[PublicEvent]:
        """Return the entries about anything within the reach, oldest first."""
        found: set[int] = set()
        for family, ids in reach.items():
            about = self._about[family]
            found.update(at for id in about.keys() & ids for at in about[id])
        return [self._entries[at] for at in sorted(found)]

    def moved(self, entries: Sequence[PublicEvent]) -> bool:
        """Whether any of the entries can have changed a number of what it touches."""
        return any(self._moves(entry) for entry in entries)

    def _moves(self, entry: PublicEvent) -> bool:
        if entry.kind in _IDLE:
            return False
        if _family(entry) == REPORT:
            counted = self._now.reports[entry.subject].stance == "asserts"
            turned = "live" in (entry.data["was"], entry.data["state"])
            return counted and turned
        if entry.kind.endswith("_changed"):
            return self._moved_in_its_tree(entry)
        return True

    def _moved_in_its_tree(self, entry: PublicEvent) -> bool:
        places = (self._then.places, self._now.places)
        groups = (self._then.groups, self._now.groups)
        then, now = (
            side.get(entry.subject) for side in (places if _family(entry) == "place" else groups)
        )
        return then is None or now is None or parent_of(then) != parent_of(now)


def _family(entry: PublicEvent) -> str:
    kind = entry.kind.partition("_")[0]
    return kind if kind in ENTITY_CLASSES else REPORT


def _with_states(
    then: RecordState, now: RecordState, entries: Iterable[PublicEvent]
) -> Iterator[PublicEvent]:
    """Yield the entries; those about a report with its reporter and its state before and after."""
    states = {id: statement.state for id, statement in then.reports.items()}
    for entry in entries:
        if _family(entry) != REPORT:
            yield entry
            continue
        statement = now.reports[entry.subject]
        was = states.get(entry.subject)
        state = states[entry.subject] = _after(entry.kind, was, statement.relays is not None)
        more = {"reporter": statement.reporter, "was": was, "state": state}
        yield replace(entry, data={**entry.data, **more})


def _after(kind: str, was: str | None, relays: bool) -> str:
    """Return the state of a report after an entry of the kind: retracted goes before superseded."""
    if was is None:
        return "relay" if relays else "live"
    if kind == "retracted" or (kind == "superseded" and was != "retracted"):
        return kind
    return was
