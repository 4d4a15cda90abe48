"""What words of a search name: places, groups, reporters, reports and incidents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from werkzeug.utils import cached_property

from service.domain.entities import Group, Reporter, fold_case
from service.domain.vocabulary import ROOT_GROUP
from service.http.consistency import get_reader
from service.http.context import request_time
from service.http.costly_work import take_slot
from service.usecases import search
from service.usecases.search import FoundEntity
from service.usecases.state_cache import Snapshot
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import SUBJECT_PAGE, add_place, find_root, link_to_page
from service.web.viewmodels.report_lines import ReportLine, make_report_line

NO_FILTERS: Final[Mapping[str, str]] = MappingProxyType({})

MAX_FOUND: Final = 20
"""How many places, groups and reporters each the page of a search lists."""

MAX_REPORTS: Final = 10
MAX_INCIDENTS: Final = 10

MAX_SUGGESTED: Final = 8
"""How many places, groups and reporters are suggested while one types."""

MAX_SUGGESTED_OTHERS: Final = 3
"""How many reports, and how many incidents, are suggested while one types."""


@dataclass(frozen=True, slots=True)
class FoundItem:
    """Something that the words name; ``about`` says what and where it is."""

    name: str
    about: str
    href: str
    is_party: bool = False
    id: str = ""


class Finder:
    """The view model of the page of a search."""

    def __init__(self, words: str, filters: Mapping[str, str] = NO_FILTERS) -> None:
        """Search for the words; nothing is found without any.

        The filters are those of a subject to which one of the places found is to be added.
        """
        self.words = words.strip()
        self._filters = filters
        self.places: list[FoundItem] = []
        self.groups: list[FoundItem] = []
        self.reporters: list[FoundItem] = []
        self.reports: list[ReportLine] = []
        self.incidents: list[FoundItem] = []
        if self.words:
            self._search()

    def _search(self) -> None:
        reader, now = get_reader(), request_time()
        take_slot()  # A word can be in every report.
        snapshot = reader.load_snapshot(reader.seq)
        named = search.find_named_reports(reader, self.words, now, MAX_REPORTS)
        spoken = search.find_reports_by_words(reader, self.words, now, MAX_REPORTS)
        found = {each.report.id: each for each in (*named, *spoken)}
        self.reports = [
            make_report_line(snapshot.state, each) for each in list(found.values())[:MAX_REPORTS]
        ]
        names = search.search_names(reader, self.words)
        self.places = [self._keep_filters(each) for each in _make_items(snapshot, names, "place")]
        self.groups = _make_items(snapshot, names, "group")
        self.reporters = _make_items(snapshot, names, "reporter")
        incidents = search.find_incidents(snapshot.state, self.words, MAX_INCIDENTS)
        self.incidents = list(map(_make_incident_item, incidents))

    def _keep_filters(self, place: FoundItem) -> FoundItem:
        parameters = add_place(self._filters, place.id)
        return replace(place, href=link_to_page(SUBJECT_PAGE, parameters, find_root()))

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.places or self.groups or self.reporters or self.reports or self.incidents)

    @property
    def has_more_reports(self) -> bool:
        """Whether there may be more reports with the words."""
        return len(self.reports) == MAX_REPORTS


def suggest(words: str) -> list[FoundItem]:
    """Return what the words name while one types, the closest first; all of it is looked up fast.

    At the end is the search for reports that contain the words.
    """
    words = words.strip()
    if not words:
        return []
    reader, root = get_reader(), find_root()
    snapshot = reader.load_snapshot(reader.seq)
    named = search.find_named_reports(reader, words, request_time(), MAX_SUGGESTED_OTHERS)
    names = search.search_names(reader, words)[:MAX_SUGGESTED]
    incidents = search.find_incidents(snapshot.state, words, MAX_SUGGESTED_OTHERS)
    lines = [make_report_line(snapshot.state, each) for each in named]
    return [
        *(
            FoundItem(
                plain_text("find.report_by", name=each.reporter_name),
                _join(plain_text("find.kind.report"), each.published, each.figures), each.href,
            )
            for each in lines
        ),
        *(_make_item(snapshot, each, is_alone=True) for each in names),
        *map(_make_incident_item, incidents),
        FoundItem(
            plain_text("find.in_reports", words=words), "",
            link_to_page("reports", {"q": words}, root),
        ),
    ]  # fmt: skip


def suggest_kind(words: str, kind: str) -> list[FoundItem]:
    """Return the entities of the kind that the words may mean, the closest first.

    Among groups the group of everyone comes first if its name begins with the words: no page is
    about it, but a figure can be.
    """
    reader = get_reader()
    names = search.search_names(reader, words)
    snapshot = reader.load_snapshot(reader.seq)
    items = _make_items(snapshot, names, kind, MAX_SUGGESTED)
    everyone = snapshot.state.groups.get(ROOT_GROUP) if kind == "group" else None
    if everyone is not None and words.strip():
        if fold_case(everyone.name).startswith(fold_case(words.strip())):
            item = FoundItem(everyone.name, labels.format_kind(everyone.kind), "", id=everyone.id)
            items = [item, *items][:MAX_SUGGESTED]
    return items


def _make_items(
    snapshot: Snapshot, names: Sequence[FoundEntity], kind: str, limit: int = MAX_FOUND
) -> list[FoundItem]:
    """Return the items of the entities of the kind."""
    found = [each for each in names if each.kind == kind]
    return [_make_item(snapshot, each) for each in found[:limit]]


def _make_item(snapshot: Snapshot, found: FoundEntity, *, is_alone: bool = False) -> FoundItem:
    """Return the item of an entity; alone, it says what kind of thing it is."""
    entity, root = found.entity, find_root()
    alias = "" if found.alias is None else plain_text("find.alias", name=found.alias)
    label = plain_text(f"find.kind.{found.kind}") if is_alone else ""
    kind = labels.format_kind(entity.kind)
    if isinstance(entity, Reporter):
        party = plain_text("figure.party") if entity.party and is_alone else ""
        count = plain_text("coverage.report_count", count=found.count)
        href = link_to_page(f"reporter/{entity.id}", {}, root)
        about = _join(label, alias, kind, party, count)
        return FoundItem(entity.name, about, href, entity.party, entity.id)
    count = plain_text("find.figures", count=found.count) if found.count else ""
    if isinstance(entity, Group):
        ancestors = [each for each in snapshot.groups.ancestors_of(entity.id) if each != ROOT_GROUP]
        where = ", ".join(snapshot.state.groups[each].name for each in ancestors)
        href = link_to_page(SUBJECT_PAGE, {"group": entity.id}, root)
    else:
        where = labels.join_ancestor_names(snapshot, entity.id)
        href = link_to_page(SUBJECT_PAGE, {"place": entity.id}, root)
    about = _join(alias, kind or label, where, count)
    return FoundItem(entity.name, about, href, id=entity.id)


def _make_incident_item(incident: str) -> FoundItem:
    href = link_to_page(f"incident/{quote(incident, safe=':/')}", {}, find_root())
    return FoundItem(incident, plain_text("find.kind.incident"), href)


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
