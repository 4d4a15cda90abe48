"""Differential test: random requests give the same answers on every engine and in a plain model.

One service uses SQLite, two use PostgreSQL, the oldest and the newest release. All get the same
random requests. Every answer is compared byte by byte and with the model, and at the end the whole
record is. ``ENGINES_SIZE=300`` runs so many records, each longer than usual, and prints how much
was done.
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
from tests.bounds import brute_force
from tests.support import engines, reference_model
from tests.support.side_by_side import SideBySide, format_as_of

RECORD_COUNT: Final = os.environ.get("ENGINES_SIZE")
EXAMPLE_COUNT, STEP_COUNT = (int(RECORD_COUNT), 60) if RECORD_COUNT else (8, 25)

IDS_BY_KIND: Final = {"place": "pqrs", "group": "ghi", "reporter": ("ann", "bob", "cid")}
ANY_KIND = st.sampled_from(sorted(IDS_BY_KIND))

MAX_FIGURES: Final = 6
"""The brute force is computed up to so many cells, since it enumerates each."""

ACTION_COUNTS: Counter[str] = Counter()
"""Counts of actions and results, so that a run that did nothing fails."""

HOSTILE_TEXTS: Final = (
    "Große Straße 5", "GROSSE STRASSE 5", "İstanbul ısı", "ΣΊΣΥΦΟΣ ᾳ", "σίσυφος", "100%_\\",
    "%", "_", "!", "\\", "a'b\"c; DROP TABLE events--", "100!%_", "𝔘𝔫𝔦 😀 𐐀𐐨", "e\u0301té", "été",
    "ﬁne ﷺ ㌖", "日本語 ｗｉｄｅ", "w" * 180, "\\u0000 \\x00", "{}[]", ":seq %(seq)s %s ?1",
    "ǅ ŉ ẞ", "null", "plain words", "words", "other WORDS",
)  # fmt: skip
"""Texts that engines are known to treat differently."""

NAMES: Final = ("Name p", "Name q", "Name g", "Name ann", *HOSTILE_TEXTS[:3])

INVALID_TEXTS: Final = ("\u0000", "a\u0000b", "\ud800", "", " ", "\u200b", "\u0007")
"""Invalid texts."""

TEXT = st.one_of(
    st.sampled_from(HOSTILE_TEXTS),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8),
)
FACETS: Final = {
    "place": ("division", ["administrative", "rivers"]),
    "group": ("facet", ["sex", "side"]),
}
DAY = st.integers(1, 4).map(lambda day: f"2024-12-{day:02}")
OUTCOME_SETS = st.lists(st.sampled_from(OUTCOMES[:3]), min_size=1, max_size=2, unique=True)
INSTANTS = st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(hours=-30)])


def ids(kind: str) -> st.SearchStrategy[str]:
    """Draw an id of the kind; seldom an unknown one."""
    return st.sampled_from([*IDS_BY_KIND[kind], *IDS_BY_KIND[kind], "nowhere"])


@st.composite
def descriptions(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw the body of a PUT."""
    body: dict[str, Any] = {"name": draw(TEXT)}
    if kind == "reporter":
        body["party"] = draw(st.booleans())
    elif draw(st.booleans()):
        body["parent"] = draw(ids(kind))
    if kind != "reporter" and draw(st.integers(0, 3)) == 0:
        name, known = FACETS[kind]
        body[name] = draw(st.sampled_from(known))
    if draw(st.booleans()):
        body["aliases"] = draw(st.lists(TEXT, max_size=2, unique_by=reference_model.normalize_nfc))
    return body


@st.composite
def mentions(draw: st.DrawFn, kind: str, known: reference_model.Model) -> Any:
    """Draw an entity mention: mostly a known id, or an id with a description."""
    choice = draw(st.integers(0, 19))
    if choice < 15:
        return draw(st.sampled_from(sorted(known.registry.last_versions[kind])))
    if choice == 15:
        return draw(ids(kind))
    body: dict[str, Any] = {"id": draw(ids(kind)), "name": draw(st.sampled_from(NAMES))}
    if kind == "reporter" or draw(st.booleans()):
        return body
    return {**body, "parent": draw(ids(kind))}


def mention_lists(kind: str, known: reference_model.Model) -> st.SearchStrategy[list[Any]]:
    """Draw one or two mentions of different entities."""
    return st.lists(
        mentions(kind, known), min_size=1, max_size=2, unique_by=reference_model.id_of_mention
    )


def draw_mostly_known(draw: st.DrawFn, known_values: Sequence[str], unknown_value: str) -> str:
    """Draw a known id; seldom, or where there is none, an unknown one."""
    return (
        unknown_value
        if not known_values or draw(st.integers(0, 11)) == 0
        else draw(st.sampled_from(known_values))
    )


@st.composite
def periods(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a period; seldom one with an open beginning."""
    first, last = sorted((draw(DAY), draw(DAY)))
    return {"from": None if draw(st.integers(0, 5)) == 0 else first, "to": last}


NUMBERS = st.one_of(
    st.sampled_from([{"wording": words} for words in reference_model.WORDING_RANGES]),
    st.integers(0, 6).map(lambda low: {"low": low}),
    st.integers(0, 6).map(lambda high: {"high": high}),
    st.integers(0, 6).map(lambda exactly: {"exactly": exactly, "best": exactly}),
    st.tuples(st.integers(0, 4), st.integers(4, 9)).map(
        lambda ends: {"low": ends[0], "high": ends[1]}
    ),
)


@st.composite
def figures(draw: st.DrawFn, known: reference_model.Model) -> dict[str, Any]:
    """Draw a figure, which may reclassify a known figure."""
    figure: dict[str, Any] = {"outcomes": draw(OUTCOME_SETS), **draw(NUMBERS)}
    for name, strategy in (
        ("note", TEXT),
        ("places", mention_lists("place", known)),
        ("groups", mention_lists("group", known)),
        ("period", periods()),
        ("incident", st.sampled_from(["ucdp:1", "ucdp:2"])),
    ):
        if draw(st.integers(0, 3)) == 0:
            figure[name] = draw(strategy)
    if draw(st.integers(0, 4)) == 0:
        figures_and_outcomes = [
            (f"{report.id}-{number}", outcome)
            for report in known.reports.values()
            for number, each in enumerate(report.body.get("figures", ()), 1)
            for outcome in each["outcomes"]
        ]
        if figures_and_outcomes:
            earlier, source = draw(st.sampled_from(figures_and_outcomes))
            earlier = draw_mostly_known(draw, [earlier], "r0n1-1")
            figure["reclassifies"] = {
                "figure": earlier,
                "from": draw_mostly_known(draw, [source], "captured"),
            }
    return figure


@st.composite
def reports(draw: st.DrawFn, known: reference_model.Model) -> dict[str, Any]:
    """Draw a report, which may supersede or relay a known one."""
    body: dict[str, Any] = {
        "reporter": draw(mentions("reporter", known)),
        "period": draw(periods()),
        "places": draw(mention_lists("place", known)),
    }
    for name, strategy in (
        ("ref", st.sampled_from(["1", "Größe_%", "\\"])),
        ("quote", TEXT),
        ("note", TEXT),
        ("groups", mention_lists("group", known)),
        ("caveats", st.lists(TEXT, min_size=1, max_size=2, unique=True)),
        ("incident", st.sampled_from(["ucdp:1"])),
    ):
        if draw(st.integers(0, 2)) == 0:
            body[name] = draw(strategy)
    if draw(st.integers(0, 7)) == 0:
        body["stance"] = draw(st.sampled_from(["does_not_acknowledge", "acknowledges"]))
    else:
        body["figures"] = draw(st.lists(figures(known), min_size=1, max_size=2))
    link = draw(st.sampled_from([None, None, None, "relays", "supersedes"]))
    if link and (known.reports or draw(st.integers(0, 5)) == 0):
        body[link] = draw_mostly_known(draw, [*known.reports], "nowhere")
    return body


class RecordMachine(RuleBasedStateMachine):
    """Runs every kind of write and query on a record."""

    def __init__(self) -> None:
        super().__init__()
        self.services = SideBySide()
        self.model = reference_model.Model()
        self.sent_bodies: list[dict[str, Any]] = []
        self.followed_events: list[tuple[str, str]] = []
        self.tags: dict[str, str] = {}

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Add a few places, reporters and reports."""
        for kind, entity_id in (
            ("place", "p"),
            ("place", "q"),
            ("group", "g"),
            ("reporter", "ann"),
        ):
            self.put_description(kind, entity_id, {"name": f"Name {entity_id}"}, "admin")
        self.post_reports(data)

    # Writes ----------------------------------------------------------------------------------

    def close_request(self, first_seq: int) -> None:
        """Note the end of a request whose first event is ``first``."""
        self.model.close_request(first_seq, self.services.now)

    @rule(
        by=st.sampled_from(
            [timedelta(seconds=1)] * 5 + [timedelta(0), timedelta(hours=25), timedelta(hours=-1)]
        )
    )
    def advance_clock(self, by: timedelta) -> None:
        """Advance the clock, leave it, or set it back."""
        self.services.now += by

    @rule(data=st.data(), kind=ANY_KIND, key=st.sampled_from(["admin", "admin", "report"]))
    def describe_entity(self, data: st.DataObject, kind: str, key: str) -> None:
        """Put an entity: new, changed, moved below another, or unchanged."""
        entity_id = data.draw(ids(kind))
        self.put_description(kind, entity_id, data.draw(descriptions(kind)), key)

    def put_description(
        self, kind: str, entity_id: str, body: dict[str, Any], key: str, headers: Any = None
    ) -> TestResponse:
        """Put an entity."""
        first_seq = self.model.seq + 1
        answer = self.services.send(
            "PUT", f"/v1/{kind}s/{entity_id}", json=body, key=key, headers=headers
        )
        if answer.status_code != 412:
            assert answer.status_code == self.model.describe(
                kind, entity_id, body, key == "admin"
            ), answer.get_data(as_text=True)
        self.close_request(first_seq)
        return answer

    @rule(data=st.data(), kind=ANY_KIND, look=st.booleans())
    def put_description_if_match(self, data: st.DataObject, kind: str, look: bool) -> None:
        """Put an entity with If-Match: a current or an old ETag."""
        entity_id = data.draw(st.sampled_from(IDS_BY_KIND[kind]))
        address = f"/v1/{kind}s/{entity_id}"
        if look or address not in self.tags:
            response = self.services.send("GET", address)
            self.tags[address] = response.headers.get("ETag", '"none"')
        current_tag = self.services.send("GET", address).headers.get("ETag")
        answer = self.put_description(
            kind,
            entity_id,
            data.draw(descriptions(kind)),
            "admin",
            {"If-Match": self.tags[address]},
        )
        assert (answer.status_code == 412) == (current_tag != self.tags[address])

    @rule(data=st.data(), kind=ANY_KIND)
    def merge_entities(self, data: st.DataObject, kind: str) -> None:
        """Merge two entities."""
        if data.draw(st.integers(0, 2)):
            return
        entity_id, into = data.draw(ids(kind)), data.draw(ids(kind))
        first_seq = self.model.seq + 1
        answer = self.services.send("POST", f"/v1/{kind}s/{entity_id}/merge", json={"into": into})
        assert answer.status_code == self.model.merge(kind, entity_id, into)
        self.close_request(first_seq)

    @rule(data=st.data(), key=st.sampled_from(["report"] * 4 + ["bound"]))
    def post_report(self, data: st.DataObject, key: str) -> None:
        """Post a report."""
        self.post_body(data.draw(reports(self.model)), key)

    @rule(data=st.data())
    def post_reports(self, data: st.DataObject) -> None:
        """Post a few reports; the most frequent action."""
        for _ in range(4):
            self.post_body(data.draw(reports(self.model)), "report")

    @rule(data=st.data(), change=st.sampled_from([None, "caveats", "note"]))
    def resend_report(self, data: st.DataObject, change: str | None) -> None:
        """Post an earlier report again, unchanged or slightly changed."""
        if not self.sent_bodies:
            return
        body = dict(data.draw(st.sampled_from(self.sent_bodies)))
        if change == "caveats":
            body["caveats"] = list(reversed(body.get("caveats", [])))
        elif change is not None:
            body[change] = data.draw(TEXT)
        self.post_body(body, "admin")

    def post_body(self, body: dict[str, Any], key: str) -> None:
        """Post a report."""
        first_seq, report_id = self.model.seq + 1, self.services.next_report_id(0)
        answer = self.services.send("POST", "/v1/reports", json=body, key=key)
        self.observe([report_id], [answer.status_code], first_seq)
        expected_status, known_id = self.model.post(
            report_id, body, ("ann",) if key == "bound" else ()
        )
        assert answer.status_code == expected_status, answer.get_data(as_text=True)
        if expected_status < 400:
            assert answer.get_json()["id"] == known_id
            self.sent_bodies.append(body)
        ACTION_COUNTS[f"a report is answered with {expected_status}"] += 1
        self.close_request(first_seq)

    def observe_batch(
        self, report_ids: Sequence[str], answer: TestResponse, first_seq: int
    ) -> None:
        """Tell the model what became of the reports of a batch."""
        results = answer.get_json().get("results", [])
        self.observe(report_ids, [each["status"] for each in results], first_seq)

    def observe(self, report_ids: Sequence[str], statuses: Sequence[int], first_seq: int) -> None:
        """Tell the model what became of the reports, whose events begin at ``first_seq``."""
        path = f"/v1/changes?since={first_seq - 1}&limit=1000"
        reclassified: dict[str, list[str]] = {}
        report_id = ""
        for event in self.services.send("GET", path).get_json()["changes"]:
            if event["kind"] == "reported":
                report_id = event["subject"]
            elif event["kind"] == "reclassified":
                reclassified.setdefault(report_id, []).append(event["subject"])
        self.model.observations = {
            each: reference_model.Observation(
                status, self.get_figures(each) if status == 201 else (), reclassified.get(each, ())
            )
            for each, status in zip(report_ids, statuses, strict=False)
        }

    def get_figures(self, report_id: str) -> list[dict[str, Any]]:
        """Return the stored figures of the report."""
        report = self.services.send("GET", f"/v1/reports/{report_id}").get_json()
        return list(report["figures"])

    @rule(data=st.data(), atomic=st.booleans(), lines=st.booleans())
    def post_batch(self, data: st.DataObject, atomic: bool, lines: bool) -> None:
        """Post a batch of reports, some of which were sent before."""
        strategy = st.one_of(
            reports(self.model), *([st.sampled_from(self.sent_bodies)] if self.sent_bodies else [])
        )
        bodies = data.draw(st.lists(strategy, min_size=1, max_size=3))
        options: dict[str, Any] = {"json": {"reports": bodies}}
        if lines:
            text = "\n".join(json.dumps(body) for body in bodies)
            options = {"data": text, "content_type": "application/x-ndjson"}
        path, first_seq = f"/v1/reports/batch?atomic={str(atomic).lower()}", self.model.seq + 1
        report_ids = [self.services.next_report_id(number) for number, _ in enumerate(bodies)]
        answer = self.services.send("POST", path, **options)
        self.observe_batch(report_ids, answer, first_seq)
        expected = self.model.post_batch(report_ids, bodies, atomic)
        results = [(each["status"], each.get("id", "")) for each in answer.get_json()["results"]]
        assert results == expected, answer.get_data(as_text=True)
        self.sent_bodies += [
            body for body, (status, _) in zip(bodies, results, strict=True) if status < 400
        ]
        self.close_request(first_seq)

    @rule(data=st.data(), named=st.sampled_from(["k1", "k2"]), batch=st.booleans())
    def post_with_idempotency_key(self, data: st.DataObject, named: str, batch: bool) -> None:
        """Post with an Idempotency-Key: new, or used before with the same or another body."""
        path = "/v1/reports/batch" if batch else "/v1/reports"
        request_key = ("admin", path, named)
        if request_key in self.model.responses and data.draw(st.booleans()):
            body = self.model.responses[request_key][0]
        else:
            body = data.draw(reports(self.model))
            body = {"reports": [body, body]} if batch else body
        now, first_seq = self.services.now, self.model.seq + 1
        report_ids = [self.services.next_report_id(number) for number in range(2)]
        answer = self.services.send("POST", path, json=body, headers={"Idempotency-Key": named})
        expected_status = self.model.replayed_status(request_key, body, now)
        is_replayed = expected_status is not None and expected_status < 400
        if expected_status is None:
            if batch:
                self.observe_batch(report_ids, answer, first_seq)
                self.model.post_batch(report_ids, body["reports"], False)
                expected_status = 207
            else:
                self.observe(report_ids[:1], [answer.status_code], first_seq)
                expected_status, _ = self.model.post(report_ids[0], body)
            if expected_status < 400:
                self.model.store_response(request_key, body, now, expected_status)
        assert answer.status_code == expected_status, answer.get_data(as_text=True)
        assert ("Idempotent-Replayed" in answer.headers) == is_replayed
        self.close_request(first_seq)

    @rule(data=st.data(), reason=TEXT)
    def retract_report(self, data: st.DataObject, reason: str) -> None:
        """Retract a report."""
        report_id, first_seq = self.draw_report_id(data), self.model.seq + 1
        answer = self.services.send(
            "POST", f"/v1/reports/{report_id}/retraction", json={"reason": reason}, key="report"
        )
        assert answer.status_code == self.model.retract(report_id, reason)
        self.close_request(first_seq)

    @rule(data=st.data())
    def redact_report(self, data: st.DataObject) -> None:
        """Redact some or all texts of a report."""
        report_id, first_seq = self.draw_report_id(data), self.model.seq + 1
        report = self.model.reports.get(report_id)
        text_pointers = sorted(report.texts()) if report else []
        pointers = data.draw(
            st.lists(
                st.sampled_from([*text_pointers, "/quote", "/places/0"]), max_size=2, unique=True
            )
        )
        body = {"reason": "the law", **({"fields": pointers} if pointers else {})}
        answer = self.services.send("POST", f"/v1/reports/{report_id}/redaction", json=body)
        assert answer.status_code == self.model.redact(report_id, pointers)
        self.close_request(first_seq)

    @rule(data=st.data(), bad=st.sampled_from(INVALID_TEXTS))
    def send_invalid_text(self, data: st.DataObject, bad: str) -> None:
        """Send an invalid text in any field: it is rejected, and nothing is recorded."""
        body = data.draw(reports(self.model))
        scope = data.draw(st.sampled_from([body, *body.get("figures", ())]))
        names = ["note", "quote", "ref", "caveats"] if scope is body else ["note", "wording"]
        name = data.draw(st.sampled_from(names))
        scope[name] = [bad] if name == "caveats" else bad
        text = json.dumps(body)
        answer = self.services.send(
            "POST", "/v1/reports", data=text, content_type="application/json"
        )
        assert answer.status_code == 422, answer.get_data(as_text=True)
        quoted = quote(bad.encode("utf-8", "surrogatepass"))
        for path in (f"/v1/reports?q={quoted}", f"/v1/places?q={quoted}", f"/v1/reports/{quoted}x"):
            assert self.services.send("GET", path).status_code in (400, 404, 422)

    def draw_report_id(self, data: st.DataObject) -> str:
        """Draw the id of a report; seldom an unknown one."""
        return str(data.draw(st.sampled_from([*self.model.reports, "nowhere"])))

    # Queries ---------------------------------------------------------------------------------

    @rule(limit=st.integers(1, 50))
    def follow_feed(self, limit: int) -> None:
        """Continue to read the change feed: each event once and in order."""
        while True:
            path = f"/v1/changes?since={len(self.followed_events)}&limit={limit}"
            feed_page = self.services.send("GET", path).get_json()
            for each in feed_page["changes"]:
                self.followed_events.append((each["kind"], each["subject"]))
                assert each["seq"] == len(self.followed_events)
            assert feed_page["last_seq"] == len(self.followed_events)
            if not feed_page["pending"]:
                break
        assert self.followed_events == self.model.events

    def draw_as_of(self, data: st.DataObject) -> tuple[dict[str, str], int | datetime | None]:
        """Draw an `as_of`, as a query parameter and as a seq for the model."""
        choice = data.draw(st.sampled_from(["now", "entry", "instant"]))
        if choice == "entry":
            seq = data.draw(st.integers(0, self.model.seq))
            return {"as_of": str(seq)}, seq
        if choice == "instant" and self.model.requests:
            number = data.draw(st.integers(0, len(self.model.requests) - 1))
            as_of = self.model.requests[number].recorded_at
            as_of -= data.draw(st.sampled_from([timedelta(0), reference_model.TIMESTAMP_STEP]))
            return {"as_of": format_as_of(as_of)}, as_of
        return {}, None

    @rule(data=st.data(), limit=st.sampled_from([1, 2, 3, 100]))
    def list_reports(self, data: st.DataObject, limit: int) -> None:
        """List reports by any filters, page by page."""
        filters: dict[str, Any] = {}
        for name, strategy in (
            ("place", st.lists(ids("place"), min_size=1, max_size=2, unique=True)),
            ("group", st.lists(ids("group") | st.just("everyone"), min_size=1, max_size=1)),
            ("reporter", st.lists(ids("reporter"), min_size=1, max_size=2, unique=True)),
            ("state", st.lists(st.sampled_from(["live", "relay", "superseded", "retracted"]),
                               min_size=1, max_size=2, unique=True)),
            ("outcomes", st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=2, unique=True)),
            ("q", TEXT),
        ):  # fmt: skip
            if data.draw(st.integers(0, 3)) == 0:
                filters[name] = data.draw(strategy)
        if data.draw(st.booleans()):
            filters["from"], filters["to"] = sorted((data.draw(DAY), data.draw(DAY)))
        as_of_parameters, as_of = self.draw_as_of(data)
        query = {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in filters.items()
        }
        path: str | None = f"/v1/reports?{urlencode({**query, **as_of_parameters, 'limit': limit})}"
        listed_ids: list[str] = []
        expected_ids = self.model.list_reports(filters, as_of)
        while path:
            answer = self.services.send("GET", path)
            if expected_ids is None:
                assert answer.status_code == 422
                return
            listed_ids += [each["id"] for each in answer.get_json()["reports"]]
            link = answer.get_json()["next"]
            path = link and urljoin(path, link)
        assert listed_ids == expected_ids
        ACTION_COUNTS[f"a list of {'no' if not listed_ids else 'some'} reports"] += 1

    @rule(data=st.data(), kind=ANY_KIND, q=st.none() | TEXT, limit=st.sampled_from([1, 2, 100]))
    def list_entities(self, data: st.DataObject, kind: str, q: str | None, limit: int) -> None:
        """List places, groups or reporters by a part of their names, page by page."""
        query = {"limit": str(limit), **({} if q is None else {"q": q})}
        path: str | None = f"/v1/{kind}s?{urlencode(query)}"
        listed_ids: list[str] = []
        while path:
            page = self.services.send("GET", path).get_json()
            listed_ids += [each["id"] for each in page[f"{kind}s"]]
            path = page["next"] and urljoin(path, page["next"])
        assert listed_ids == self.model.search_entities(kind, q)
        entity_id = data.draw(ids(kind))
        answer = self.services.send("GET", f"/v1/{kind}s/{entity_id}")
        entity = self.model.registry.get(kind, entity_id)
        assert answer.status_code == (200 if entity else 404)
        if entity:
            assert answer.get_json()["id"] == self.model.registry.resolve_merged(kind, entity_id)
            assert answer.get_json()["name"] == entity.name
            assert tuple(answer.get_json()["aliases"]) == entity.aliases

    @rule(data=st.data())
    def show_report(self, data: st.DataObject) -> None:
        """Query a report, now or as of a seq, with its state."""
        report_id = self.draw_report_id(data)
        as_of_parameters, as_of = self.draw_as_of(data)
        answer = self.services.send("GET", f"/v1/reports/{report_id}?{urlencode(as_of_parameters)}")
        seq, _ = self.model.as_of(as_of)
        report = self.model.reports.get(report_id)
        if report is None or report.seq > seq:
            assert answer.status_code == 404
            return
        shown_report = answer.get_json()
        assert (shown_report["state"], shown_report["seq"]) == (report.state_at(seq), report.seq)
        texts = {"quote", "note"} & report.body.keys()
        remaining = {each for each in texts if f"/{each}" not in report.blanked}
        assert {each for each in texts if shown_report[each] is not None} == remaining
        conditional = self.services.send(
            "GET", f"/v1/reports/{report_id}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert conditional.status_code in ((304,) if as_of is None else (200, 304))
        history = self.services.send("GET", f"/v1/reports/{report_id}/history").get_json()[
            "history"
        ]
        kinds = ("reported", "superseded", "reclassified", "retracted", "redacted")
        expected_kinds = [
            kind
            for kind, subject in self.model.events
            if (subject, kind in kinds) == (report_id, True)
        ]
        assert [each["kind"] for each in history] == expected_kinds

    @rule(data=st.data(), sets=st.lists(OUTCOME_SETS, min_size=2, max_size=4))
    def request_single_totals(self, data: st.DataObject, sets: list[list[str]]) -> None:
        """Query several totals, now or as of a seq."""
        for outcomes in sets:
            self.request_total(data, outcomes)

    def request_total(self, data: st.DataObject, outcomes: list[str]) -> None:
        """Query one total and compare it with the brute force."""
        as_of_parameters, as_of = self.draw_as_of(data)
        _, registry = self.model.as_of(as_of)
        places = [
            place_id for place_id in registry.entities["place"] if data.draw(st.integers(0, 2)) == 0
        ]
        first, last = sorted((data.draw(DAY), data.draw(DAY)))
        query = {"outcomes": ",".join(outcomes), "from": first, "to": last, **as_of_parameters}
        query |= {"place": ",".join(places)} if places else {}
        answer = self.services.send("GET", f"/v1/totals?{urlencode(query)}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        counted_figures = self.model.counted_figures(as_of)
        if counted_figures is None or len(counted_figures) > MAX_FIGURES:
            return
        scope = Scope(
            tuple(places),
            Period(datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date()),
            frozenset(outcomes),
            ("everyone",),
        )
        total = answer.get_json()["totals"][0]
        if not counted_figures:
            assert not total["reported"]
            return
        expected = brute_force.compute_expected_total(
            counted_figures, registry.list_nodes("place"), registry.list_nodes("group"), scope
        )
        assert (total["reported"], total["low"], total["high"], total["disputed"]) == (
            expected.is_reported, expected.low, expected.high, expected.is_disputed
        )  # fmt: skip
        ACTION_COUNTS[f"a total is {'disputed' if total['disputed'] else 'found'}"] += 1

    @rule(
        data=st.data(),
        more=st.sampled_from(
            ["", "by=place&explain=true", "by=reporter&by_reporter=true", "by=outcome&format=csv",
             "by=place&format=geojson", "party=exclude", "straddling=exclude&by=group",
             "by=day&from=2024-12-01&to=2024-12-04", "compare=0", "compare=2&explain=true"]
        ),
    )  # fmt: skip
    def request_totals(self, data: st.DataObject, more: str) -> None:
        """Query totals in many ways; other tests prove them, this one that all engines agree."""
        as_of_parameters, _ = self.draw_as_of(data)
        place = data.draw(st.sampled_from(["", "place=p", "place=q,r"]))
        query = "&".join(part for part in (more, place, urlencode(as_of_parameters)) if part)
        assert self.services.send("GET", f"/v1/totals?{query}").status_code in (200, 422)

    @rule(form=st.sampled_from(["csv", "ndjson", "geojson"]), q=st.none() | TEXT)
    def list_in_other_format(self, form: str, q: str | None) -> None:
        """List all reports as CSV, NDJSON or GeoJSON."""
        query = {"format": form, **({} if q is None else {"q": q})}
        assert self.services.send("GET", f"/v1/reports?{urlencode(query)}").status_code == 200

    # At the end ------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Compare the whole records, verify each, and load one into another engine."""
        try:
            self.compare_records()
        finally:
            ACTION_COUNTS["requests to each"] += self.services.requests
            ACTION_COUNTS["entries"] += self.model.seq
            ACTION_COUNTS["records"] += 1
            self.services.close()

    def compare_records(self) -> None:
        """Compare the whole records, verify them, and compare again after a load."""
        self.follow_feed(50)
        lines = self.services.dump()
        events = [json.loads(line) for line in lines]
        assert [(each["kind"], each["subject"]) for each in events] == self.model.events
        self.services.check_integrity()
        names = [side.name for side in self.services.sides]
        totals_path = "/v1/totals?explain=true&by_reporter=true"
        expected = self.services.send("GET", totals_path)
        with self.services.load_into_new_service(
            names[len(lines) % len(names)], lines
        ) as loaded_side:
            headers = {"Authorization": self.services.authorization("admin")}
            assert (
                loaded_side.client.get(totals_path, headers=headers).get_data()
                == expected.get_data()
            )
            reports_path = "/v1/reports?limit=1000"
            expected_reports = self.services.send("GET", reports_path)
            assert (
                loaded_side.client.get(reports_path, headers=headers).get_data()
                == expected_reports.get_data()
            )


@pytest.mark.engines
def test_all_engines_answer_alike_and_as_the_model_expects() -> None:
    for release in engines.RELEASES:
        engines.server_url(release)
    run_state_machine_as_test(
        RecordMachine,
        settings=settings(
            max_examples=EXAMPLE_COUNT,
            stateful_step_count=STEP_COUNT,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert (
        ACTION_COUNTS["a report is answered with 201"]
        and ACTION_COUNTS["entries"] > 5 * EXAMPLE_COUNT
    )
    if RECORD_COUNT:
        lines = (f"  {count} × {what}" for what, count in ACTION_COUNTS.most_common())
        print(*lines, sep="\n", file=sys.stderr)
