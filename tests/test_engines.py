"""Whatever is done to it, the record is the same on every engine, and what a plain model says.

One service keeps its record in SQLite, two in PostgreSQL, the oldest and the newest release. All
are told the same, at random; every answer is compared byte by byte, with what the model expects,
and at the end the whole record is. ``ENGINES_SIZE=300`` does so with so many records, each
longer than usual, and tells how much was done.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from werkzeug.test import TestResponse

from service.domain.figure import Scope
from service.domain.periods import Period
from service.domain.vocabulary import OUTCOMES
from tests import engines, model
from tests.bounds import brute_force
from tests.side_by_side import SideBySide, format_as_of

SIZE: Final = os.environ.get("ENGINES_SIZE")
EXAMPLES, STEPS = (int(SIZE), 60) if SIZE else (8, 25)

KINDS: Final = {"place": "pqrs", "group": "ghi", "reporter": ("ann", "bob", "cid")}
KIND = st.sampled_from(sorted(KINDS))

MOST_FIGURES: Final = 6
"""Of no more than so many the definition is worked out: it takes every cell by itself."""

DONE: Counter[str] = Counter()
"""What was done and what came of it, so that no run passes for having done nothing."""

HOSTILE: Final = (
    "Große Straße 5", "GROSSE STRASSE 5", "İstanbul ısı", "ΣΊΣΥΦΟΣ ᾳ", "σίσυφος", "100%_\\",
    "%", "_", "!", "\\", "a'b\"c; DROP TABLE events--", "100!%_", "𝔘𝔫𝔦 😀 𐐀𐐨", "e\u0301té", "été",
    "ﬁne ﷺ ㌖", "日本語 ｗｉｄｅ", "w" * 180, "\\u0000 \\x00", "{}[]", ":seq %(seq)s %s ?1",
    "ǅ ŉ ẞ", "null", "plain words", "words", "other WORDS",
)  # fmt: skip
"""Texts that engines are known to read each in its own way."""

NAMES: Final = ("Name p", "Name q", "Name g", "Name ann", *HOSTILE[:3])

BAD: Final = ("\u0000", "a\u0000b", "\ud800", "", " ", "\u200b", "\u0007")
"""Texts that are no texts."""

TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8),
)
DAY = st.integers(1, 4).map(lambda day: f"2024-12-{day:02}")
OUTCOME_SETS = st.lists(st.sampled_from(OUTCOMES[:3]), min_size=1, max_size=2, unique=True)
INSTANTS = st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(hours=-30)])


def ids(kind: str) -> st.SearchStrategy[str]:
    """Draw an id of the kind; seldom one that nothing is known of."""
    return st.sampled_from([*KINDS[kind], *KINDS[kind], "nowhere"])


@st.composite
def descriptions(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw what may be put under an id."""
    body: dict[str, Any] = {"name": draw(TEXT)}
    if kind == "reporter":
        body["party"] = draw(st.booleans())
    elif draw(st.booleans()):
        body["parent"] = draw(ids(kind))
    if draw(st.booleans()):
        body["aliases"] = draw(st.lists(TEXT, max_size=2, unique_by=model.normalize_nfc))
    return body


@st.composite
def mentions(draw: st.DrawFn, kind: str, known: model.Model) -> Any:
    """Draw how a report names something: mostly by an id that is known, or with a description."""
    how = draw(st.integers(0, 19))
    if how < 15:
        return draw(st.sampled_from(sorted(known.registry.last_versions[kind])))
    if how == 15:
        return draw(ids(kind))
    body: dict[str, Any] = {"id": draw(ids(kind)), "name": draw(st.sampled_from(NAMES))}
    if kind == "reporter" or draw(st.booleans()):
        return body
    return {**body, "parent": draw(ids(kind))}


def several(kind: str, known: model.Model) -> st.SearchStrategy[list[Any]]:
    """Draw one or two mentions of different things."""
    return st.lists(mentions(kind, known), min_size=1, max_size=2, unique_by=model.id_of_mention)


def seldom(draw: st.DrawFn, known: Sequence[str], unknown: str) -> str:
    """Draw one of those known; seldom, and where there are none, one that is not."""
    return unknown if not known or draw(st.integers(0, 11)) == 0 else draw(st.sampled_from(known))


@st.composite
def periods(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a period; seldom one whose beginning is not stated."""
    first, last = sorted((draw(DAY), draw(DAY)))
    return {"from": None if draw(st.integers(0, 5)) == 0 else first, "to": last}


NUMBERS = st.one_of(
    st.sampled_from([{"wording": words} for words in model.WORDING_RANGES]),
    st.integers(0, 6).map(lambda low: {"low": low}),
    st.integers(0, 6).map(lambda high: {"high": high}),
    st.integers(0, 6).map(lambda exactly: {"exactly": exactly, "best": exactly}),
    st.tuples(st.integers(0, 4), st.integers(4, 9)).map(
        lambda ends: {"low": ends[0], "high": ends[1]}
    ),
)


@st.composite
def figures(draw: st.DrawFn, known: model.Model) -> dict[str, Any]:
    """Draw a figure, which may speak again of the people of a figure that is known."""
    figure: dict[str, Any] = {"outcomes": draw(OUTCOME_SETS), **draw(NUMBERS)}
    for name, drawn in (
        ("note", TEXT),
        ("places", several("place", known)),
        ("groups", several("group", known)),
        ("period", periods()),
        ("incident", st.sampled_from(["ucdp:1", "ucdp:2"])),
    ):
        if draw(st.integers(0, 3)) == 0:
            figure[name] = draw(drawn)
    if draw(st.integers(0, 4)) == 0:
        spoken = [
            (f"{report.id}-{number}", outcome)
            for report in known.reports.values()
            for number, each in enumerate(report.body.get("figures", ()), 1)
            for outcome in each["outcomes"]
        ]
        if spoken:
            earlier, source = draw(st.sampled_from(spoken))
            earlier = seldom(draw, [earlier], "r0n1-1")
            figure["reclassifies"] = {"figure": earlier, "from": seldom(draw, [source], "captured")}
    return figure


@st.composite
def reports(draw: st.DrawFn, known: model.Model) -> dict[str, Any]:
    """Draw a report, which may replace or repeat one that is known."""
    body: dict[str, Any] = {
        "reporter": draw(mentions("reporter", known)),
        "period": draw(periods()),
        "places": draw(several("place", known)),
    }
    for name, drawn in (
        ("ref", st.sampled_from(["1", "Größe_%", "\\"])),
        ("quote", TEXT),
        ("note", TEXT),
        ("groups", several("group", known)),
        ("caveats", st.lists(TEXT, min_size=1, max_size=2, unique=True)),
        ("incident", st.sampled_from(["ucdp:1"])),
    ):
        if draw(st.integers(0, 2)) == 0:
            body[name] = draw(drawn)
    if draw(st.integers(0, 7)) == 0:
        body["stance"] = draw(st.sampled_from(["does_not_acknowledge", "acknowledges"]))
    else:
        body["figures"] = draw(st.lists(figures(known), min_size=1, max_size=2))
    link = draw(st.sampled_from([None, None, None, "relays", "supersedes"]))
    if link and (known.reports or draw(st.integers(0, 5)) == 0):
        body[link] = seldom(draw, [*known.reports], "nowhere")
    return body


class Engines(RuleBasedStateMachine):
    """Does whatever can be done to a record, and asks whatever can be asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.services = SideBySide()
        self.model = model.Model()
        self.sent: list[dict[str, Any]] = []
        self.followed: list[tuple[str, str]] = []
        self.tags: dict[str, str] = {}

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Describe a few places and reporters, and report of them."""
        for kind, id in (("place", "p"), ("place", "q"), ("group", "g"), ("reporter", "ann")):
            self.describe_as(kind, id, {"name": f"Name {id}"}, "admin")
        self.post_some(data)

    # What is written -------------------------------------------------------------------------

    def wrote(self, first: int) -> None:
        """Close the moment of a request, before which the record ended just before ``first``."""
        self.model.close_request(first, self.services.now)

    @rule(
        by=st.sampled_from(
            [timedelta(seconds=1)] * 5 + [timedelta(0), timedelta(hours=25), timedelta(hours=-1)]
        )
    )
    def time_passes(self, by: timedelta) -> None:
        """Let the clock go on, stand still or be put back."""
        self.services.now += by

    @rule(data=st.data(), kind=KIND, key=st.sampled_from(["admin", "admin", "report"]))
    def describe(self, data: st.DataObject, kind: str, key: str) -> None:
        """Put a description under an id: new, changed, moved below another, or the same."""
        id = data.draw(ids(kind))
        self.describe_as(kind, id, data.draw(descriptions(kind)), key)

    def describe_as(
        self, kind: str, id: str, body: dict[str, Any], key: str, headers: Any = None
    ) -> TestResponse:
        """Put a description."""
        first = self.model.seq + 1
        answer = self.services.send("PUT", f"/v1/{kind}s/{id}", json=body, key=key, headers=headers)
        if answer.status_code != 412:
            assert answer.status_code == self.model.describe(kind, id, body, key == "admin"), (
                answer.get_data(as_text=True)
            )
        self.wrote(first)
        return answer

    @rule(data=st.data(), kind=KIND, look=st.booleans())
    def describe_what_was_seen(self, data: st.DataObject, kind: str, look: bool) -> None:
        """Put a description over one that was seen: now, or some time ago."""
        id = data.draw(st.sampled_from(KINDS[kind]))
        address = f"/v1/{kind}s/{id}"
        if look or address not in self.tags:
            seen = self.services.send("GET", address)
            self.tags[address] = seen.headers.get("ETag", '"none"')
        now = self.services.send("GET", address).headers.get("ETag")
        answer = self.describe_as(
            kind, id, data.draw(descriptions(kind)), "admin", {"If-Match": self.tags[address]}
        )
        assert (answer.status_code == 412) == (now != self.tags[address])

    @rule(data=st.data(), kind=KIND)
    def merge(self, data: st.DataObject, kind: str) -> None:
        """Make one of two."""
        if data.draw(st.integers(0, 2)):
            return
        id, into = data.draw(ids(kind)), data.draw(ids(kind))
        first = self.model.seq + 1
        answer = self.services.send("POST", f"/v1/{kind}s/{id}/merge", json={"into": into})
        assert answer.status_code == self.model.merge(kind, id, into)
        self.wrote(first)

    @rule(data=st.data(), key=st.sampled_from(["report"] * 4 + ["bound"]))
    def post(self, data: st.DataObject, key: str) -> None:
        """Post a report."""
        self.post_body(data.draw(reports(self.model)), key)

    @rule(data=st.data())
    def post_some(self, data: st.DataObject) -> None:
        """Post a few reports: of all that is done this is done most often."""
        for _ in range(4):
            self.post_body(data.draw(reports(self.model)), "report")

    @rule(data=st.data(), change=st.sampled_from([None, "caveats", "note"]))
    def post_again(self, data: st.DataObject, change: str | None) -> None:
        """Post again what was sent before, or nearly so."""
        if not self.sent:
            return
        body = dict(data.draw(st.sampled_from(self.sent)))
        if change == "caveats":
            body["caveats"] = list(reversed(body.get("caveats", [])))
        elif change is not None:
            body[change] = data.draw(TEXT)
        self.post_body(body, "admin")

    def post_body(self, body: dict[str, Any], key: str) -> None:
        """Post a report."""
        first, id = self.model.seq + 1, self.services.next_report_id(0)
        answer = self.services.send("POST", "/v1/reports", json=body, key=key)
        expected, known = self.model.post(id, body, ("ann",) if key == "bound" else ())
        assert answer.status_code == expected, answer.get_data(as_text=True)
        if expected < 400:
            assert answer.get_json()["id"] == known
            self.sent.append(body)
        DONE[f"a report is answered with {expected}"] += 1
        self.wrote(first)

    @rule(data=st.data(), atomic=st.booleans(), lines=st.booleans())
    def batch(self, data: st.DataObject, atomic: bool, lines: bool) -> None:
        """Post several reports at once, among them some that were sent before."""
        drawn = st.one_of(reports(self.model), *([st.sampled_from(self.sent)] if self.sent else []))
        bodies = data.draw(st.lists(drawn, min_size=1, max_size=3))
        given: dict[str, Any] = {"json": {"reports": bodies}}
        if lines:
            text = "\n".join(json.dumps(body) for body in bodies)
            given = {"data": text, "content_type": "application/x-ndjson"}
        path, first = f"/v1/reports/batch?atomic={str(atomic).lower()}", self.model.seq + 1
        names = [self.services.next_report_id(number) for number, _ in enumerate(bodies)]
        answer = self.services.send("POST", path, **given)
        expected = self.model.post_batch(names, bodies, atomic)
        told = [(each["status"], each.get("id", "")) for each in answer.get_json()["results"]]
        assert told == expected, answer.get_data(as_text=True)
        self.sent += [body for body, (status, _) in zip(bodies, told, strict=True) if status < 400]
        self.wrote(first)

    @rule(data=st.data(), named=st.sampled_from(["k1", "k2"]), batch=st.booleans())
    def post_with_a_key_of_its_own(self, data: st.DataObject, named: str, batch: bool) -> None:
        """Post under an Idempotency-Key: new, or one that came before with this body or another."""
        path = "/v1/reports/batch" if batch else "/v1/reports"
        name = ("admin", path, named)
        if name in self.model.responses and data.draw(st.booleans()):
            body = self.model.responses[name][0]
        else:
            body = data.draw(reports(self.model))
            body = {"reports": [body, body]} if batch else body
        now, first = self.services.now, self.model.seq + 1
        names = [self.services.next_report_id(number) for number in range(2)]
        answer = self.services.send("POST", path, json=body, headers={"Idempotency-Key": named})
        expected = self.model.replayed_status(name, body, now)
        replayed = expected is not None and expected < 400
        if expected is None:
            if batch:
                self.model.post_batch(names, body["reports"], False)
                expected = 207
            else:
                expected, _ = self.model.post(names[0], body)
            if expected < 400:
                self.model.store_response(name, body, now, expected)
        assert answer.status_code == expected, answer.get_data(as_text=True)
        assert ("Idempotent-Replayed" in answer.headers) == replayed
        self.wrote(first)

    @rule(data=st.data(), reason=TEXT)
    def retract(self, data: st.DataObject, reason: str) -> None:
        """Withdraw a report."""
        id, first = self.some_report(data), self.model.seq + 1
        answer = self.services.send(
            "POST", f"/v1/reports/{id}/retraction", json={"reason": reason}, key="report"
        )
        assert answer.status_code == self.model.retract(id, reason)
        self.wrote(first)

    @rule(data=st.data())
    def redact(self, data: st.DataObject) -> None:
        """Blank some of a report's texts, or all."""
        id, first = self.some_report(data), self.model.seq + 1
        report = self.model.reports.get(id)
        held = sorted(report.texts()) if report else []
        pointers = data.draw(
            st.lists(st.sampled_from([*held, "/quote", "/places/0"]), max_size=2, unique=True)
        )
        body = {"reason": "the law", **({"fields": pointers} if pointers else {})}
        answer = self.services.send("POST", f"/v1/reports/{id}/redaction", json=body)
        assert answer.status_code == self.model.redact(id, pointers)
        self.wrote(first)

    @rule(data=st.data(), bad=st.sampled_from(BAD))
    def send_what_is_no_text(self, data: st.DataObject, bad: str) -> None:
        """Send a text that is none, wherever one may stand: it is refused, and nothing happens."""
        body = data.draw(reports(self.model))
        scope = data.draw(st.sampled_from([body, *body.get("figures", ())]))
        names = ["note", "quote", "ref", "caveats"] if scope is body else ["note", "wording"]
        name = data.draw(st.sampled_from(names))
        scope[name] = [bad] if name == "caveats" else bad
        sent = json.dumps(body)
        answer = self.services.send(
            "POST", "/v1/reports", data=sent, content_type="application/json"
        )
        assert answer.status_code == 422, answer.get_data(as_text=True)
        asked = quote(bad.encode("utf-8", "surrogatepass"))
        for path in (f"/v1/reports?q={asked}", f"/v1/places?q={asked}", f"/v1/reports/{asked}x"):
            assert self.services.send("GET", path).status_code in (400, 404, 422)

    def some_report(self, data: st.DataObject) -> str:
        """Draw the id of a report; seldom one that is none."""
        return str(data.draw(st.sampled_from([*self.model.reports, "nowhere"])))

    # What is asked ---------------------------------------------------------------------------

    @rule(limit=st.integers(1, 50))
    def follow(self, limit: int) -> None:
        """Read the feed on from where it was left off: every entry once and in order."""
        while True:
            path = f"/v1/changes?since={len(self.followed)}&limit={limit}"
            told = self.services.send("GET", path).get_json()
            for each in told["changes"]:
                self.followed.append((each["kind"], each["subject"]))
                assert each["seq"] == len(self.followed)
            assert told["last_seq"] == len(self.followed)
            if not told["pending"]:
                break
        assert self.followed == self.model.events

    def as_of(self, data: st.DataObject) -> tuple[dict[str, str], int | datetime | None]:
        """Draw a moment to ask for, as it stands in an address and as the model takes it."""
        how = data.draw(st.sampled_from(["now", "entry", "instant"]))
        if how == "entry":
            seq = data.draw(st.integers(0, self.model.seq))
            return {"as_of": str(seq)}, seq
        if how == "instant" and self.model.requests:
            number = data.draw(st.integers(0, len(self.model.requests) - 1))
            then = self.model.requests[number].recorded_at
            then -= data.draw(st.sampled_from([timedelta(0), model.TIMESTAMP_STEP]))
            return {"as_of": format_as_of(then)}, then
        return {}, None

    @rule(data=st.data(), limit=st.sampled_from([1, 2, 3, 100]))
    def list_reports(self, data: st.DataObject, limit: int) -> None:
        """List reports by any filters, page by page."""
        asked: dict[str, Any] = {}
        for name, drawn in (
            ("place", st.lists(ids("place"), min_size=1, max_size=2, unique=True)),
            ("group", st.lists(ids("group") | st.just("everyone"), min_size=1, max_size=1)),
            ("reporter", st.lists(ids("reporter"), min_size=1, max_size=2, unique=True)),
            ("state", st.lists(st.sampled_from(["live", "relay", "superseded", "retracted"]),
                               min_size=1, max_size=2, unique=True)),
            ("q", TEXT),
        ):  # fmt: skip
            if data.draw(st.integers(0, 3)) == 0:
                asked[name] = data.draw(drawn)
        if data.draw(st.booleans()):
            asked["from"], asked["to"] = sorted((data.draw(DAY), data.draw(DAY)))
        written, then = self.as_of(data)
        query = {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in asked.items()
        }
        path: str | None = f"/v1/reports?{urlencode({**query, **written, 'limit': limit})}"
        found: list[str] = []
        expected = self.model.list_reports(asked, then)
        while path:
            answer = self.services.send("GET", path)
            if expected is None:
                assert answer.status_code == 422
                return
            found += [each["id"] for each in answer.get_json()["reports"]]
            link = answer.get_json()["next"]
            path = link and urljoin(path, link)
        assert found == expected
        DONE[f"a list of {'no' if not found else 'some'} reports"] += 1

    @rule(data=st.data(), kind=KIND, q=st.none() | TEXT, limit=st.sampled_from([1, 2, 100]))
    def list_entries(self, data: st.DataObject, kind: str, q: str | None, limit: int) -> None:
        """List places, groups or reporters by a part of their names, page by page."""
        query = {"limit": str(limit), **({} if q is None else {"q": q})}
        path: str | None = f"/v1/{kind}s?{urlencode(query)}"
        found: list[str] = []
        while path:
            told = self.services.send("GET", path).get_json()
            found += [each["id"] for each in told[f"{kind}s"]]
            path = told["next"] and urljoin(path, told["next"])
        assert found == self.model.search_entities(kind, q)
        id = data.draw(ids(kind))
        answer = self.services.send("GET", f"/v1/{kind}s/{id}")
        known = self.model.registry.get(kind, id)
        assert answer.status_code == (200 if known else 404)
        if known:
            assert answer.get_json()["id"] == self.model.registry.resolve_merged(kind, id)
            assert answer.get_json()["name"] == known.name
            assert tuple(answer.get_json()["aliases"]) == known.aliases

    @rule(data=st.data())
    def show_a_report(self, data: st.DataObject) -> None:
        """Ask for a report, now or as of then, and for what became of it."""
        id = self.some_report(data)
        written, then = self.as_of(data)
        answer = self.services.send("GET", f"/v1/reports/{id}?{urlencode(written)}")
        seq, _ = self.model.as_of(then)
        report = self.model.reports.get(id)
        if report is None or report.seq > seq:
            assert answer.status_code == 404
            return
        told = answer.get_json()
        assert (told["state"], told["seq"]) == (report.state_at(seq), report.seq)
        texts = {"quote", "note"} & report.body.keys()
        left = {each for each in texts if f"/{each}" not in report.blanked}
        assert {each for each in texts if told[each] is not None} == left
        held = self.services.send(
            "GET", f"/v1/reports/{id}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert held.status_code in ((304,) if then is None else (200, 304))
        history = self.services.send("GET", f"/v1/reports/{id}/history").get_json()["history"]
        kinds = ("reported", "superseded", "reclassified", "retracted", "redacted")
        happened = [
            kind for kind, subject in self.model.events if (subject, kind in kinds) == (id, True)
        ]
        assert [each["kind"] for each in history] == happened

    @rule(data=st.data(), sets=st.lists(OUTCOME_SETS, min_size=2, max_size=4))
    def ask_for_single_totals(self, data: st.DataObject, sets: list[list[str]]) -> None:
        """Ask for one total after the other, now or as of then."""
        for outcomes in sets:
            self.ask_for_a_total(data, outcomes)

    def ask_for_a_total(self, data: st.DataObject, outcomes: list[str]) -> None:
        """Ask for one total and find it as the definition says."""
        written, then = self.as_of(data)
        _, registry = self.model.as_of(then)
        places = [id for id in registry.entities["place"] if data.draw(st.integers(0, 2)) == 0]
        first, last = sorted((data.draw(DAY), data.draw(DAY)))
        query = {"outcomes": ",".join(outcomes), "from": first, "to": last, **written}
        query |= {"place": ",".join(places)} if places else {}
        answer = self.services.send("GET", f"/v1/totals?{urlencode(query)}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        counted = self.model.counted_figures(then)
        if counted is None or len(counted) > MOST_FIGURES:
            return
        scope = Scope(
            tuple(places),
            Period(datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date()),
            frozenset(outcomes),
            ("everyone",),
        )
        told = answer.get_json()["totals"][0]
        if not counted:
            assert not told["reported"]
            return
        right = brute_force.compute_expected_total(
            counted, registry.make_tree("place"), registry.make_tree("group"), scope
        )
        assert (told["reported"], told["low"], told["high"], told["disputed"]) == (
            right.is_reported, right.low, right.high, right.is_disputed
        )  # fmt: skip
        DONE[f"a total is {'disputed' if told['disputed'] else 'found'}"] += 1

    @rule(
        data=st.data(),
        more=st.sampled_from(
            ["", "by=place&explain=true", "by=reporter&by_reporter=true", "by=outcome&format=csv",
             "by=place&format=geojson", "party=exclude", "straddling=exclude&by=group",
             "by=day&from=2024-12-01&to=2024-12-04", "compare=0", "compare=2&explain=true"]
        ),
    )  # fmt: skip
    def ask_for_totals(self, data: st.DataObject, more: str) -> None:
        """Ask for totals in many ways; what they are is proved elsewhere, here that all agree."""
        written, _ = self.as_of(data)
        place = data.draw(st.sampled_from(["", "place=p", "place=q,r"]))
        query = "&".join(part for part in (more, place, urlencode(written)) if part)
        assert self.services.send("GET", f"/v1/totals?{query}").status_code in (200, 422)

    @rule(form=st.sampled_from(["csv", "ndjson", "geojson"]), q=st.none() | TEXT)
    def list_in_another_form(self, form: str, q: str | None) -> None:
        """List all reports as a table, as lines or as a map."""
        query = {"format": form, **({} if q is None else {"q": q})}
        assert self.services.send("GET", f"/v1/reports?{urlencode(query)}").status_code == 200

    # At the end ------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Compare the whole records, verify each, and load one into another engine."""
        try:
            self.compare_records()
        finally:
            DONE["requests to each"] += self.services.requests
            DONE["entries"] += self.model.seq
            DONE["records"] += 1
            self.services.close()

    def compare_records(self) -> None:
        """Find the same record everywhere, whole, and the same again after a load."""
        self.follow(50)
        lines = self.services.dump()
        told = [json.loads(line) for line in lines]
        assert [(each["kind"], each["subject"]) for each in told] == self.model.events
        self.services.check_integrity()
        names = [side.name for side in self.services.sides]
        question = "/v1/totals?explain=true&by_reporter=true"
        right = self.services.send("GET", question)
        with self.services.load_into_new_service(names[len(lines) % len(names)], lines) as other:
            sent = {"Authorization": self.services.authorization("admin")}
            assert other.client.get(question, headers=sent).get_data() == right.get_data()
            reports = "/v1/reports?limit=1000"
            mine = self.services.send("GET", reports)
            assert other.client.get(reports, headers=sent).get_data() == mine.get_data()


@pytest.mark.engines
def test_all_engines_answer_alike_and_as_the_model_says() -> None:
    for release in engines.RELEASES:
        engines.server_url(release)
    run_state_machine_as_test(
        Engines,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert DONE["a report is answered with 201"] and DONE["entries"] > 5 * EXAMPLES
    if SIZE:
        told = (f"  {done} × {what}" for what, done in DONE.most_common())
        print(*told, sep="\n", file=sys.stderr)
