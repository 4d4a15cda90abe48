"""A mapping: how the columns of a file become reports. It is read from one page of TOML."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from service.imports.templates import Row, Template


class Counts(StrEnum):
    """What one row of the file counts."""

    EVENTS = "events"
    """The people of one event, who are in no other row."""
    TOTALS = "totals"
    """All people of its places, days and groups; other rows may count them too."""
    RUNNING = "running"
    """All people up to a day; the next row counts them again."""


class Outside(StrEnum):
    """What becomes of a row with a best estimate outside its range, or with its ends exchanged."""

    REFUSE = "refuse"
    WIDEN = "widen"
    """The range is widened to hold all of its numbers, and the figure has a note that says so."""


class Zero(StrEnum):
    """What a count of 0 says."""

    KEEP = "keep"
    """Nobody."""
    SKIP = "skip"
    """Nothing: the publisher writes 0 where no number is known."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A column with one of some values."""

    column: str
    values: frozenset[str]

    def holds(self, row: Row) -> bool:
        """Whether it holds for the row."""
        return row[self.column] in self.values


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a part of a mapping applies: all of ``when`` must hold, and none of ``unless``."""

    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    def hold(self, row: Row) -> bool:
        """Whether the part applies to the row."""
        # Without generators: most parts have no condition, and a row asks for all of them.
        for each in self.when:
            if not each.holds(row):
                return False
        for each in self.unless:
            if each.holds(row):
                return False
        return True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that they name."""
        return tuple(each.column for each in (*self.when, *self.unless))


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How the file is written; None: as its name and its first lines say.

    ``columns`` name the columns of a file without a header. ``values`` say, for some columns, what
    stands for a cell: the names of codes.
    """

    format: str | None = None
    encoding: str = "utf-8-sig"
    delimiter: str | None = None
    quotes: bool = True
    sheet: str | None = None
    records: str | None = None
    missing: frozenset[str] = frozenset({"", "-", "NA", "N/A", "NaN", "NULL", "null", "None"})
    columns: tuple[str, ...] = ()
    values: MappingABC[str, MappingABC[str, str]] = field(default_factory=dict)


class TableMapping(Protocol):
    """A mapping of any kind: how its file is written, and which columns it reads."""

    @property
    def file(self) -> FileFormat:
        """How the file is written."""
        ...

    def list_columns(self) -> tuple[str, ...]:
        """Return all columns that it names, each once."""
        ...


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """The days of a row; ``first`` None is an open beginning.

    ``precisions`` maps the codes in ``precision`` to calendar units. A single day is widened to its
    unit: an event whose day is not known has the whole month. A row that names several
    days has those.
    """

    first: Template | None
    last: Template
    formats: tuple[str, ...] = ()
    precision: Template | None = None
    precisions: MappingABC[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlaceLevel:
    """One level in the line of places, such as the province. The last that a row has is its place.

    A level without a name in the row is left out. Without ``id`` the id is made of the names from
    the outermost level in, so that two places of one name are two places. ``fields`` are those of a
    place in a report, such as its latitude and P-code. Where the cell of the innermost level
    lists several places, ``split`` is what separates them: the figures are about all together.
    """

    name: Template
    id: Template | None = None
    remove: tuple[str, ...] = ()
    conditions: Conditions = Conditions()
    fields: MappingABC[str, Template] = field(default_factory=dict)
    split: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A group of people whom the figures are about; left out where it has no name."""

    name: Template
    id: Template | None = None
    conditions: Conditions = Conditions()
    fields: MappingABC[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FigureRule:
    """One figure of each row; left out where its cells are empty.

    It has one of ``exactly``, ``low`` and ``high``, ``range`` ("3-5"), ``wording``, and ``part``: a
    part of the best estimate of the first figure, whose uncertainty may all lie in this part.
    Without ``outcomes``, the words name them.
    """

    outcomes: tuple[str, ...]
    exactly: Template | None = None
    low: Template | None = None
    high: Template | None = None
    best: Template | None = None
    range: Template | None = None
    wording: Template | None = None
    part: Template | None = None
    zero: Zero = Zero.KEEP
    conditions: Conditions = Conditions()
    groups: tuple[GroupRule, ...] = ()
    note: Template | None = None

    @property
    def numbers(self) -> dict[str, Template]:
        """The templates of its numbers by their names."""
        named = {
            "exactly": self.exactly, "low": self.low, "high": self.high, "best": self.best,
            "range": self.range, "wording": self.wording, "part": self.part,
        }  # fmt: skip
        return {name: each for name, each in named.items() if each is not None}


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the rows of one kind of file become reports."""

    title: str
    counts: Counts
    reporter: MappingABC[str, Template | bool]
    """The fields of the reporter; without ``id`` it is made of the name."""
    ref: Template
    period: PeriodRule
    places: tuple[PlaceLevel, ...]
    figures: tuple[FigureRule, ...]
    groups: tuple[GroupRule, ...] = ()
    incident: Template | None = None
    texts: MappingABC[str, Template] = field(default_factory=dict)
    """Texts of the report by their names, such as its quote."""
    source: MappingABC[str, Template] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    skip: Conditions = Conditions()
    """Rows for which one of these holds give no report, such as the lines of sums."""
    outside: Outside = Outside.REFUSE
    file: FileFormat = FileFormat()
    about: str = ""
    """The codebook, its licence and what the mapping assumes, for people."""

    def list_columns(self) -> tuple[str, ...]:
        """Return all columns that it names, each once, in its order."""
        templates = [self.ref, *filter(None, (self.incident, self.period.first)), self.period.last]
        templates += [*filter(None, (self.period.precision,)), *self.texts.values()]
        templates += self.source.values()
        templates += [each for each in self.reporter.values() if isinstance(each, Template)]
        conditions = [*self.skip.columns]
        for level in self.places:
            templates += [level.name, *filter(None, (level.id,)), *level.fields.values()]
            conditions += level.conditions.columns
        for group in (*self.groups, *(each for rule in self.figures for each in rule.groups)):
            templates += [group.name, *filter(None, (group.id,)), *group.fields.values()]
            conditions += group.conditions.columns
        for figure in self.figures:
            templates += [*figure.numbers.values(), *filter(None, (figure.note,))]
            conditions += figure.conditions.columns
        columns = [column for each in templates for column in each.columns]
        return tuple(dict.fromkeys([*columns, *conditions]))
