"""A gazetteer: rows that describe places, and how they become the places of the record."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from service.domain.entities import MAX_LEVELS, Place, fold_case
from service.domain.errors import InvalidInputError
from service.imports.conversion import fill_fields
from service.imports.converted_rows import RefusedRow
from service.imports.errors import FileError, RowError
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Conditions, FileFormat
from service.imports.row_converter import RefuseRow
from service.imports.row_files import SourceRow
from service.imports.templates import Row, Template

Json = dict[str, Any]

MAX_PLACES: Final = 1_000_000
"""How many places a gazetteer may have: they are held in memory, to find their parents."""

MAX_ALIASES: Final = 200


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """A place of each row to which the conditions apply.

    Of ``ids`` and ``keys`` the first that is filled counts; without keys the id is the key.
    ``parents`` are keys: the parent is the first of them that another place has. ``aliases`` are
    other names, those in one cell with ``separator`` between.
    """

    ids: tuple[Template, ...]
    name: Template
    keys: tuple[Template, ...] = ()
    parents: tuple[Template, ...] = ()
    aliases: tuple[Template, ...] = ()
    separator: str = ","
    conditions: Conditions = field(default_factory=Conditions)
    fields: MappingABC[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """How the rows of a gazetteer become places; ``about`` names its licence, for people."""

    title: str
    places: tuple[PlaceRule, ...]
    file: FileFormat = field(default_factory=FileFormat)
    about: str = ""

    def list_columns(self) -> tuple[str, ...]:
        """Return all columns that it names, each once."""
        templates = [
            each
            for rule in self.places
            for each in chain(
                (*rule.ids, rule.name, *rule.keys, *rule.parents, *rule.aliases),
                rule.fields.values(),
            )
        ]
        columns = [column for each in templates for column in each.columns]
        conditions = [column for rule in self.places for column in rule.conditions.columns]
        return tuple(dict.fromkeys([*columns, *conditions]))


@dataclass(slots=True)
class GazetteerPlace:
    """A place of the gazetteer; ``parents`` are the keys of places that may be its parent."""

    row: SourceRow
    id: str
    name: str
    key: str
    parents: tuple[str, ...]
    aliases: dict[str, None]
    fields: Json
    parent: str | None = None

    def describe(self) -> Json:
        """Return the fields as ``PUT /v1/places/ID`` takes them."""
        names = [each for each in self.aliases if each != self.name][:MAX_ALIASES]
        described = {"name": self.name, **self.fields}
        if names:
            described["aliases"] = names
        return described if self.parent is None else {**described, "parent": self.parent}


class GazetteerReader:
    """Reads rows as places, and finds the parent of each. ``counts`` has what is refused."""

    def __init__(self, gazetteer: Gazetteer, refuse: RefuseRow) -> None:
        """Give each place that could not be placed to ``refuse``, with its row."""
        self.counts = ImportCounts()
        self._gazetteer, self._refuse_row = gazetteer, refuse
        self._places: dict[str, GazetteerPlace] = {}
        self._ids_by_key: dict[str, str] = {}

    def read_places(self, rows: Iterable[SourceRow]) -> list[GazetteerPlace]:
        """Return the places, each after its parent; raises FileError for too many."""
        for row in rows:
            self.counts.rows += 1
            try:
                if row.error is not None:
                    raise row.error
                found = [
                    self._add(rule, row)
                    for rule in self._gazetteer.places
                    if rule.conditions.hold(row.cells)
                ]
            except RowError as error:
                self.refuse(row, error)
                continue
            if not any(found):
                self.counts.skipped["no place in it"] += 1
        return list(self._sort_places())

    def refuse(self, row: SourceRow, error: RowError) -> None:
        """Count the row as refused."""
        self.counts.count_refused(row.line, error.column, error.reason)
        self._refuse_row(RefusedRow(row.line, row.cells, error.column, error.reason))

    def _add(self, rule: PlaceRule, row: SourceRow) -> bool:
        """Add the place of the row; returns False if it has none."""
        place_id, name = _fill_first(rule.ids, row.cells), rule.name.fill(row.cells).strip()
        if not place_id or not name:
            return False
        aliases = dict.fromkeys(_list_aliases(rule, row.cells))
        known = self._places.get(place_id)
        if known is not None:
            if known.name != name:
                raise RowError(
                    rule.ids[0].column,
                    f"{place_id} is {known.name} in line {known.row.line}, and {name} here",
                )
            known.aliases |= aliases
            return True
        if len(self._places) >= MAX_PLACES:
            raise FileError(f"The gazetteer has more than {MAX_PLACES:,} places: divide it.")
        key = _fill_first(rule.keys, row.cells) or place_id
        owner = self._ids_by_key.setdefault(key, place_id)
        if owner != place_id:
            raise RowError(rule.keys[0].column, f"{owner} has the key {key} already")
        parents = tuple(filter(None, (each.fill(row.cells) for each in rule.parents)))
        self._places[place_id] = GazetteerPlace(
            row, place_id, name, key, parents, aliases, fill_fields(rule.fields, row.cells)
        )
        return True

    def _sort_places(self) -> Iterator[GazetteerPlace]:
        """Yield the places from the outermost in, each with its parent; refuse the others."""
        placed: set[str] = set()
        for place in list(self._places.values()):
            line = self._trace_line(place, placed)
            if line is None:
                continue
            for each in reversed(line):
                placed.add(each.id)
                yield each

    def _trace_line(self, place: GazetteerPlace, placed: set[str]) -> list[GazetteerPlace] | None:
        """Return the place and those around it that are not placed yet, the outermost last.

        None if one of them cannot be placed; then the place is refused.
        """
        line: list[GazetteerPlace] = []
        at = place
        while at.id not in placed:
            line.append(at)
            if len(line) > MAX_LEVELS:
                self._refuse_place(place, f"there are more than {MAX_LEVELS} places around it")
                return None
            candidates = [each for each in at.parents if each != at.key]
            if not candidates:
                break
            parent_id = next(
                (self._ids_by_key[each] for each in candidates if each in self._ids_by_key), None
            )
            if parent_id is None or parent_id not in self._places:
                self._refuse_place(place, f"no place has the code {candidates[0]} of its parent")
                return None
            at.parent = parent_id
            at = self._places[parent_id]
        return line

    def _refuse_place(self, place: GazetteerPlace, reason: str) -> None:
        column = next(
            (rule.parents[0].column for rule in self._gazetteer.places if rule.parents), ""
        )
        self.refuse(place.row, RowError(column, f"{place.name} ({place.id}): {reason}"))


def _fill_first(templates: Iterable[Template], cells: Row) -> str:
    return next(filter(None, (each.fill(cells) for each in templates)), "")


def _list_aliases(rule: PlaceRule, cells: Row) -> Iterator[str]:
    for template in rule.aliases:
        for part in template.fill(cells).split(rule.separator):
            if part.strip():
                yield part.strip()


def complete_place(known: Place | None, described: Json) -> Json:
    """Return the fields of the place with what the record lacks; what it has is kept.

    Raises InvalidInputError if the record's place with this id has other names: two places are
    never made one.
    """
    if known is None:
        return described
    names = {fold_case(each) for each in (described["name"], *described.get("aliases", ()))}
    known_names = {fold_case(each) for each in (known.name, *known.aliases)}
    if names.isdisjoint(known_names):
        raise InvalidInputError(
            f"the record has {known.name} with the id {known.id}, and {described['name']} is"
            " another name: two places are never made one"
        )
    completed = {
        name: value
        for name, value in described.items()
        if name not in ("name", "aliases") and getattr(known, name) is None
    }
    kept = {
        name: getattr(known, name)
        for name in (
            "parent", "division", "kind", "latitude", "longitude", "geonames_id", "pcode",
            "wikidata", "country",
        )
        if getattr(known, name) is not None
    }  # fmt: skip
    others = (described["name"], *described.get("aliases", ()))
    added = [each for each in others if fold_case(each) not in known_names]
    aliases = tuple(dict.fromkeys((*known.aliases, *added)))[:MAX_ALIASES]
    return {"name": known.name, **kept, **completed, "aliases": aliases}
