"""The columns of every table, each named once.

Inserts, select lists, the decoding of rows and the integrity check's comparison are made from these
classes. A test compares them with the tables that the migrations create, which have their own text.
A column of type ``int`` is an integer, of ``str`` a text; ``| None`` means that it may be NULL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple


class EventRow(NamedTuple):
    """One event of the log; in ``body`` each free text is replaced by its hash."""

    seq: int
    request: int
    recorded_at: str
    kind: str
    subject: str
    actor: str | None
    body: str
    hash: str


class TextRow(NamedTuple):
    """A free text of an event at a JSON pointer; salt and text are NULL once it is blanked."""

    seq: int
    pointer: str
    salt: str | None
    text: str | None


class EntityRow(NamedTuple):
    """One version of a place, group or reporter, valid from ``since_seq`` to before ``until_seq``.

    ``until_seq`` is NULL for the current version.
    """

    kind: str
    id: str
    since_seq: int
    name_folded: str
    names_folded: str
    parent: str | None
    body: str
    until_seq: int | None = None


class MergeRow(NamedTuple):
    """An id that was merged into another of its kind."""

    kind: str
    id: str
    into_id: str
    seq: int


class ReportRow(NamedTuple):
    """One report; days are proleptic ordinals, ids are joined by commas."""

    id: str
    seq: int
    recorded_at: str
    reporter: str
    ref: str | None
    content_hash: str
    stance: str
    relays: str | None
    origin: str | None
    supersedes: str | None
    first_day: int | None
    last_day: int | None
    place_ids: str
    group_ids: str
    caveats: str
    quote_folded: str | None
    body: str
    superseded_seq: int | None = None
    superseded_by: str | None = None
    retracted_seq: int | None = None


class FigureRow(NamedTuple):
    """One figure of a report; ``outcomes`` is a bit set, ``seq`` is the report's.

    ``length_class`` is that of its days (``encoding.length_class``). ``single_place`` is its place,
    or empty if it has several.
    """

    id: str
    seq: int
    position: int
    report: str
    reporter: str
    low: int
    high: int | None
    soft_low: int
    soft_high: int
    best: int | None
    outcomes: int
    first_day: int | None
    last_day: int
    length_class: int
    incident: str | None
    reclassifies: str | None
    disclosed: int
    place_ids: str
    single_place: str
    group_ids: str
    wording_folded: str | None


class MovedLinkRow(NamedTuple):
    """From the event ``seq`` on, what a reclassifying figure reclassifies, and its scope."""

    figure: str
    seq: int
    reclassifies: str
    first_day: int | None
    last_day: int
    place_ids: str
    group_ids: str


class ReportPlaceRow(NamedTuple):
    """A place that a report names, on itself or on a figure."""

    place: str
    seq: int


class ReportGroupRow(NamedTuple):
    """A group that a report names, on itself or on a figure."""

    group_id: str
    seq: int


class ReportWordRow(NamedTuple):
    """A word that a search finds the report by."""

    word: str
    seq: int


class ReportIncidentRow(NamedTuple):
    """A registered incident that a report names, on itself or on a figure."""

    incident: str
    seq: int


class PlaceCodeRow(NamedTuple):
    """A code that two ids of one place may share, of the place's version from ``since_seq`` on."""

    code: str
    place: str
    since_seq: int


class ImportRow(NamedTuple):
    """An import of a file, begun by the event ``seq``; ``body`` is that of the event.

    ``row_count`` is how many rows of the file have been read, ``report_count`` how many reports
    were recorded.
    """

    id: str
    seq: int
    body: str
    row_count: int
    report_count: int
    finished_seq: int | None = None
    withdrawn_seq: int | None = None


class ImportRangeRow(NamedTuple):
    """Events that an import recorded: all from ``first_seq`` to ``last_seq``."""

    import_id: str
    first_seq: int
    last_seq: int


class KeyRow(NamedTuple):
    """One API key; ``reporters`` are ids joined by commas."""

    id: str
    name: str
    scope: str
    secret_hash: str
    created_at: str
    reporters: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class ResponseRow(NamedTuple):
    """A part of the response to a request with an idempotency key, kept until ``expires_at``."""

    principal: str
    request: str
    key: str
    part: int
    fingerprint: str
    response: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the class of its rows, and the columns that its rows are compared in order of.

    A projection is rebuilt from the event log alone.
    """

    name: str
    row: Any
    order: tuple[str, ...]
    is_projection: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in the order of the row class."""
        names: tuple[str, ...] = self.row._fields
        return names

    @property
    def select_list(self) -> str:
        """All columns for a SELECT whose rows are decoded by the row class."""
        return ", ".join(f"{self.name}.{column}" for column in self.columns)


TABLES: Final = (
    Table("events", EventRow, ("seq",)),
    Table("texts", TextRow, ("seq", "pointer")),
    Table("entries", EntityRow, ("kind", "id", "since_seq"), is_projection=True),
    Table("merges", MergeRow, ("kind", "id"), is_projection=True),
    Table("reports", ReportRow, ("seq",), is_projection=True),
    Table("figures", FigureRow, ("seq", "position"), is_projection=True),
    Table("moved_links", MovedLinkRow, ("figure", "seq"), is_projection=True),
    Table("report_places", ReportPlaceRow, ("place", "seq"), is_projection=True),
    Table("report_groups", ReportGroupRow, ("group_id", "seq"), is_projection=True),
    Table("report_words", ReportWordRow, ("word", "seq"), is_projection=True),
    Table("report_incidents", ReportIncidentRow, ("incident", "seq"), is_projection=True),
    Table("place_codes", PlaceCodeRow, ("code", "place", "since_seq"), is_projection=True),
    Table("imports", ImportRow, ("id",), is_projection=True),
    Table("import_ranges", ImportRangeRow, ("import_id", "first_seq"), is_projection=True),
    Table("keys", KeyRow, ("id",)),
    Table("idempotent_responses", ResponseRow, ("principal", "request", "key", "part")),
)


@cache
def table_of(row_class: type[tuple[Any, ...]]) -> Table:
    """Return the table whose rows are of the class, or of a class that it is derived from."""
    return next(table for table in TABLES if issubclass(row_class, table.row))


@lru_cache(maxsize=1_000)
def make_insert(row_class: type[tuple[Any, ...]], placeholder: str, row_count: int = 1) -> str:
    """Return the INSERT of so many rows, with the driver's placeholder for each value."""
    table = table_of(row_class)
    values = f"({', '.join([placeholder] * len(table.columns))})"
    rows = ", ".join([values] * row_count)
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES {rows}"


def list_projections() -> Iterator[Table]:
    """Yield the tables that are made of the event log."""
    return (table for table in TABLES if table.is_projection)
