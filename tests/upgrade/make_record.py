"""How the record in the folder 0.1.0 was made. It was run once, with release 0.1.0 (f2d2dfe).

It works with that release only, whose modules it imports, and is kept to show what the record
holds and how it came about. To run it again, check that commit out, add the folder tests/upgrade,
and with PostgreSQL 15 of Debian and that of requirements-dev.txt installed:

    PYTHONPATH=. .venv/bin/python tests/upgrade/make_record.py

It makes the same record twice over HTTP, once in SQLite and once in PostgreSQL. The API keys are
made by the function that the command line calls. The clock, the ids, the keys and the salts of
texts are counted, so that both records are the same, and every run makes them again. The script
stops if the two give different answers, if an answer depends on what was asked before it, or if the
record lacks a kind of entry or a class of error.

The places, groups, reporters and reports are invented.
"""

import gzip
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psycopg
from flask.testing import FlaskClient
from service.release import RELEASE
from service.store.apply import KINDS
from service.store.database import Store
from service.store.opening import open_store

from service import create_app
from service.settings import Settings
from service.usecases import keys
from tests import postgres
from tests.upgrade.exchange import Answer, Exchange, RecordedAnswers, Request, send

Body = dict[str, Any]

FOLDER: Final = Path(__file__).parent / "0.1.0"
BEGIN: Final = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
STEP: Final = timedelta(minutes=7)
"""The time between two requests."""

SCHEMA: Final = "record_of_0_1_0"
"""A name that occurs nowhere else in the dump of PostgreSQL, so that it can be removed there."""

STORED_ERRORS: Final = {"Invalid", "Malformed", "Conflict", "NotAllowed", "NotDone"}
"""The classes of errors that are stored for an item of a batch."""

JSON: Final = {"Content-Type": "application/json"}
LINES: Final = {"Content-Type": "application/x-ndjson"}

FIRST_WEEKEND: Final = {"from": "2025-03-01", "to": "2025-03-02"}
MARCH: Final = {"from": "2025-03-01", "to": "2025-03-31"}

NORTHERN: Final = [
    {
        "id": "bir-salim",
        "name": "بئر سالم",
        "kind": "village",
        "parent": "north",
        "aliases": ["Bir Salim", "Bir Sālim"],
        "latitude": 35.5,
        "longitude": 38.25,
    },
    {
        "id": "zarechye",
        "name": "Заречье",
        "kind": "village",
        "parent": "north",
        "aliases": ["Zarechye", "Zarečje"],
        "latitude": 35.625,
        "longitude": 38.125,
        "geonames_id": 1234567,
    },
]
MILLBROOK: Final = {
    "id": "millbrook",
    "name": "Millbrook",
    "kind": "town",
    "parent": "east",
    "country": "XA",
    "pcode": "XA0201",
    "latitude": 34.75,
    "longitude": 40,
}
MOD: Final = {"id": "mod", "name": "Ministry of Defence of Ardania", "kind": "ministry"}
FREE_NORTH: Final = {"id": "free-north", "name": "Free North Command", "party": True}
RED_RELIEF: Final = {"id": "red-relief", "name": "Red Relief", "kind": "monitor"}
DAILY: Final = {"id": "daily-north", "name": "Daily North", "kind": "news_outlet"}
KHRONIKA: Final = {"id": "khronika", "name": "Хроника", "aliases": ["Khronika"]}
MARSAD: Final = {"id": "marsad", "name": "المرصد", "aliases": ["Al-Marsad"]}
AGENCY: Final = {"id": "agency", "name": "Agency"}
AGENCY_OLD: Final = {"id": "agency-old", "name": "Agency (former name)"}

FIRST_QUOTE: Final = "at least 30 soldiers were killed or wounded in the two villages"

FIRST: Final[Body] = {
    "reporter": MOD,
    "ref": "mod-2025-03-02",
    "published_at": "2025-03-02",
    "source": {
        "url": "https://mod.example/2025/03/02?lang=en",
        "publisher": "Ministry of Defence of Ardania",
        "title": "Losses of the first weekend",
        "language": "en",
    },
    "quote": FIRST_QUOTE,
    "note": "Read out in the evening.\nThe second figure was added in answer to a question.",
    "period": FIRST_WEEKEND,
    "places": NORTHERN,
    "groups": ["army"],
    "figures": [
        {"outcomes": ["killed", "wounded"], "wording": "at least 30"},
        {
            "wording": "at least three missing",
            "places": ["zarechye"],
            "groups": [{"id": "brigade-7", "name": "7th Brigade", "parent": "army"}],
            "note": "No day stands beside this figure.",
        },
    ],
    "caveats": ["not_independently_verified", "The figures were given orally."],
}
RELAY: Final[Body] = {
    "reporter": DAILY,
    "relays": "r1",
    "published_at": "2025-03-02T21:30:00Z",
    "quote": "over 30 soldiers killed or wounded",
    "period": FIRST_WEEKEND,
    "places": ["bir-salim", "zarechye"],
    "groups": ["army"],
    "figures": [{"outcomes": ["killed", "wounded"], "wording": "over 30"}],
}
RELAY_OF_RELAY: Final[Body] = {
    **RELAY,
    "reporter": KHRONIKA,
    "relays": "r2",
    "quote": "«более 30 военных убиты или ранены»",
    "source": {"language": "ru", "publisher": "Хроника"},
}
DENIAL: Final[Body] = {
    "reporter": FREE_NORTH,
    "quote": "no more than five were hit",
    "period": FIRST_WEEKEND,
    "places": ["bir-salim", "zarechye"],
    "groups": ["army"],
    "figures": [{"outcomes": ["killed", "wounded"], "low": 0, "high": 5}],
}
OF_CIVILIANS: Final[Body] = {
    "reporter": RED_RELIEF,
    "ref": "march",
    "period": MARCH,
    "places": ["north"],
    "groups": [{"id": "civilians", "name": "Civilians"}],
    "figures": [
        {
            "outcomes": ["killed"],
            "wording": "about 200",
            "best": 190,
            "note": "The best estimate stands in a table of its own.",
        },
        {"wording": "dozens were wounded"},
        {
            "outcomes": ["killed"],
            "wording": "several",
            "groups": [{"id": "children", "name": "Children", "parent": "civilians"}],
        },
    ],
}
WITHHELD: Final[Body] = {
    "reporter": MARSAD,
    "quote": "خسائر فادحة في البلدة",
    "source": {"language": "ar"},
    "period": {"from": "2025-03-10", "to": "2025-03-12"},
    "places": [MILLBROOK],
    "groups": [{"id": "militia", "name": "Militia"}],
    "figures": [{"wording": "heavy losses"}],
    "caveats": ["disputed", "preliminary"],
}
OWN_INCIDENTS: Final[Body] = {
    "reporter": "khronika",
    "period": {"from": "2025-03-15", "to": "2025-03-15"},
    "places": ["zarechye"],
    "groups": ["civilians"],
    "figures": [
        {"outcomes": ["killed"], "exactly": 4, "incident": "own", "note": "The market."},
        {"outcomes": ["killed"], "exactly": 7, "incident": "own", "note": "The bridge."},
        {"outcomes": ["killed"], "wording": "a dozen", "incident": None},
    ],
    "incident": "own",
}
OLD_PORT_DAY: Final = {"from": "2025-03-20", "to": "2025-03-20"}
ONE_INCIDENT: Final[Body] = {
    "reporter": "marsad",
    "period": OLD_PORT_DAY,
    "places": ["old-port"],
    "incident": "ucdp:512345",
    "figures": [
        {"wording": "between 10 and 12 killed"},
        {"wording": "up to 40 wounded", "best": 25},
        {"wording": "a couple of soldiers were captured"},
    ],
}
SAME_INCIDENT_ELSEWHERE: Final[Body] = {
    "reporter": AGENCY,
    "ref": "agency-1",
    "period": OLD_PORT_DAY,
    "places": ["millbrook"],
    "incident": "ucdp:512345",
    "figures": [{"outcomes": ["killed"], "wording": "3"}],
}
RUNNING_TOTAL: Final[Body] = {
    "reporter": "red-relief",
    "ref": "total-1",
    "period": {"from": None, "to": "2025-03-31"},
    "places": ["ardania"],
    "groups": ["civilians"],
    "figures": [{"outcomes": ["killed"], "wording": "a total of 412"}],
}
FALLEN_TOTAL: Final[Body] = {
    **RUNNING_TOTAL,
    "ref": "total-2",
    "period": {"from": None, "to": "2025-04-30"},
    "figures": [{"outcomes": ["killed"], "exactly": 409}],
}
CORRECTED_TOTAL: Final[Body] = {
    **FALLEN_TOTAL,
    "supersedes": "r12",
    "note": "A sum was wrong.",
    "figures": [{"outcomes": ["killed"], "exactly": 431}],
}
SAME_WORDS: Final[Body] = {
    "reporter": AGENCY_OLD,
    "quote": FIRST_QUOTE,
    "period": FIRST_WEEKEND,
    "places": ["bir-salim", "zarechye"],
    "groups": [{"id": "volunteers", "name": "Volunteers", "parent": "army"}],
    "figures": [{"outcomes": ["killed", "wounded"], "wording": "at least 30"}],
}
FOUND_DEAD: Final[Body] = {
    "reporter": "mod",
    "ref": "mod-2025-03-09",
    "period": FIRST_WEEKEND,
    "places": ["zarechye"],
    "groups": ["brigade-7"],
    "figures": [
        {
            "outcomes": ["killed"],
            "exactly": 2,
            "reclassifies": {"figure": "r1-2", "from": "missing"},
        }
    ],
}
PERSONAL: Final[Body] = {
    "reporter": "marsad",
    "ref": "marsad-7",
    "quote": "words that are blanked later",
    "note": "a note that is blanked with the rest",
    "period": {"from": "2025-04-02", "to": "2025-04-02"},
    "places": [{"id": "millbrook-2", "name": "Millbrook"}],
    "figures": [
        {"wording": "nearly 100 wounded", "note": "a third text"},
        {"outcomes": ["captured"], "wording": "just over 50"},
    ],
}
MANY_WORDINGS: Final[Body] = {
    "reporter": "daily-north",
    "ref": "wordings",
    "places": ["millbrook"],
    "groups": ["militia"],
    "figures": [
        {"wording": wording, "period": {"from": f"2025-05-{day:02}", "to": f"2025-05-{day:02}"}}
        for day, wording in enumerate(
            (
                "several hundred killed",
                "scores of fighters were wounded",
                "fewer than 20 killed",
                "1,200 or more wounded",
                "twenty-five to thirty captured",
                "no casualties",
                "an unknown number of killed",
            ),
            start=1,
        )
    ],
}

ONLY_TOGETHER: Final[Body] = {
    "reporter": "red-relief",
    "ref": "pairs",
    "period": {"from": "2025-06-01", "to": "2025-06-01"},
    "figures": [
        {"outcomes": ["killed"], "exactly": number, "places": places}
        for number, places in (
            (3, ["bir-salim", "zarechye"]),
            (3, ["zarechye", "old-port"]),
            (4, ["bir-salim", "old-port"]),
        )
    ],
}
BAD_WORDS: Final[Body] = {
    **RUNNING_TOTAL,
    "ref": "bad",
    "figures": [{"outcomes": ["killed"], "wording": "a whole lot of"}],
}
SMALL: Final[Body] = {
    "reporter": "agency",
    "period": {"from": "2025-04-10", "to": "2025-04-11"},
    "places": ["old-port"],
    "figures": [{"outcomes": ["wounded"], "low": 6, "high": 9}],
}


def stance(reporter: str, word: str, place: str, **more: Any) -> Body:
    """Return a report without a number."""
    return {"reporter": reporter, "stance": word, "places": [place], "period": MARCH, **more}


class Both:
    """The service on both engines: every request is sent to both, and both must answer alike."""

    def __init__(self, addresses: Sequence[Path | str]) -> None:
        """Open both records; nothing is recorded yet."""
        self.now = BEGIN
        self.keys: dict[str, str] = {}
        self.once: list[Exchange] = []
        self._addresses, self._requests = addresses, 0
        self._clients = self._started()

    def _started(self) -> list[FlaskClient]:
        return [self._client(address) for address in self._addresses]

    def _client(self, address: Path | str) -> FlaskClient:
        numbers = count(1)
        settings = Settings(database=address, log_level="error", solver_seconds=60.0)
        app = create_app(settings, lambda: self.now, lambda: f"r{next(numbers)}")
        return app.test_client()

    def make_key(self, name: str, scope: str, **more: Any) -> None:
        """Make an API key and remember it under the name."""
        made = set()
        for store in self._stores():
            with self._counted():
                made.add(keys.create(store, name=f"Key {name}", scope=scope, now=self.now, **more))
        self._requests += 1
        (self.keys[name],) = made

    def revoke_key(self, name: str) -> None:
        """End the key with the name."""
        for store in self._stores():
            keys.revoke(store, self.keys[name].split("_")[1], now=self.now)

    def _stores(self) -> Iterator[Store]:
        for address in self._addresses:
            store = open_store(address, 10.0)
            yield store
            store.close()

    def send(self, request: Request, *, fresh: bool = False) -> Answer:
        """Return the answer that both give; with ``fresh`` they are started anew for it."""
        answers = []
        for client in self._started() if fresh else self._clients:
            with self._counted():
                answers.append(send(client, request, self.keys))
        self._requests += 1
        assert all(each == answers[0] for each in answers), (request, answers)
        return answers[0]

    def record(self, request: Request, status: int) -> Answer:
        """Return the answer to a request that changes the record; it must have the status."""
        answer = self.send(request)
        assert answer.status == status, (request, answer)
        if "Idempotency-Key" in request.headers:
            self.once.append(Exchange(request, answer))
        self.now += STEP
        return answer

    def post(
        self,
        path: str,
        body: Body,
        status: int = 201,
        key: str = "report",
        once: str | None = None,
    ) -> Any:
        """Return the body of the answer to a POST."""
        headers = JSON if once is None else {**JSON, "Idempotency-Key": once}
        request = Request(f"/v1/{path}", "POST", key, headers, _json(body))
        return json.loads(self.record(request, status).body)

    def put(self, path: str, body: Body, status: int) -> None:
        """Describe a place, a group or a reporter."""
        self.record(Request(f"/v1/{path}", "PUT", "admin", JSON, _json(body)), status)

    def batch(
        self, query: str, items: Sequence[Any], statuses: Sequence[int], once: str, key: str
    ) -> None:
        """Send a batch, and check what becomes of every item."""
        path = f"reports/batch{query}"
        answer = self.post(path, {"reports": items}, 207, key, once)
        assert [each["status"] for each in answer["results"]] == list(statuses), answer

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count what is random otherwise: ids and secrets of keys, and salts of texts."""
        usual, numbers = secrets.token_hex, count()

        def counted(nbytes: int | None = None) -> str:
            width = nbytes or 1
            return f"{self._requests:0{width}}{next(numbers):0{width}}"

        secrets.token_hex = counted
        try:
            yield
        finally:
            secrets.token_hex = usual


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def make(both: Both) -> None:
    """Make the keys and the record."""
    both.make_key("admin", "admin")
    both.make_key("report", "report")
    both.make_key("read", "read")
    both.make_key("bound", "report", reporters=["red-relief", "agency-old"])
    both.make_key("revoked", "report")
    both.make_key("expiring", "read", expires=BEGIN + timedelta(days=3))
    both.revoke_key("revoked")

    ardania = {"name": "Ardania", "kind": "country", "country": "XA", "aliases": ["Арданія"]}
    both.put("places/ardania", ardania, 201)
    both.put("places/north", {"name": "North Region", "parent": "ardania"}, 201)
    both.put("places/east", {"name": "East Region", "parent": "ardania", "wikidata": "Q1"}, 201)
    both.put("places/old-port", {"name": "Old Port"}, 201)
    both.put("groups/army", {"name": "Army of Ardania", "kind": "armed_forces"}, 201)

    both.post("reports", FIRST, once="single-1")
    both.post("reports", RELAY)
    both.post("reports", RELAY_OF_RELAY)
    both.post("reports", DENIAL)
    both.post("reports", OF_CIVILIANS, once="single-2", key="bound")
    both.post("reports", WITHHELD)
    both.post("reports", OWN_INCIDENTS)
    both.post("reports", ONE_INCIDENT)
    both.post("reports", SAME_INCIDENT_ELSEWHERE)
    both.post("reports", stance("free-north", "does_not_acknowledge", "east", quote="No comment"))
    both.post("reports", RUNNING_TOTAL)
    fallen = both.post("reports", FALLEN_TOTAL)
    assert [each["code"] for each in fallen["warnings"]] == ["same_reporter_conflict"]
    both.post("reports", CORRECTED_TOTAL, once="single-3")
    same = both.post("reports", SAME_WORDS, once="single-4")
    assert [each["code"] for each in same["warnings"]] == ["possible_relay"]
    both.post("reports", FOUND_DEAD)
    both.post("reports", {**RELAY, "relays": "r14", "groups": ["volunteers"]})
    personal = both.post("reports", PERSONAL, once="single-5")
    assert [each["code"] for each in personal["warnings"]] == ["ambiguous_place"]
    both.post("reports", FIRST, 200, once="single-6")
    both.post("reports/r14/retraction", {"reason": "It was a relay."}, once="retraction")
    both.post(
        "reports/r17/redaction",
        {"reason": "A court asked for it.", "fields": ["/quote"]},
        key="admin",
        once="redaction-1",
    )

    both.put("reporters/mod", {**MOD, "party": True}, 200)
    both.put(
        "places/old-port",
        {"name": "Old Port", "parent": "east", "latitude": 34.5, "longitude": 40.5},
        200,
    )
    both.put("groups/militia", {"name": "Militia", "parent": "army"}, 200)
    both.post("places/millbrook-2/merge", {"into": "millbrook"}, key="admin")
    both.post("groups/volunteers/merge", {"into": "militia"}, key="admin")
    both.post("reporters/agency-old/merge", {"into": "agency"}, key="admin")

    known = {**SMALL, "ref": "agency-2"}
    both.batch(
        "",
        [
            known,
            BAD_WORDS,
            known,
            {**known, "note": "Other content under the same ref."},
            7,
            {},
            {**SMALL, "places": ["old-prot"]},
            {**SMALL, "relays": "r99"},
            MANY_WORDINGS,
        ],
        [201, 422, 200, 409, 422, 422, 422, 422, 201],
        "batch-1",
        "report",
    )
    lines = [_json({**SMALL, "incident": "own"}), "{", "[]", "", '{"reporter": "mod", "ref": NaN}']
    headers = {**LINES, "Idempotency-Key": "batch-2"}
    both.record(Request("/v1/reports/batch", "POST", "report", headers, "\n".join(lines)), 207)
    both.batch("?atomic=true", [SMALL, BAD_WORDS, SMALL], [424, 422, 424], "batch-3", "report")
    both.batch(
        "?atomic=true" + "&" * 500,  # An address of more than 500 characters is kept as its hash.
        [
            stance("mod", "declines_to_say", "millbrook", ref="asked", caveats=["preliminary"]),
            stance("mod", "acknowledges", "old-port", ref="asked", supersedes="r30"),
            stance("mod", "declines_to_say", "north", quote="Не комментируем"),
        ],
        [201, 201, 201],
        "batch-4",
        "admin",
    )
    both.batch(
        "",
        [{**SMALL, "reporter": "agency-old"}, {**SMALL, "reporter": "mod"}],
        [201, 403],
        "batch-5",
        "bound",
    )
    both.post("reports", ONLY_TOGETHER)
    both.post("reports/r17/redaction", {"reason": "All of it."}, key="admin", once="redaction-2")


REPORTS: Final = (*(f"r{n}" for n in (*range(1, 18), 19, 25, 26, 30, 31, 32, 33, 35)), "r99")
PLACES: Final = (
    "ardania", "north", "east", "bir-salim", "zarechye", "millbrook", "millbrook-2", "old-port",
    "nowhere",
)  # fmt: skip
GROUPS: Final = (
    "everyone", "army", "brigade-7", "militia", "volunteers", "civilians", "children", "nobody"
)  # fmt: skip
REPORTERS: Final = (
    "mod", "free-north", "red-relief", "daily-north", "khronika", "marsad", "agency", "agency-old",
    "nobody",
)  # fmt: skip

SPRING: Final = {"from": "2025-02-20", "to": "2025-05-07"}
WEEK: Final = {"from": "2025-02-28", "to": "2025-03-06"}
NOON: Final = "2026-01-05T12:00:00Z"

TOTALS: Final[Sequence[Mapping[str, Any]]] = (
    {},
    {"explain": "true"},
    {"by": "place"},
    {"by": "place", "place": "north", "explain": "true"},
    {"by": "group"},
    {"by": "reporter"},
    {"by": "outcome", "explain": "true"},
    {"by": "day", "outcomes": "killed", **WEEK},
    {"by": "week", "outcomes": "killed,wounded", **SPRING},
    {"by": "month", **SPRING},
    {"by": "year", "from": "2024-01-01", "to": "2026-12-31"},
    {"by_reporter": "true", "explain": "true"},
    {"by_reporter": "true", "by": "place", "outcomes": "killed"},
    *({"as_of": seq, "explain": "true"} for seq in (0, 1, 8, 10, 24, 36, 43, 50)),
    {"as_of": NOON},
    {"as_of": "2026-01-05T09:00:00Z"},
    {"compare": 10},
    {"compare": 24, "by": "place", "outcomes": "killed"},
    {"compare": NOON, "as_of": 46, "explain": "true"},
    {"reporter": "mod"},
    {"reporter": "agency-old", "explain": "true"},
    {"reporter": "mod,free-north", "by_reporter": "true"},
    {"exclude_reporter": "free-north,red-relief"},
    {"party": "exclude", "explain": "true"},
    {"party": "exclude", "as_of": 40},
    {"straddling": "exclude", "from": "2025-03-01", "to": "2025-03-15"},
    {"straddling": "include", "from": "2025-03-02", "to": "2025-03-15", "explain": "true"},
    {"group": "civilians"},
    {"group": "army,children", "by": "group"},
    {"group": "volunteers", "explain": "true"},
    {"place": "bir-salim,zarechye", "explain": "true"},
    {"place": "bir-salim,zarechye", "group": "army", **FIRST_WEEKEND, "explain": "true"},
    {"place": "millbrook-2,old-port"},
    {"outcomes": ["killed", "killed,wounded", "missing"]},
    {"from": "2025-04-01", "to": "2025-04-30", "group": "civilians", "explain": "true"},
    {"from": "2025-06-01", "by": "place", "explain": "true", "outcomes": "killed"},
    {"from": "2030-01-01"},
    {"place": "nowhere,bir-salin"},
    {"group": "nobody"},
    {"reporter": "nobody"},
    {"by": "day"},
    {"by": "hour"},
    {"as_of": 9999},
    {"as_of": "yesterday"},
    {"compare": 9999},
    {"outcomes": "killed,hurt"},
    {"from": "2025-03-02", "to": "2025-03-01"},
    {"format": "geojson"},
    {"colour": "red"},
)
TABLES: Final[Sequence[Mapping[str, Any]]] = (
    {},
    {"by": "place"},
    {"by": "group", "compare": 24},
    {"by": "reporter", "outcomes": "killed"},
    {"by": "month", **SPRING},
    {"by": "outcome", "party": "exclude"},
)
MAPS: Final[Sequence[Mapping[str, Any]]] = (
    {"by": "place", "outcomes": "killed,wounded"},
    {"by": "place", "place": "east", "compare": 44},
)
LISTS: Final[Sequence[Mapping[str, Any]]] = (
    {},
    {"limit": 7},
    {"as_of": 40, "limit": 10},
    {"as_of": NOON},
    {"place": "east"},
    {"place": "millbrook-2"},
    {"place": "north,old-port", "group": "civilians"},
    {"group": "volunteers"},
    {"group": "volunteers", "as_of": 40},
    {"reporter": "agency"},
    {"reporter": "agency-old,mod"},
    {"state": "relay"},
    {"state": "superseded,retracted"},
    {"state": "live", "as_of": 30},
    {"from": "2025-04-01", "to": "2025-04-30"},
    {"to": "2025-03-01"},
    {"q": "soldiers villages"},
    {"q": "خسائر"},
    {"q": "ВОЕННЫХ"},
    {"q": "blanked"},
    {"q": "blanked", "as_of": 41},
    {"q": "heavy losses"},
    {"place": "nowhere", "reporter": "nobody"},
    {"after": "no-cursor"},
    {"limit": 0},
)
FEED: Final[Sequence[Mapping[str, Any]]] = (
    {},
    {"limit": 20},
    {"since": 20, "limit": 30},
    {"since": 59},
    {"since": 60},
    {"since": -1},
)
WORDINGS: Final = (
    "at least 30",
    "about 200 killed",
    "dozens of soldiers were wounded",
    "heavy losses",
    "between twenty and thirty",
    "no more than half a dozen captured",
    "a whole lot of",
)


def questions() -> dict[str, list[Request]]:
    """Return the requests, by subject."""
    accepting = {"Accept": "text/csv;q=0.9, application/x-ndjson"}
    words = [
        Request("/v1/wording", "POST", None, JSON, _json({"text": wording})) for wording in WORDINGS
    ]
    previews = [
        Request("/v1/reports/preview", "POST", "report", JSON, _json(body))
        for body in (
            {**DENIAL, "figures": [{"outcomes": ["killed", "wounded"], "exactly": 31}]},
            {**SMALL, "places": [{"id": "new-town", "name": "Old Port", "parent": "east"}]},
            FIRST,
            BAD_WORDS,
        )
    ]
    addresses = {
        "totals": [
            *_with("/v1/totals", TOTALS),
            *(
                each
                for place in PLACES
                for each in _with(
                    f"/v1/places/{place}/totals", ({}, {"explain": "true"}, {"by": "outcome"})
                )
            ),
        ],
        "tables and maps of totals": [
            *_with("/v1/totals", [{**query, "format": "csv"} for query in TABLES]),
            *_with("/v1/totals", [{**query, "format": "geojson"} for query in MAPS]),
            "/v1/places/north/totals?by=place&format=geojson",
            "/v1/places/old-port/totals?by=month&from=2025-02-20&to=2025-05-07&format=csv",
        ],
        "lists of reports": [
            *_with("/v1/reports", LISTS),
            *_with(
                "/v1/reports",
                [
                    {**query, "format": form}
                    for form in ("ndjson", "csv", "geojson")
                    for query in ({}, {"limit": 12}, {"state": "live", "place": "north"})
                ],
            ),
        ],
        "reports": [
            f"/v1/reports/{entity_id}{more}"
            for entity_id in REPORTS
            for more in ("", "/history", "?as_of=40", f"?as_of={NOON}")
        ],
        "the feed": _with("/v1/changes", FEED),
        "places": _of_kind("places", PLACES),
        "groups": _of_kind("groups", GROUPS),
        "reporters": _of_kind("reporters", REPORTERS),
        "vocabulary": ["/v1/vocabulary"],
    }
    found = {subject: [Request(each) for each in many] for subject, many in addresses.items()}
    found["vocabulary"] += words
    found["previews"] = previews
    found["lists of reports"].append(Request("/v1/reports?reporter=mod", headers=accepting))
    found["tables and maps of totals"].append(Request("/v1/totals?place=east", headers=accepting))
    return found


def _with(path: str, queries: Sequence[Mapping[str, Any]]) -> list[str]:
    written = (urlencode(query, doseq=True, safe=",:") for query in queries)
    return [f"{path}?{query}" if query else path for query in written]


def _of_kind(kind: str, ids: Sequence[str]) -> list[str]:
    queries: Sequence[Mapping[str, Any]] = (
        {},
        {"limit": 3},
        {"q": "o"},
        {"q": "ЗАРЕЧ"},
        {"q": "المرصد"},
        {"limit": 1_001},
    )
    return [*_with(f"/v1/{kind}", queries), *(f"/v1/{kind}/{entity_id}" for entity_id in ids)]


def answered(both: Both, subject: Sequence[Request]) -> tuple[Exchange, ...]:
    """Return the answers to the questions, with all pages of a list."""
    found = []
    waiting = list(reversed(subject))
    while waiting:
        request = waiting.pop()
        answer = both.send(request)
        found.append(Exchange(request, answer))
        path = _following(answer)
        if path is not None:
            waiting.append(replace(request, path=path))
    return tuple(found)


def _following(answer: Answer) -> str | None:
    """Return the address of the next page, None on the last."""
    link = re.match("<(.*)>; rel=", answer.headers.get("Link", ""))
    if link:
        return link[1]
    is_list = answer.headers.get("Content-Type") == "application/json"
    return json.loads(answer.body).get("next") if is_list else None


def replayed(both: Both) -> tuple[Exchange, ...]:
    """Return the answers to the requests with an Idempotency-Key when they are sent once more.

    They are the first answers, without the texts that were blanked since. At the end come the first
    request spaced and ordered otherwise, and another request under the same key.
    """
    again = [Exchange(each.request, both.send(each.request)) for each in both.once]
    names = {"ETag", "Casualty-Seq", "Idempotent-Replayed"}
    differing = {
        each.request.headers["Idempotency-Key"]
        for first, each in zip(both.once, again, strict=True)
        if _without(first.answer, names) != _without(each.answer, names)
    }
    assert differing == BLANKED_SINCE, differing
    assert {each.answer.headers["Idempotent-Replayed"] for each in again} == {"true"}
    first = both.once[0].request
    turned = json.dumps(dict(reversed(json.loads(first.body or "").items())), indent=2)
    others = (replace(first, body=turned), replace(first, body=_json(DENIAL)))
    again += [Exchange(each, both.send(each)) for each in others]
    assert [each.answer.status for each in again[-2:]] == [201, 422]
    return tuple(again)


BLANKED_SINCE: Final = {"single-5", "redaction-1"}


def _without(answer: Answer, names: set[str]) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name not in names}
    return replace(answer, headers=headers)


def check_stable(both: Both, found: RecordedAnswers) -> None:
    """Check that no answer depends on earlier requests."""
    exchanges = [each for many in found.questions.values() for each in many]
    for each in (*reversed(exchanges), *found.replays):
        assert both.send(each.request) == each.answer, each.request
    for each in found.questions["totals"]:
        assert both.send(each.request, fresh=True) == each.answer, each.request


def check_holds_everything(path: Path, ledger: bytes) -> None:
    """Check that every kind of event was recorded, and every class of error stored."""
    recorded = {json.loads(line)["kind"] for line in ledger.splitlines()}
    assert recorded == set(KINDS), set(KINDS) - recorded
    with closing(sqlite3.connect(path)) as db:
        kept = [json.loads(row[0]) for row in db.execute("SELECT told FROM answers")]
    items = [item for each in kept if isinstance(each, list) for item in each]
    errors = {item[0] for item in items if isinstance(item, list) and not _is_report(item)}
    assert errors == STORED_ERRORS, errors


def _is_report(item: list[Any]) -> bool:
    return isinstance(item[2], bool)


def command(address: Path | str, *arguments: str) -> bytes:
    """Return the output of a command of the service on the record."""
    environment = {**os.environ, "CASUALTY_DATABASE": str(address)}
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        env=environment,
        capture_output=True,
        check=True,
    )
    return done.stdout


def sqlite_file(path: Path) -> bytes:
    """Return the file of the record, with nothing left in its log.

    The dates of the migrations come from the machine's clock; they are set to the first of the
    record, so that every run makes the same file.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE _sqlite_migrations SET applied_at = ?", (str(BEGIN),))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return path.read_bytes()


def postgresql_text(url: str) -> bytes:
    """Return the record as SQL that makes it in the first schema of the search path.

    The dates of the migrations are set as in the file.
    """
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("UPDATE migrations SET run_at = %s", (BEGIN,))
    programs = postgres.binaries("15")
    assert programs is not None
    written = subprocess.run(
        [programs / "pg_dump", "--inserts", "--no-owner", "--schema", SCHEMA, url.split("?")[0]],
        capture_output=True,
        check=True,
    ).stdout.decode()
    lines = [line for line in written.split("\n") if not line.startswith(LEFT_OUT)]
    return "\n".join(lines).replace(f"{SCHEMA}.", "").encode()


LEFT_OUT: Final = ("--", "\\", "CREATE SCHEMA", "SELECT pg_catalog.set_config('search_path'")
"""The beginnings of lines that are meant for psql or name the schema; no recorded text has them."""


def main() -> None:
    """Make the record and write the fixture's files."""
    assert RELEASE == "0.1.0", f"This is release {RELEASE}; the record is one of release 0.1.0."
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        servers = {name: held.enter_context(postgres.running(name)) for name in ("15", "18")}
        path, url = folder / "casualties.db", postgres.schema(servers["15"], SCHEMA)
        both = Both([path, url])
        make(both)
        listed = command(path, "key", "list")
        assert command(url, "key", "list") == listed
        ledger = command(path, "dump")
        check_holds_everything(path, ledger)
        files = {
            "casualties.db": sqlite_file(path),
            "casualties.sql": postgresql_text(url),
            "ledger.ndjson": ledger,
        }
        subjects = {name: answered(both, many) for name, many in questions().items()}
        found = RecordedAnswers(
            both.now.isoformat(), both.keys, listed.decode(), subjects, replayed(both)
        )
        check_stable(both, found)
        restored = postgres.schema(servers["18"], "restored")
        with psycopg.connect(restored, autocommit=True) as db:
            db.execute(files["casualties.sql"])
        for address in (path, url, restored):
            assert command(address, "dump") == ledger
            command(address, "verify")
        files["answers.json"] = found.to_json()
        FOLDER.mkdir(exist_ok=True)
        for name, data in files.items():
            packed = gzip.compress(data, 9, mtime=0)
            (FOLDER / f"{name}.gz").write_bytes(packed)
            print(f"{name}: {len(data):,} bytes, compressed {len(packed):,}")
        entries, answers = len(ledger.splitlines()), sum(map(len, subjects.values()))
        print(f"{entries} entries, {answers} answers, {len(found.replays)} replays")


if __name__ == "__main__":
    main()
