"""The events between two states of the record, indexed by the entities that they touch."""

from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import replace
from typing import Final

from service.columns.record_state import RecordState
from service.domain.entities import ENTITY_CLASSES, Entity, parent_of
from service.domain.public_event import PublicEvent
from service.domain.report_state import ReportState

REPORT_FAMILY: Final = "report"

FAMILIES: Final = (REPORT_FAMILY, *ENTITY_CLASSES)
"""What an event can be about."""

Dependencies = Mapping[str, set[str]]
"""What a total depends on: ids by family."""

_KINDS_WITHOUT_EFFECT: Final = {
    "redacted",
    "place_added",
    "group_added",
    "reporter_added",
    "reporter_changed",
}
"""Kinds of events that change no number by themselves, or hardly ever."""


class EventWindow:
    """The events between two states of the record."""

    def __init__(
        self, earlier: RecordState, later: RecordState, events: Iterable[PublicEvent]
    ) -> None:
        """Take the events in order, from the first after ``earlier`` to the last of ``later``."""
        self._earlier, self._later = earlier, later
        # An import changes nothing by itself: its reports have events of their own.
        events = [each for each in events if not each.kind.startswith("import_")]
        subjects = {event.subject for event in events if _family_of(event) == REPORT_FAMILY}
        self._reports = later.find_reports(subjects)
        earlier_reports = earlier.find_reports(subjects)
        self._events = list(_add_report_states(earlier_reports, self._reports, events))
        self._positions: dict[str, dict[str, list[int]]] = {family: {} for family in FAMILIES}
        for position, event in enumerate(self._events):
            for subject_id in self._subject_ids(event):
                self._positions[_family_of(event)].setdefault(subject_id, []).append(position)

    def _subject_ids(self, event: PublicEvent) -> set[str]:
        """Return the ids that the event is about: for a merged entity its new id too."""
        merged = self._later.merged.get(_family_of(event), {})
        subject_ids = {event.subject, merged.get(event.subject, event.subject)}
        return subject_ids | {event.data["into"]} if "into" in event.data else subject_ids

    def subject_ids(self, family: str) -> KeysView[str]:
        """Return the ids of the family that any event is about."""
        return self._positions[family].keys()

    def find_events_touching(self, dependencies: Dependencies) -> list[PublicEvent]:
        """Return the events about any of the ids, oldest first."""
        positions: set[int] = set()
        for family, ids in dependencies.items():
            positions_by_id = self._positions[family]
            positions.update(
                at
                for subject_id in positions_by_id.keys() & ids
                for at in positions_by_id[subject_id]
            )
        return [self._events[position] for position in sorted(positions)]

    def can_change_numbers(self, events: Sequence[PublicEvent]) -> bool:
        """Whether any of the events can have changed a number of a total that it touches."""
        return any(self._can_change_numbers(event) for event in events)

    def _can_change_numbers(self, event: PublicEvent) -> bool:
        if event.kind in _KINDS_WITHOUT_EFFECT:
            return False
        if _family_of(event) == REPORT_FAMILY:
            has_figures = self._reports[event.subject].stance == "asserts"
            was_or_is_live = "live" in (event.data["was"], event.data["state"])
            return has_figures and was_or_is_live
        if event.kind.endswith("_changed"):
            return self._has_moved(event)
        return True

    def _has_moved(self, event: PublicEvent) -> bool:
        """Whether the place or group has another parent, division or facet than before."""
        places = (self._earlier.places, self._later.places)
        groups = (self._earlier.groups, self._later.groups)
        earlier, later = (
            entities.get(event.subject)
            for entities in (places if _family_of(event) == "place" else groups)
        )
        return earlier is None or later is None or _position_of(earlier) != _position_of(later)


def _position_of(entity: Entity) -> tuple[str | None, ...]:
    """Return what decides whose people the place or group shares."""
    facets = (getattr(entity, name, None) for name in ("division", "facet"))
    return parent_of(entity), *facets


def _family_of(event: PublicEvent) -> str:
    kind = event.kind.partition("_")[0]
    return kind if kind in ENTITY_CLASSES else REPORT_FAMILY


def _add_report_states(
    earlier: Mapping[str, ReportState],
    later: Mapping[str, ReportState],
    events: Iterable[PublicEvent],
) -> Iterator[PublicEvent]:
    """Yield the events; those about a report with its reporter and its state before and after."""
    states = {report_id: report.state for report_id, report in earlier.items()}
    for event in events:
        if _family_of(event) != REPORT_FAMILY:
            yield event
            continue
        report = later[event.subject]
        was = states.get(event.subject)
        state = states[event.subject] = _state_after(event.kind, was, report.relays is not None)
        report_data = {"reporter": report.reporter, "was": was, "state": state}
        yield replace(event, data={**event.data, **report_data})


def _state_after(kind: str, previous: str | None, is_relay: bool) -> str:
    """Return the state of a report after an event of the kind; retracted is final."""
    if previous is None:
        return "relay" if is_relay else "live"
    if kind == "retracted" or (kind == "superseded" and previous != "retracted"):
        return kind
    return previous
