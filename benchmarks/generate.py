"""Generate a record of any size about an invented war whose true losses are known.

    python -m benchmarks.generate 100000 reports.ndjson --truth truth.npz
    python -m benchmarks.generate 100000 reports.ndjson --registers-only
    python -m benchmarks.generate 350000 register.csv --ucdp

The losses come first: events in the villages of a country of 25 oblasts with 20 districts of 10
villages each, over four years. Reports then say true things about them, in words as reporters use
them, but for one in a thousand, which is false. Files of the same size and seed are the same.

The reports are written as the API takes them, one JSON object a line. With ``--ucdp`` the file has
each event once instead, in the columns of UCDP's register of events. ``--truth`` also writes the
people of all events, who of them any report reaches, and the scopes of the false reports, as arrays
of NumPy.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

FIRST_DAY: Final = date(2022, 1, 3)
DAYS: Final = 1461
OBLASTS, DISTRICTS_EACH, VILLAGES_EACH = 25, 20, 10
DISTRICTS: Final = OBLASTS * DISTRICTS_EACH
VILLAGES: Final = DISTRICTS * VILLAGES_EACH
OUTCOMES: Final = ("killed", "wounded", "missing", "captured")
STATUSES: Final = ("civilians", "soldiers")
SCHEMES: Final = ("register-a", "register-b", "register-c", "register-d")
REPORTERS: Final = 200

EVENTS_PER_REPORT: Final = 0.35
CODED, REGION_TOTALS, RUNNING_TOTALS, FALSE, RELAYS = 0.7, 0.05, 0.005, 0.001, 0.02
"""The shares of reports: with an incident; of a week or month; so far; untrue; of another."""

_DAY_NAMES = [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(DAYS)]


@dataclass(frozen=True, slots=True)
class Place:
    """A run of villages: one, those of a district or of an oblast, or all."""

    id: str
    first: int
    last: int


COUNTRY: Final = Place("country", 0, VILLAGES - 1)


def make_oblast(number: int) -> Place:
    """Return an oblast by its number."""
    size = DISTRICTS_EACH * VILLAGES_EACH
    return Place(f"oblast-{number:02}", number * size, number * size + size - 1)


def make_district(number: int) -> Place:
    """Return a district by its number in the country."""
    first = number * VILLAGES_EACH
    return Place(f"district-{number:03}", first, first + VILLAGES_EACH - 1)


def make_village(number: int) -> Place:
    """Return a village by its number in the country."""
    return Place(f"village-{number:04}", number, number)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a figure is about; ``event`` and ``status`` are None for everyone.

    Days are counted from FIRST_DAY, ``first`` None has no beginning. Outcomes are indices.
    """

    places: tuple[Place, ...]
    first: int | None
    last: int
    outcomes: tuple[int, ...]
    event: int | None = None
    status: int | None = None


class World:
    """The people of all events, as arrays with one element for each village, day and outcome."""

    def __init__(self, event_count: int, random: np.random.Generator) -> None:
        self.event_village = random.integers(0, VILLAGES, event_count)
        durations = random.choice([1, 3, 7, 30], event_count, p=[0.8, 0.1, 0.06, 0.04])
        self.event_days = np.minimum(random.integers(1, durations + 1), DAYS)
        self.event_first = random.integers(0, DAYS - self.event_days + 1)
        self.event_status = random.choice(2, event_count, p=[0.6, 0.4])
        people = np.minimum(np.exp(random.normal(1.4, 1.1, event_count)).astype(int) + 1, 800)
        each = np.repeat(np.arange(event_count), people)
        day = self.event_first[each] + random.integers(0, self.event_days[each])
        outcome = random.choice(4, len(each), p=[0.35, 0.5, 0.1, 0.05])
        keys, self.count = np.unique((each * DAYS + day) * 4 + outcome, return_counts=True)
        self.event, self.day = keys // (DAYS * 4), keys // 4 % DAYS
        self.outcome = keys % 4
        self.village = self.event_village[self.event]
        self.status = self.event_status[self.event]
        self.is_reached = np.zeros(len(keys), dtype=bool)
        self._event_starts = np.searchsorted(self.event, np.arange(event_count + 1))
        self._by_village = np.argsort(self.village * DAYS + self.day, kind="stable")
        self._village_keys = (self.village * DAYS + self.day)[self._by_village]
        daily = np.zeros((DISTRICTS, 2, 4, DAYS + 1), dtype=np.int64)
        np.add.at(
            daily,
            (self.village // VILLAGES_EACH, self.status, self.outcome, self.day + 1),
            self.count,
        )
        self._until = daily.cumsum(axis=3)
        self._reached_from = np.zeros_like(self._until)

    def _find_elements(self, scope: Scope) -> np.ndarray:
        """Return the indices of the elements that a scope of villages or of an event holds."""
        first = scope.first or 0
        if scope.event is not None:
            indices = np.arange(*self._event_starts[scope.event : scope.event + 2])
        else:
            bounds = [
                (village * DAYS + first, village * DAYS + scope.last + 1)
                for place in scope.places
                for village in range(place.first, place.last + 1)
            ]
            starts, stops = np.searchsorted(self._village_keys, np.array(bounds)).T
            runs = [self._by_village[a:b] for a, b in zip(starts, stops, strict=True)]
            indices = np.concatenate(runs)
        is_inside = np.isin(self.outcome[indices], scope.outcomes)
        is_inside &= (self.day[indices] >= first) & (self.day[indices] <= scope.last)
        if scope.status is not None:
            is_inside &= self.status[indices] == scope.status
        return indices[is_inside]

    def count_people(self, scope: Scope, *, mark: bool = False) -> int:
        """Return how many people the scope holds; ``mark`` says that a report reaches them."""
        (place, *others), first = scope.places, scope.first or 0
        if scope.event is not None or others or place.last - place.first < VILLAGES_EACH - 1:
            indices = self._find_elements(scope)
            if mark:
                self.is_reached[indices] = True
            return int(self.count[indices].sum())
        districts = slice(place.first // VILLAGES_EACH, place.last // VILLAGES_EACH + 1)
        statuses = slice(None) if scope.status is None else slice(scope.status, scope.status + 1)
        outcomes = list(scope.outcomes)
        if mark:
            self._reached_from[districts, statuses, outcomes, first] += 1
            self._reached_from[districts, statuses, outcomes, scope.last + 1] -= 1
        until = self._until[districts, statuses]
        return int((until[:, :, outcomes, scope.last + 1] - until[:, :, outcomes, first]).sum())

    def finish_marks(self) -> None:
        """Add to ``is_reached`` the people of the scopes of whole districts that were marked."""
        is_reached = self._reached_from.cumsum(axis=3) > 0
        self.is_reached |= is_reached[
            self.village // VILLAGES_EACH, self.status, self.outcome, self.day
        ]


class ReportGenerator:
    """An iterator of reports about a world of their own."""

    def __init__(self, report_count: int, seed: int, *, registers_only: bool = False) -> None:
        self._random = np.random.default_rng(seed)
        self._report_count, self._registers_only = report_count, registers_only
        self.world = World(max(1, int(report_count * EVENTS_PER_REPORT)), self._random)
        self.false_scopes: list[Scope] = []
        self._known_places: set[str] = set()
        self._known_reporters: set[int] = set()
        self._known_statuses: set[int] = set()
        self._recent_refs: list[tuple[str, str, dict[str, Any]]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the reports in the order of their publication."""
        random = self._random
        shares = [0.0, 0.0] if self._registers_only else [REGION_TOTALS, RUNNING_TOTALS]
        kinds = random.choice(3, self._report_count, p=[1 - sum(shares), *shares])
        events = random.integers(0, len(self.world.event_first), self._report_count)
        days = random.integers(0, DAYS, self._report_count)
        last_days = self.world.event_first[events] + self.world.event_days[events] - 1
        published = np.where(kinds == 0, last_days, days) + random.integers(0, 60, len(days))
        for number, index in enumerate(np.argsort(published, kind="stable").tolist()):
            day = FIRST_DAY + timedelta(days=int(published[index]))
            if self._recent_refs and random.random() < RELAYS:
                yield self._make_relay(number, day)
                continue
            reporter = int(random.integers(0, REPORTERS))
            if kinds[index] == 0:
                scopes = self._choose_event_scopes(int(events[index]))
            else:
                scopes = [self._choose_region_scope(int(days[index]), running=kinds[index] == 2)]
            yield self._make_report(number, reporter, scopes, day)

    def _choose_event_scopes(self, event: int) -> list[Scope]:
        """Return scopes of one event, of its village on its days, or a little wider."""
        random, world = self._random, self.world
        first = int(world.event_first[event])
        last = first + int(world.event_days[event]) - 1
        village = int(world.event_village[event])
        is_coded = self._registers_only or random.random() < CODED
        places: tuple[Place, ...] = (make_village(village),)
        if last > first and random.random() < 0.1:
            first = last = int(random.integers(first, last + 1))
        status = None
        if not is_coded:
            draw = random.random()
            if draw < 0.1:
                district = village // VILLAGES_EACH * VILLAGES_EACH
                others = district + random.choice(VILLAGES_EACH, 2, replace=False)
                numbers = sorted({village, *others.tolist()})
                places = tuple(make_village(number) for number in numbers)
            elif draw < 0.16:
                places = (make_district(village // VILLAGES_EACH),)
            if random.random() < 0.05:
                status = int(world.event_status[event])
        sets = self._choose_outcomes()
        return [
            Scope(places, first, last, outcomes, event if is_coded else None, status)
            for outcomes in sets
        ]

    def _choose_outcomes(self) -> list[tuple[int, ...]]:
        draw = self._random.random()
        if draw < 0.5:
            return [(0,)]
        if draw < 0.65:
            return [(0, 1)]
        if draw < 0.7:
            return [(1,)]
        if draw < 0.93:
            return [(0,), (1,)]
        return [(0,), (1,), (2,)] if draw < 0.97 else [(0, 1, 2, 3)]

    def _choose_region_scope(self, day: int, *, running: bool) -> Scope:
        """Return a scope of a district, an oblast or the country for a week, a month or so far."""
        random = self._random
        place = (
            make_district(int(random.integers(0, DISTRICTS))),
            make_oblast(int(random.integers(0, OBLASTS))),
            COUNTRY,
        )[random.choice(3, p=[0.7, 0.27, 0.03])]
        outcomes = [(0,), (0, 1), (1,)][random.choice(3, p=[0.6, 0.3, 0.1])]
        if running:
            first = None if random.random() < 0.5 else int(random.integers(0, day + 1))
            return Scope((place,), first, day, outcomes)
        if random.random() < 0.7:
            first = day - day % 7  # FIRST_DAY is a Monday.
            return Scope((place,), first, min(first + 6, DAYS - 1), outcomes)
        begin = (FIRST_DAY + timedelta(days=day)).replace(day=1)
        end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        first, last = ((each - FIRST_DAY).days for each in (begin, end))
        return Scope((place,), max(first, 0), min(last, DAYS - 1), outcomes)

    def _make_report(
        self, number: int, reporter: int, scopes: list[Scope], published: date
    ) -> dict[str, Any]:
        scope = scopes[0]
        report: dict[str, Any] = {
            "reporter": self._name_reporter(reporter),
            "ref": f"report-{number}",
            "published_at": published.isoformat(),
            "period": {
                "from": None if scope.first is None else _DAY_NAMES[scope.first],
                "to": _DAY_NAMES[scope.last],
            },
            "places": [self._name_place(place) for place in scope.places],
        }
        if scope.event is not None:
            report["incident"] = f"{SCHEMES[reporter % len(SCHEMES)]}:{scope.event}"
        if scope.status is not None:
            report["groups"] = [self._name_status(scope.status)]
        is_false = not self._registers_only and self._random.random() < FALSE
        report["figures"] = [
            {
                "outcomes": [OUTCOMES[outcome] for outcome in each.outcomes],
                **self._say(self.world.count_people(each, mark=True), is_false),
            }
            for each in scopes
        ]
        if is_false:
            self.false_scopes += scopes
        if self._random.random() < 0.1:
            report["caveats"] = ["not_independently_verified"]
        self._recent_refs = [
            *self._recent_refs[-19:],
            (f"reporter-{reporter}", report["ref"], report),
        ]
        return report

    def _say(self, people: int, is_false: bool) -> dict[str, Any]:
        """Return what a reporter says of so many people: true, unless it is to be false."""
        random = self._random
        if is_false:
            return {"exactly": people + int(random.integers(people // 2 + 1, 2 * people + 4))}
        if people == 0:
            return {"exactly": 0}
        draw = random.random()
        if draw < 0.4:
            return {"exactly": people}
        if draw < 0.6:
            return {"wording": f"at least {people - int(random.integers(0, people // 5 + 1))}"}
        if draw < 0.8:
            return {"wording": f"about {people}"}
        if draw < 0.9:
            low = people - int(random.integers(0, people // 4 + 1))
            return {"low": low, "high": people + int(random.integers(0, people // 4 + 2))}
        if draw < 0.95:
            return {"wording": f"up to {people + int(random.integers(0, people // 4 + 2))}"}
        if people >= 12:
            return {"wording": "hundreds" if people >= 100 else "dozens"}
        return {"wording": "several" if people >= 2 else "1"}

    def _make_relay(self, number: int, published: date) -> dict[str, Any]:
        """Return a report that repeats a recent one."""
        origin_reporter, ref, origin = self._recent_refs[
            int(self._random.integers(0, len(self._recent_refs)))
        ]
        repeated = ("period", "places", "groups", "incident")
        return {
            "reporter": self._name_reporter(int(self._random.integers(0, REPORTERS))),
            "ref": f"report-{number}",
            "published_at": published.isoformat(),
            **{
                key: [each if isinstance(each, str) else each["id"] for each in origin[key]]
                if key in ("places", "groups")
                else origin[key]
                for key in repeated
                if key in origin
            },
            "figures": origin["figures"],
            "relays": {"reporter": origin_reporter, "ref": ref},
        }

    def _name_reporter(self, number: int) -> str | dict[str, Any]:
        reporter_id = f"reporter-{number}"
        if number in self._known_reporters:
            return reporter_id
        self._known_reporters.add(number)
        return {
            "id": reporter_id,
            "name": f"Reporter {number}",
            "kind": "ministry" if number % 10 == 0 else "monitor",
            "party": number % 10 == 0,
        }

    def _name_status(self, status: int) -> str | dict[str, Any]:
        if status in self._known_statuses:
            return STATUSES[status]
        self._known_statuses.add(status)
        return {"id": STATUSES[status], "name": STATUSES[status].title(), "facet": "status"}

    def _name_place(self, place: Place) -> str | dict[str, Any]:
        """Return the id of the place, or where it is new a description with its parents."""
        if place.id in self._known_places:
            return place.id
        self._known_places.add(place.id)
        described: dict[str, Any] = {"id": place.id, "name": place.id.replace("-", " ").title()}
        if place.last == place.first:
            described["parent"] = self._name_place(make_district(place.first // VILLAGES_EACH))
        elif place.last - place.first < VILLAGES_EACH:
            described["parent"] = self._name_place(
                make_oblast(place.first // (VILLAGES_EACH * DISTRICTS_EACH))
            )
        elif place != COUNTRY:
            described["parent"] = self._name_place(COUNTRY)
        return described


UCDP_COLUMNS: Final = (
    "id", "date_start", "date_end", "date_prec", "country", "adm_1", "adm_2", "where_coordinates",
    "where_prec", "latitude", "longitude", "side_a", "side_b", "type_of_violence",
    "low", "best", "high", "deaths_a", "deaths_b", "deaths_civilians",
)  # fmt: skip
REBELS: Final = 5
"""How many groups fight the government."""


def write_register(path: Path, event_count: int, seed: int) -> int:
    """Write the events as a register in the columns of UCDP; returns how many people were killed.

    The number of each event lies between its low and its high. Where the place is not sure, the
    village, the district or the oblast is not known; where the day is not, its week or month is.
    """
    random = np.random.default_rng(seed)
    world = World(event_count, random)
    is_killed = world.outcome == 0
    killed = np.bincount(
        world.event[is_killed], world.count[is_killed], minlength=event_count
    ).astype(int)
    low = killed - random.binomial(killed, 0.2)
    best = low + random.integers(0, killed - low + 1)
    high = np.maximum(killed, best) + random.choice([0, 0, 2, 5], event_count)
    fought = random.random(event_count) < 0.8
    deaths_civilians = np.where(fought, random.binomial(best, 0.2), best)
    deaths_a = random.binomial(best - deaths_civilians, 0.5)
    deaths_b = best - deaths_civilians - deaths_a
    rebels = random.integers(0, REBELS, event_count)
    place_precision = random.choice([1, 2, 3, 4, 6], event_count, p=[0.6, 0.15, 0.1, 0.1, 0.05])
    day_precision = random.choice([1, 2, 3, 4], event_count, p=[0.75, 0.1, 0.1, 0.05])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(UCDP_COLUMNS)
        for event in range(event_count):
            village, first = int(world.event_village[event]), int(world.event_first[event])
            district = village // VILLAGES_EACH
            writer.writerow(
                (
                    event, _DAY_NAMES[first], _DAY_NAMES[first + int(world.event_days[event]) - 1],
                    day_precision[event], "Country", f"Oblast {district // DISTRICTS_EACH}",
                    f"District {district}", f"Village {village}", place_precision[event],
                    45 + district / 100, 25 + village % VILLAGES_EACH / 10,
                    "Government", f"Rebels {rebels[event]}", 1 if fought[event] else 3,
                    low[event], best[event], high[event],
                    deaths_a[event], deaths_b[event], deaths_civilians[event],
                )
            )  # fmt: skip
    return int(killed.sum())


def save_truth(path: Path, generator: ReportGenerator) -> None:
    """Write the people of the world and the false scopes, once all reports are generated."""
    world = generator.world
    world.finish_marks()
    false_scopes = [
        (place.first, place.last, scope.first or 0, scope.last, sum(1 << o for o in scope.outcomes))
        for scope in generator.false_scopes
        for place in scope.places
    ]
    np.savez_compressed(
        path,
        village=world.village,
        day=world.day,
        outcome=world.outcome,
        count=world.count,
        is_reached=world.is_reached,
        false_scopes=np.array(false_scopes, dtype=np.int64).reshape(-1, 5),
    )


def main() -> None:
    """Write the file that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=int, help="how many reports")
    parser.add_argument("file", type=Path, help="the NDJSON file to write")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (1)")
    parser.add_argument("--truth", type=Path, help="an .npz file for the true losses")
    parser.add_argument(
        "--registers-only", action="store_true", help="every figure has an incident, none is false"
    )
    parser.add_argument(
        "--ucdp", action="store_true", help="so many events as a CSV file in the columns of UCDP"
    )
    options = parser.parse_args()
    if options.ucdp:
        killed = write_register(options.file, options.reports, options.seed)
        print(f"{killed:,} people were killed", file=sys.stderr)
        return
    generator = ReportGenerator(
        options.reports, options.seed, registers_only=options.registers_only
    )
    with options.file.open("w", encoding="utf-8") as file:
        for number, report in enumerate(generator, 1):
            file.write(json.dumps(report, separators=(",", ":")) + "\n")
            if sys.stderr.isatty() and number % 10_000 == 0:
                print(f"\r{number:,} of {options.reports:,} reports", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if options.truth:
        save_truth(options.truth, generator)


if __name__ == "__main__":
    main()
