"""Search of the record by words: entities by name, reports, and incidents by id."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from service.columns.record_state import RecordState
from service.domain.entities import Entity, Place, fold_case
from service.domain.list_queries import EntityListQuery, ReportListQuery
from service.domain.report import OWN_INCIDENT, RecordedReport
from service.domain.vocabulary import ROOT_GROUP
from service.usecases import entities, reports
from service.usecases.name_index import Closeness, Match, NameIndex, get_name_index
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Snapshot

MAX_CANDIDATES: Final = 200
"""How many entities of each kind the database offers where the names are not in memory."""

MAX_SCANNED_INCIDENTS: Final = 200_000
"""Among so many incidents those that begin with a text are found; of the others, none."""

MIN_INCIDENT_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class FoundEntity:
    """A place, group or reporter (its ``kind``) that the words may mean.

    ``alias`` is the other name by which it was found, None if it was found by its own. ``count`` is
    how many live figures are about a place or group, and how many reports a reporter has.
    """

    kind: str
    entity: Entity
    closeness: Closeness
    alias: str | None
    count: int


def search_names(reader: RequestReader, text: str) -> list[FoundEntity]:
    """Return the places, groups and reporters that the text may mean, the closest first.

    Names that begin with the text come before those that contain it as a word, those before names
    that contain it in a word, and close spelling comes last. Among names that are equally close,
    those with more figures come first. The group of everyone is never meant.
    """
    snapshot = reader.load_snapshot(reader.seq)
    state = snapshot.state
    index = get_name_index(state.entities) or _make_candidate_index(reader, text)
    known: dict[str, Mapping[str, Entity]] = {
        "place": state.places,
        "group": state.groups,
        "reporter": state.reporters,
    }
    matches = [each for each in index.find(text) if each.id in known[each.kind]]
    counts = {kind: _count(snapshot, kind) for kind in {each.kind for each in matches}}
    found = [
        (each, known[each.kind][each.id], counts[each.kind].get(each.id, 0)) for each in matches
    ]
    found.sort(key=_sort_key)
    return [
        FoundEntity(match.kind, entity, match.closeness, match.alias, count)
        for match, entity, count in found
    ]


def search_places(reader: RequestReader, text: str) -> list[Place]:
    """Return the places that the text may mean, the closest first: those of ``search_names``."""
    names = search_names(reader, text)
    return [each.entity for each in names if isinstance(each.entity, Place)]


def choose_places(reader: RequestReader, text: str) -> list[Place]:
    """Return the places that have the text as a name, or else all that it may mean.

    One alone is the place that is meant.
    """
    found = [
        (each.entity, each.closeness)
        for each in search_names(reader, text)
        if isinstance(each.entity, Place)
    ]
    same = [place for place, closeness in found if closeness <= Closeness.SAME_ALIAS]
    return same or [place for place, _ in found]


def _sort_key(found: tuple[Match, Entity, int]) -> tuple[object, ...]:
    match, entity, count = found
    return match.closeness, match.edits, -count, len(entity.name), entity.name, entity.id


def _count(snapshot: Snapshot, kind: str) -> Mapping[str, int]:
    """Return how many figures places or groups have, or how many reports reporters have, by id."""
    if kind == "place":
        return snapshot.count_figures_by_place()
    if kind == "group":
        return snapshot.count_figures_by_group()
    return snapshot.state.count_reports_by_reporter()


def _make_candidate_index(reader: RequestReader, text: str) -> NameIndex:
    """Return an index of the few entities whose names contain the text, from the database."""
    query = EntityListQuery(q=text, limit=MAX_CANDIDATES)
    return NameIndex(
        (kind, each)
        for kind in ("place", "group", "reporter")
        for each in entities.list_entities(reader, kind, query)
        if each.id != ROOT_GROUP or kind != "group"
    )


def find_incidents(state: RecordState, text: str, limit: int) -> list[str]:
    """Return the registered incidents (scheme:id) that the text names or begins, the same first.

    The scheme can be left out if the rest is whole.
    """
    searched = fold_case(text.strip())
    if len(searched) < MIN_INCIDENT_LETTERS or any(each.isspace() for each in searched):
        return []
    found: list[tuple[int, int, str]] = []
    for incident in islice(state.columns.incidents.values, MAX_SCANNED_INCIDENTS):
        folded = incident.casefold()
        if folded.startswith(f"{OWN_INCIDENT}/"):
            continue
        if folded.startswith(searched):
            found.append((int(folded != searched), len(incident), incident))
        elif folded.endswith(searched) and folded.partition(":")[2] == searched:
            found.append((0, len(incident), incident))
    return [incident for _, _, incident in sorted(found)[:limit]]


def find_named_reports(
    reader: RequestReader, text: str, now: datetime, limit: int
) -> list[RecordedReport]:
    """Return the report whose id the text is, and those that have it as their ref."""
    by_id = reports.get_reports(reader, [text], reader.seq).values()
    query = ReportListQuery(ref=text, as_of=reader.seq, is_newest_first=True, limit=limit)
    by_ref = reports.list_reports(reader, query, now)
    found = {each.report.id: each for each in (*by_id, *by_ref)}
    return list(found.values())[:limit]


def find_reports_by_words(
    reader: RequestReader, text: str, now: datetime, limit: int
) -> list[RecordedReport]:
    """Return the newest reports that contain all words of the text."""
    query = ReportListQuery(words=text, as_of=reader.seq, is_newest_first=True, limit=limit)
    return reports.list_reports(reader, query, now)
