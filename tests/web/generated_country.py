"""2,000 reports of a war in a country that does not exist, always the same ones.

Velmarra lies in the middle of the Atlantic: 12 districts with 20 villages each, and 18 months of
war. First a world is made up, with what happened in it; then reporters speak of it, most of them
truly, and each as exactly as such reporters do. So the figures agree, apart from the disputes that
are put in on purpose, and whoever adds to them can tell what the answers must be near to.
"""

import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import count
from typing import Any, Final

from samples.client import Client

Json = dict[str, Any]

SEED: Final = 20240101
REPORT_COUNT: Final = 2_000
FIRST_DAY: Final = date(2024, 1, 1)
DAY_COUNT: Final = 546
LAST_DAY: Final = FIRST_DAY + timedelta(DAY_COUNT - 1)

COUNTRY: Final = "velmarra"
DISTRICTS: Final = (
    "Askermoor", "Brindavell", "Čelnovar", "Durrowick", "Eskeladd", "Farnhollen",
    "Grimmelby", "Hőrsvár", "Illomandra", "Jostrava", "Kelpenny", "Lower Lorrendal",
)  # fmt: skip
VILLAGES_PER_DISTRICT: Final = 20
"""So many lie in each district."""

REPORTS_PER_KIND: Final = {
    "monthly": 60,
    "running": 70,
    "nationwide": 4,
    "joint": 330,
    "dispute": 70,
    "correction": 70,
    "reclassification": 30,
    "stance": 40,
    "relay": 470,
}
"""How many reports there are of each kind; the rest are one reporter's word on one day's event."""

RETRACTION_COUNT: Final = 30

NAMESAKES: Final = ("Newbridge Ferry", "Oldwell", "Saltmarket", "Tinder Hill")
"""Villages of the same name in two districts each."""

DISPUTED_DISTRICTS, CALM_DISTRICTS = 5, 4
"""Reports contradict each other in so many districts, the first; nothing is open in the last."""

CIVILIANS, AID, ARMY, FRONT = "civilians", "aid-workers", "velmarran-army", "river-front"

GROUPS: Final = (
    {"id": CIVILIANS, "name": "Civilians"},
    {"id": AID, "name": "Aid workers", "parent": CIVILIANS},
    {"id": ARMY, "name": "Velmarran army", "aliases": ["government forces"]},
    {"id": FRONT, "name": "River Front", "aliases": ["rebels", "the Front"]},
)

PARTIES: Final = ("velmarra-mod", "front-command")
OBSERVERS: Final = ("health-office", "red-lantern", "atlantic-monitor", "hospital-union", "un-desk")
OUTLETS: Final = (
    "askermoor-post", "island-wire", "radio-lorrendal", "kelp-channel", "the-lighthouse",
    "mid-ocean-news", "harbour-times", "dawn-bulletin",
)  # fmt: skip

REPORTERS: Final = (
    {"id": PARTIES[0], "name": "Ministry of Defence of Velmarra", "kind": "ministry",
     "party": True},
    {"id": PARTIES[1], "name": "River Front Command", "kind": "armed_group", "party": True},
    {"id": OBSERVERS[0], "name": "Velmarran Health Office", "kind": "ministry"},
    {"id": OBSERVERS[1], "name": "Red Lantern", "kind": "aid_organisation"},
    {"id": OBSERVERS[2], "name": "Atlantic Conflict Monitor", "kind": "monitor"},
    {"id": OBSERVERS[3], "name": "Union of Hospitals", "kind": "monitor"},
    {"id": OBSERVERS[4], "name": "United Nations desk, invented", "kind": "monitor"},
    *({"id": outlet, "name": outlet.replace("-", " ").title(), "kind": "news_outlet"}
      for outlet in OUTLETS),
)  # fmt: skip


@dataclass
class Event:
    """What happened to one group at some villages on some days; ``people`` by outcome."""

    district: str
    places: tuple[str, ...]
    first: date
    last: date
    group: str
    people: dict[str, int]


@dataclass
class Country:
    """All that is posted, in this order.

    In ``reports`` a link is the ``ref`` of an earlier report, since ids are given on posting; a
    reclassified figure is the first of such a report. ``retractions`` are refs with reasons.
    ``kinds`` tells by ref what a report was made for.
    """

    places: list[Json]
    groups: list[Json]
    reporters: list[Json]
    reports: list[Json]
    retractions: list[tuple[str, str]]
    kinds: dict[str, str] = field(repr=False)

    @property
    def districts(self) -> list[str]:
        """The ids of the districts."""
        return [place["id"] for place in self.places if place["kind"] == "district"]

    def villages(self, district: str) -> list[str]:
        """Return the ids of the district's villages."""
        return [place["id"] for place in self.places if place.get("parent") == district]


@cache
def make_country() -> Country:
    """Return the country, which is always the same."""
    return _Writer(random.Random(SEED)).write_country()


def load_country(client: Client, country_data: Country) -> dict[str, str]:
    """Post all of it; returns the id of every report by its ref.

    A report comes in a later batch than those that it speaks of, and every three months in batches
    of their own, so that there are moments to look back to.
    """
    for register in ("places", "groups", "reporters"):
        for entry in getattr(country_data, register):
            client.put(f"/v1/{register}/{entry['id']}", {**entry, "id": entry["id"]})
    ids: dict[str, str] = {}
    for batch in split_into_batches(country_data.reports):
        bodies = [_resolve_links(client, report, ids) for report in batch]
        _, answer = client.post("/v1/reports/batch", {"reports": bodies})
        for report, result in zip(batch, answer["results"], strict=True):
            assert result["status"] == 201, (report, result)
            ids[report["ref"]] = result["id"]
    for ref, reason in country_data.retractions:
        client.post(f"/v1/reports/{ids[ref]}/retraction", {"reason": reason})
    return ids


def split_into_batches(reports: Sequence[Json]) -> Iterator[list[Json]]:
    """Yield the reports so that each comes after those that it names."""
    depths: dict[str, int] = {}
    batches_by_time: dict[tuple[int, int], list[Json]] = defaultdict(list)
    for report in reports:
        depth = max((depths[ref] + 1 for ref in linked_refs(report)), default=0)
        depths[report["ref"]] = depth
        published = date.fromisoformat(report["published_at"])
        batches_by_time[(published - FIRST_DAY).days // 91, depth].append(report)
    for when in sorted(batches_by_time):
        yield batches_by_time[when]


def linked_refs(report: Json) -> list[str]:
    """Return the refs of the reports that this one names."""
    links = [report[link] for link in ("relays", "supersedes") if link in report]
    reclassified = (figure.get("reclassifies") for figure in report.get("figures", ()))
    return links + [each["figure"] for each in reclassified if each]


def _resolve_links(client: Client, report: Json, ids: dict[str, str]) -> Json:
    """Return the report with ids where it has refs."""
    body = dict(report)
    for link in ("relays", "supersedes"):
        if link in body:
            body[link] = ids[body[link]]
    figures = []
    for given in body.get("figures", ()):
        figure = dict(given)
        if moved := figure.get("reclassifies"):
            earlier = client.get(f"/v1/reports/{ids[moved['figure']]}")
            figure["reclassifies"] = {**moved, "figure": earlier["figures"][0]["id"]}
        figures.append(figure)
    return {**body, "figures": figures} if figures else body


class _Writer:
    """Generates the places, a true world, and the reports about it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.places: list[Json] = []
        self.villages: dict[str, list[str]] = {}
        self.names: dict[str, str] = {}
        self.events: list[Event] = []
        self.taken: set[tuple[str, date]] = set()
        self.reports: list[Json] = []
        self.kinds: dict[str, str] = {}
        self.numbers = count(1)
        self.about: dict[str, Event] = {}

    def write_country(self) -> Country:
        """Return the whole country."""
        self._make_places()
        self._report_events()
        self._report_sums()
        self._report_disputes()
        self._report_corrections()
        self._report_reclassifications()
        self._report_stances()
        retractions = self._choose_retractions()
        self._report_relays()
        # On one day in the order of writing, so that no report refers to a later one.
        self.reports.sort(key=lambda report: report["published_at"])
        return Country(
            self.places,
            [dict(group) for group in GROUPS],
            [dict(reporter) for reporter in REPORTERS],
            self.reports,
            retractions,
            self.kinds,
        )

    # Where it is.

    def _make_places(self) -> None:
        self.places.append(
            {"id": COUNTRY, "name": "Velmarra", "kind": "country", "latitude": 30.0,
             "longitude": -42.0, "aliases": ["Republic of Velmarra", "Вельмарра"]}
        )  # fmt: skip
        self.names[COUNTRY] = "Velmarra"
        fresh = self._fresh_names()
        for number, name in enumerate(DISTRICTS):
            district = _slugify(name)
            north, east = 28.0 + number // 4 * 1.6, -44.0 + number % 4 * 1.8
            self._add_place(district, name, COUNTRY, "district", north, east, [])
            own = [NAMESAKES[number % 4]] if number < 8 else []
            self.villages[district] = []
            for village in own + [next(fresh) for _ in range(VILLAGES_PER_DISTRICT - len(own))]:
                village_id = (
                    f"{district}-{_slugify(village)}" if village in NAMESAKES else _slugify(village)
                )
                spread = self.chance.uniform
                aliases = [f"{village[:-1]}š", f"Old {village}"] if self._is_one_in(5) else []
                self._add_place(
                    village_id, village, district, "village",
                    north + spread(-0.7, 0.7), east + spread(-0.8, 0.8), aliases,
                )  # fmt: skip
                self.villages[district].append(village_id)

    def _add_place(
        self, place_id: str, name: str, parent: str, kind: str, north: float, east: float,
        aliases: list[str],
    ) -> None:  # fmt: skip
        self.names[place_id] = name
        self.places.append(
            {"id": place_id, "name": name, "parent": parent, "kind": kind,
             "latitude": round(north, 4),
             "longitude": round(east, 4)} | ({"aliases": aliases} if aliases else {})
        )  # fmt: skip

    def _fresh_names(self) -> Iterator[str]:
        """Yield names of villages, none twice."""
        starts = (
            "Abber", "Belm", "Cor", "Drum", "Ell", "Fen", "Garr", "Hask", "Ing", "Jarr", "Kell",
            "Lomb", "Mor", "Nes", "Orr", "Pell", "Quar", "Rusk", "Sel", "Tarn", "Ulm", "Varr",
            "Wend", "Yar", "Zell", "Ösk", "Žur",
        )  # fmt: skip
        ends = (
            "avik", "bury-on-Sound", "dale", "enmoor", "folt", "garth", "holme", "iska", "ovo",
            "ledd", "mouth", "nitsa", "oster", "penny", "rith", "stoke",
        )  # fmt: skip
        names = [start + end for start in starts for end in ends]
        self.chance.shuffle(names)
        yield from names

    # What happened, and who first said so.

    def _report_events(self) -> None:
        for _ in range(REPORTS_PER_KIND["joint"]):
            self._report_joint_event()
        for _ in range(REPORT_COUNT - sum(REPORTS_PER_KIND.values())):
            self._report_single_event()

    def _report_single_event(self) -> None:
        """One reporter's word on what happened at one village on one day."""
        event = self._make_event(villages=1, days=1)
        outcomes = [name for name, people in event.people.items() if people or self._is_one_in(4)]
        figures = [
            self._make_figure([name], event.people[name], event) for name in outcomes or ["killed"]
        ]
        # Where two things happened at one place on one day, each is an event of its own.
        more = {"incident": "own"} if self._is_one_in(12) else {}
        self._add_report("single", self._choose_reporter(event), event, figures, **more)

    def _report_joint_event(self) -> None:
        """One number for several villages, several days or several outcomes."""
        event = self._make_event(
            villages=self.chance.choice([1, 1, 2, 2, 3, 4]),
            days=self.chance.choice([1, 1, 2, 3, 5]),
        )
        people = event.people["killed"] + event.people["wounded"]
        figures = [self._make_figure(["killed", "wounded"], people, event)]
        if self._is_one_in(3):
            figures.append(self._make_figure(["missing"], event.people["missing"], event))
        self._add_report("joint", self._choose_reporter(event), event, figures)

    def _make_event(self, villages: int, days: int) -> Event:
        """Return a new event, where and when there has been no other."""
        while True:
            # The war is worse in some districts, and in some months.
            district = self.chance.choices(list(self.villages), range(14, 2, -1))[0]
            center = self.chance.choice([60, 200, 230, 400, 520])
            begin = min(max(int(self.chance.gauss(center, 60)), 0), DAY_COUNT - days)
            first, last = FIRST_DAY + timedelta(begin), FIRST_DAY + timedelta(begin + days - 1)
            places = tuple(self.chance.sample(self.villages[district], villages))
            cells = {(each, first + timedelta(day)) for each in places for day in range(days)}
            if not cells & self.taken:
                break
        self.taken |= cells
        group = self.chance.choices([CIVILIANS, AID, ARMY, FRONT], [50, 4, 25, 21])[0]
        size = min(int(self.chance.paretovariate(0.9)) * villages, 160)
        people = {
            "killed": size - 1 + self.chance.randrange(2),
            "wounded": int(size * self.chance.uniform(0.5, 3)),
            "missing": self.chance.choice([0, 0, 0, 2, 4]),
        }
        if group in (ARMY, FRONT):
            people["captured"] = self.chance.choice([0, 0, 0, 3])
        event = Event(district, places, first, last, group, people)
        self.events.append(event)
        return event

    def _choose_reporter(self, event: Event) -> str:
        """Return who reports it; of their own losses armed groups say less than others."""
        if event.group in (ARMY, FRONT) and self._is_one_in(2):
            return PARTIES[event.group == ARMY]
        return self.chance.choice(OBSERVERS + OUTLETS[:4])

    def _make_figure(self, outcomes: list[str], people: int, event: Event) -> Json:
        """Return a figure that is true of so many people; in a calm district one with an end."""
        ways: list[Json] = [{"exactly": people}, {"wording": str(people)}]
        vague: list[Json] = []
        if people:
            vague.append({"wording": f"at least {max(people - self.chance.randrange(4), 1)}"})
        if people > 2:
            ways += [{"low": people - 2, "high": people + 3, "best": people}]
            ways += [{"wording": f"up to {people + self.chance.randrange(3)}"}]
            vague += [{"wording": "several"}, {"wording": f"more than {people - 1}"}]
        if people >= 10 and people % 10 == 0:
            ways = [{"wording": f"about {people}"}]
        if people >= 12:
            ways += [{"wording": f"between {people - 2} and {people + 4}"}]
            vague += [{"wording": "dozens"}]
        calm = event.district in [*self.villages][-CALM_DISTRICTS:]
        return {"outcomes": outcomes, **self.chance.choice(ways if calm else ways + vague)}

    # What is said of a whole district, or of everywhere.

    def _report_sums(self) -> None:
        self._report_running_totals()
        districts = list(self.villages)
        for number in range(REPORTS_PER_KIND["monthly"]):
            district, month = districts[number % 10], number // 10
            first = FIRST_DAY + timedelta(month * 90)
            last = first + timedelta(29)
            people = self._sum_people(district, CIVILIANS, "wounded", first, last)
            event = Event(district, (district,), first, last, CIVILIANS, {"wounded": people})
            figure = {"outcomes": ["wounded"], "low": people * 4 // 5, "high": people * 6 // 5 + 5}
            self._add_report("monthly", OBSERVERS[2], event, [figure])
        for number in range(REPORTS_PER_KIND["nationwide"]):
            first = FIRST_DAY + timedelta(number * 150)
            last = first + timedelta(29)
            people = sum(self._sum_people(each, AID, "killed", first, last) for each in districts)
            event = Event("", (COUNTRY,), first, last, AID, {"killed": people})
            # With an end: a floor for the whole country would leave every village open above.
            figure = {"outcomes": ["killed"], "low": people, "high": people + 2}
            self._add_report("nationwide", OBSERVERS[4], event, [figure])

    def _report_running_totals(self) -> None:
        """All who were killed in a district so far, again and again, with an open first day.

        In some districts a number, in some a floor: that is what leaves a village open above.
        """
        districts = [*self.villages][1:8]
        for number in range(REPORTS_PER_KIND["running"]):
            district, turn = districts[number % 7], number // 7
            until = FIRST_DAY + timedelta(50 * (turn + 1))
            people = self._sum_people(district, CIVILIANS, "killed", FIRST_DAY, until)
            figure: Json = {"outcomes": ["killed"], "period": {"from": None, "to": str(until)}}
            if number % 7 < 3:
                figure |= {"low": people, "high": people + 10} if turn % 2 else {"exactly": people}
            else:
                figure |= {"wording": f"at least {max(people * 9 // 10, 1)}"}
            event = Event(district, (district,), until, until, CIVILIANS, {"killed": people})
            self._add_report("running", OBSERVERS[0], event, [figure])

    def _sum_people(self, district: str, group: str, outcome: str, first: date, last: date) -> int:
        below = {CIVILIANS: (CIVILIANS, AID)}.get(group, (group,))
        return sum(
            event.people.get(outcome, 0)
            for event in self.events
            if event.district == district
            and event.group in below
            and first <= event.first
            and event.last <= last
        )

    # What is said against it, of it, and again.

    def _report_disputes(self) -> None:
        """Another reporter's number for the same place and day, far from the first one's."""
        torn = [*self.villages][:DISPUTED_DISTRICTS]
        firm = [
            report
            for report in self._reports_of_kinds("single")
            if "exactly" in report["figures"][0]
            and self.about[report["ref"]].district in torn
            # Who contradicts these contradicts what is said of the whole country.
            and self._group_of(report) != AID
        ]
        for report in self.chance.sample(firm, REPORTS_PER_KIND["dispute"]):
            event = self.about[report["ref"]]
            (outcome,) = report["figures"][0]["outcomes"]
            people = report["figures"][0]["exactly"]
            other = {"exactly": people + self.chance.randrange(3, 30)}
            if people > 5 and self._is_one_in(3):
                other = {"wording": "no"}
            who = self.chance.choice([each for each in PARTIES if each != report["reporter"]])
            alike = {"incident": "velmarra:" + report["ref"]} if "incident" in report else {}
            report |= alike
            self._add_report("dispute", who, event, [{"outcomes": [outcome], **other}], **alike)

    def _report_corrections(self) -> None:
        """The same reporter's later word, instead of the first."""
        for report in self.chance.sample(
            self._reports_of_kinds("single"), REPORTS_PER_KIND["correction"]
        ):
            event = self.about[report["ref"]]
            figures = [dict(figure) for figure in report["figures"]]
            (outcome,) = figures[0]["outcomes"]
            figures[0] = self._make_figure([outcome], event.people[outcome], event)
            self._add_report(
                "correction", report["reporter"], event, figures, supersedes=report["ref"], later=5
            )

    def _report_reclassifications(self) -> None:
        """Some of those who were missing are found dead."""
        replaced = {report.get("supersedes") for report in self.reports}
        lost = [
            report
            for report in self._reports_of_kinds("joint", "single")
            if report["ref"] not in replaced
            and self.about[report["ref"]].people["missing"] >= 2
            and self.about[report["ref"]].district not in [*self.villages][-CALM_DISTRICTS:]
        ]
        for report in self.chance.sample(lost, REPORTS_PER_KIND["reclassification"]):
            event = self.about[report["ref"]]
            # It is first, where the tests look for it.
            report["figures"] = [
                {"outcomes": ["missing"], "wording": "at least 2"},
                *(each for each in report["figures"] if each["outcomes"] != ["missing"]),
            ]
            moved = {"figure": report["ref"], "from": "missing"}
            figure = {"outcomes": ["killed"], "exactly": 1, "reclassifies": moved}
            self._add_report("reclassification", OBSERVERS[1], event, [figure], later=40)

    def _report_stances(self) -> None:
        """A party that gives no number for its own losses."""
        kinds = ("does_not_acknowledge", "declines_to_say", "acknowledges")
        own = [
            report
            for report in self._reports_of_kinds("single")
            if self._group_of(report) in (ARMY, FRONT)
        ]
        for number, report in enumerate(self.chance.sample(own, REPORTS_PER_KIND["stance"])):
            who = PARTIES[self._group_of(report) == FRONT]
            event = self.about[report["ref"]]
            self._add_report("stance", who, event, [], stance=kinds[number % 3])

    def _choose_retractions(self) -> list[tuple[str, str]]:
        named_by_others = {ref for report in self.reports for ref in linked_refs(report)}
        free = [
            each
            for each in self._reports_of_kinds("single", "joint")
            if each["ref"] not in named_by_others
        ]
        reasons = ("The photograph was of another war.", "Counted twice by the clerk.")
        return [
            (report["ref"], reasons[number % 2])
            for number, report in enumerate(self.chance.sample(free, RETRACTION_COUNT))
        ]

    def _report_relays(self) -> None:
        """Newspapers repeat others, and each other."""
        for number in range(REPORTS_PER_KIND["relay"]):
            origin = self.chance.choice(
                self._reports_of_kinds("single", "joint", "running", "dispute")
            )
            if number > 100 and self._is_one_in(8):
                origin = self.chance.choice(self._reports_of_kinds("relay"))
            event = self.about[origin["ref"]]
            figures = [
                {name: value for name, value in figure.items() if name != "reclassifies"}
                for figure in origin["figures"][:1]
            ]
            if self._is_one_in(6):  # What was a number has become a word.
                period = {key: figures[0][key] for key in ("period",) if key in figures[0]}
                figures = [{"outcomes": figures[0]["outcomes"], "wording": "dozens", **period}]
            own = [each for each in OUTLETS if each != origin["reporter"]]
            self._add_report(
                "relay", self.chance.choice(own), event, figures, relays=origin["ref"],
                published=date.fromisoformat(origin["published_at"])
                + timedelta(self.chance.randrange(2)),
            )  # fmt: skip

    # How it is written down.

    def _add_report(
        self,
        kind: str,
        reporter: str,
        event: Event,
        figures: list[Json],
        *,
        later: int = 0,
        published: date | None = None,
        **more: Any,
    ) -> None:
        number = next(self.numbers)
        ref = f"{reporter}-{number:04}"
        day = published or event.last + timedelta(later + self.chance.randrange(3))
        where = " and ".join(self.names[place] for place in event.places)
        quote = f"{self._format_figures(figures)} near {where}, {event.first} to {event.last}"
        if number % 97 == 0:  # What a page must show as it is written.
            quote = f"<b>{quote}</b> & “so on” — \u202btext from right\u202c <script>x</script>"
        body = {
            "reporter": reporter,
            "ref": ref,
            "published_at": str(min(day, LAST_DAY)),
            "quote": quote,
            "source": {
                "url": f"https://{reporter}.example/{number}",
                "publisher": reporter,
                "title": f"Day {(event.last - FIRST_DAY).days + 1} in {where}",
                "language": "en",
            },
            "period": {"from": str(event.first), "to": str(event.last)},
            "places": list(event.places),
            "groups": [event.group],
            **({"figures": figures} if figures else {}),
            **more,
        }
        if number % 9 == 0:
            body["caveats"] = ["preliminary"]
        self.reports.append(body)
        self.kinds[ref] = kind
        self.about[ref] = event

    def _format_figures(self, figures: list[Json]) -> str:
        def format_figure(figure: Json) -> str:
            number = figure.get("wording") or figure.get("exactly", figure.get("best", "some"))
            return f"{number} {' or '.join(figure['outcomes'])}"

        return ", ".join(format_figure(figure) for figure in figures) or "no word on losses"

    def _reports_of_kinds(self, *kinds: str) -> list[Json]:
        return [report for report in self.reports if self.kinds[report["ref"]] in kinds]

    def _group_of(self, report: Json) -> str:
        group: str = report["groups"][0]
        return group

    def _is_one_in(self, many: int) -> bool:
        return self.chance.randrange(many) == 0


def count_kinds(country_data: Country) -> Counter[str]:
    """Return how many reports there are of each kind."""
    return Counter(country_data.kinds.values())


def _slugify(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-")
