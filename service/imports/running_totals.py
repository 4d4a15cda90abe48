"""Running totals that fall: the publisher has corrected itself, so earlier reports are replaced.

A total falls where the lowest reading of an earlier one is above the highest of a later one.
"Exactly 98" after "about 100" is no fall.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.domain.errors import DomainError
from service.domain.wording.reader import read_wording
from service.imports.conversion import Json
from service.imports.converted_rows import ConvertedRow

Series = tuple[object, ...]
"""What a running total counts: the reporter, the first day, places, groups and outcomes."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A report whose running total is above that of a later one."""

    ref: str
    by_ref: str
    reason: str


@dataclass(slots=True)
class _Point:
    """One figure of a series."""

    day: str
    low: int
    row: ConvertedRow


@dataclass(slots=True)
class Falls:
    """The rows in the order of their days, and the reports that later rows correct.

    The report of the first row after a fall supersedes the one before it. ``corrections`` are the
    other reports that are above it, which are retracted: a report supersedes only one.
    """

    rows: list[ConvertedRow]
    corrections: list[Correction] = field(default_factory=list)


def resolve_falls(rows: Sequence[ConvertedRow]) -> Falls:
    """Return the rows sorted by day, with ``supersedes`` where a running total falls."""
    falls = Falls(sorted(rows, key=lambda row: (row.report["period"]["to"], row.line)))
    series: defaultdict[Series, list[_Point]] = defaultdict(list)
    replaced: set[str] = set()
    for row in falls.rows:
        above: dict[str, _Point] = {}
        for key, low, high in _list_ranges(row.report):
            points = series[key]
            if high is not None:
                for point in reversed(points):
                    if point.low > high:
                        above.setdefault(point.row.report["ref"], point)
                points[:] = [each for each in points if each.low <= high]
            points.append(_Point(row.report["period"]["to"], low, row))
        own_ref = row.report["ref"]
        for ref, point in above.items():
            if ref in replaced or ref == own_ref:
                continue
            replaced.add(ref)
            if "supersedes" not in row.report:
                row.report["supersedes"] = {"ref": ref}
                continue
            reason = (
                f"Corrected: the running total of {point.day} was {point.low:,}, above that of"
                f" {row.report['period']['to']} ({own_ref})."
            )
            falls.corrections.append(Correction(ref, own_ref, reason))
    return falls


def _list_ranges(report: Json) -> Iterator[tuple[Series, int, int | None]]:
    """Yield what each figure counts, and its ends; figures that cannot be read are left out."""
    for figure in report["figures"]:
        ends = _find_ends(figure)
        if ends is not None:
            groups = figure.get("groups", report.get("groups", []))
            key = (
                report["reporter"]["id"],
                report["period"]["from"],
                tuple(place["id"] for place in report["places"]),
                tuple(group["id"] for group in groups),
                tuple(figure["outcomes"]),
            )
            yield key, *ends


def _find_ends(figure: Json) -> tuple[int, int | None] | None:
    if "wording" in figure:
        try:
            reading = read_wording(figure["wording"])
        except DomainError:
            return None  # The service refuses it, and says why.
        return reading.low, reading.high
    if "exactly" in figure:
        return figure["exactly"], figure["exactly"]
    return figure.get("low", 0), figure.get("high")
