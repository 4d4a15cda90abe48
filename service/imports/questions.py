"""Questions about an import: what looks like a mistake of the mapping, before anything is sent."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.imports.cells import parse_count, parse_range
from service.imports.conversion import Json
from service.imports.converted_rows import ConvertedRow
from service.imports.mapping import Counts, Mapping

MIN_RUNNING_ROWS: Final = 5
"""How many rows of one series are needed to take them for running totals."""

MIN_NUMBER_SHARE: Final = 0.9
"""The share of numbers above which a column of words is taken for a column of numbers."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that looks like a mistake; ``fix`` says what to write if it is one."""

    code: str
    text: str
    fix: str


def ask_about_mapping(mapping: Mapping) -> list[Question]:
    """Return the questions that the mapping alone raises."""
    questions = []
    if mapping.counts == Counts.EVENTS and mapping.incident is None:
        questions.append(
            Question(
                "events_without_incident",
                "The rows are events, but they have no incident: two events at one place on one day"
                " would contradict each other instead of being added.",
                '[report] incident = "scheme:{id}", with a column that tells the events apart',
            )
        )
    if mapping.counts == Counts.RUNNING and mapping.incident is not None:
        questions.append(
            Question(
                "running_with_incident",
                "The rows are running totals, but each is an incident of its own: they would be"
                " added.",
                "leave [report] incident out",
            )
        )
    if mapping.counts == Counts.RUNNING and mapping.period.first is not None:
        if mapping.period.first.columns:
            questions.append(
                Question(
                    "running_from_column",
                    "The rows are running totals, but the first day differs from row to row.",
                    '[period] from = "2023-10-07", the first day of all of them, or no from',
                )
            )
    return questions


def ask_about_rows(mapping: Mapping, rows: Iterable[ConvertedRow]) -> list[Question]:
    """Return the questions that the rows raise; they are read once, and none is kept."""
    checks = [_RunningCheck(mapping), _WordsCheck(mapping), _NestingCheck()]
    for row in rows:
        for check in checks:
            check.read(row)
    return [question for check in checks for question in check.ask()]


class _Check:
    """Reads rows, and asks in the end."""

    def read(self, row: ConvertedRow) -> None:
        """Take notice of one row."""
        raise NotImplementedError

    def ask(self) -> list[Question]:
        """Return what there is to ask."""
        raise NotImplementedError


@dataclass(slots=True)
class _Series:
    """The figures of the same people from the same first day to later and later days."""

    day: str
    number: int
    length: int = 1
    has_fallen: bool = False


class _RunningCheck(_Check):
    """Whether totals or events look like running totals: the first day stays, the numbers rise."""

    def __init__(self, mapping: Mapping) -> None:
        self._is_running = mapping.counts == Counts.RUNNING
        self._series: dict[object, _Series] = {}

    def read(self, row: ConvertedRow) -> None:
        report = row.report
        period = report["period"]
        if self._is_running or len(self._series) > 1_000:
            return
        for at, figure in enumerate(report["figures"]):
            number = figure.get("exactly", figure.get("low"))
            if number is None:
                continue
            key = (period["from"], tuple(each["id"] for each in report["places"]), at)
            series = self._series.get(key)
            if series is None:
                self._series[key] = _Series(period["to"], number)
            elif period["to"] > series.day:
                series.has_fallen |= number < series.number
                series.day, series.number = period["to"], number
                series.length += 1

    def ask(self) -> list[Question]:
        running = [
            key for key, each in self._series.items()
            if each.length >= MIN_RUNNING_ROWS and not each.has_fallen
        ]  # fmt: skip
        if not running:
            return []
        return [
            Question(
                "looks_running",
                "The first day is the same in all rows of a place, the last day moves on and the"
                " numbers never fall: these look like running totals. A running total counts"
                " the people of the earlier ones again.",
                'counts = "running", and no [report] incident',
            )
        ]


class _WordsCheck(_Check):
    """Whether a column of words has numbers."""

    def __init__(self, mapping: Mapping) -> None:
        self._columns = [
            each.wording.column for each in mapping.figures
            if each.wording is not None and each.wording.text == f"{{{each.wording.column}}}"
        ]  # fmt: skip
        self._numbers: Counter[str] = Counter()
        self._filled: Counter[str] = Counter()

    def read(self, row: ConvertedRow) -> None:
        for column in self._columns:
            cell = row.cells[column]
            self._filled[column] += bool(cell)
            self._numbers[column] += _is_number(cell)

    def ask(self) -> list[Question]:
        return [
            Question(
                "numbers_as_words",
                f"The column {column} is read as words, but {self._numbers[column]:,} of its"
                f" {self._filled[column]:,} cells are numbers: each of them would be exact.",
                f'exactly = "{{{column}}}", or low = "{{{column}}}" for at least as many, or'
                f' range = "{{{column}}}"',
            )
            for column in self._columns
            if self._numbers[column] > MIN_NUMBER_SHARE * self._filled[column]
        ]


def _is_number(cell: str) -> bool:
    for parse in (parse_count, parse_range):
        try:
            parse(cell)
        except ValueError:
            continue
        return True
    return False


class _NestingCheck(_Check):
    """Whether rows list a place together with a place around it."""

    def __init__(self) -> None:
        self._count = 0
        self._example = ""

    def read(self, row: ConvertedRow) -> None:
        places = row.report["places"]
        if len(places) < 2:
            return
        around = {name for each in places for name in _list_ancestor_names(each)}
        nested = next((each["name"] for each in places if each["name"] in around), None)
        if nested is not None:
            self._count += 1
            self._example = self._example or nested

    def ask(self) -> list[Question]:
        if not self._count:
            return []
        return [
            Question(
                "nested_places",
                f"{self._count:,} rows list a place together with the place around it, such as"
                f" {self._example}: their people could be anywhere in the larger one.",
                "list only the smaller places, and the larger one as the level before them",
            )
        ]


def _list_ancestor_names(place: Json) -> list[str]:
    names = []
    while (parent := place.get("parent")) is not None:
        place = parent
        names.append(place["name"])
    return names
