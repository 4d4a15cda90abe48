"""What the service must hold and answer, told again in plain Python without any table.

It is small because it may be slow: every question is answered by looking at everything. It knows
the domain's figures and trees, which are proved elsewhere, and nothing of the store.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.trees import Tree

READ: Final[dict[str, tuple[int, int | None]]] = {
    "at least 3": (3, None),
    "exactly 2": (2, 2),
    "between 1 and 4": (1, 4),
    "no more than five": (0, 5),
    "several": (2, None),
}
"""Words and what they mean by the contract."""

KEPT: Final = timedelta(hours=24)
STEP: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """A place, a group or a reporter."""

    name: str
    parent: str | None = None
    party: bool = False
    aliases: tuple[str, ...] = ()


@dataclass
class Registry:
    """The three kinds of entry as they are at one moment, by kind and id; merged ids apart."""

    entries: dict[str, dict[str, Entry]]
    described: dict[str, dict[str, Entry]]
    """How each id was described last under this very id, merged since or not."""
    merged: dict[str, dict[str, str]]

    @classmethod
    def empty(cls) -> "Registry":
        """Return the registry of a new record, which knows nothing but everyone."""
        everyone = {"everyone": Entry("Everyone")}
        entries: dict[str, dict[str, Entry]] = {
            "place": {}, "group": dict(everyone), "reporter": {}
        }  # fmt: skip
        return cls(entries, deepcopy(entries), {"place": {}, "group": {}, "reporter": {}})

    def present(self, kind: str, id: str) -> str:
        """Return the id that stands for the given one now."""
        while id in self.merged[kind]:
            id = self.merged[kind][id]
        return id

    def get(self, kind: str, id: str) -> Entry | None:
        """Return the entry that the id names, by whatever id."""
        return self.entries[kind].get(self.present(kind, id))

    def lies_in(self, kind: str, id: str, top: str) -> bool:
        """Whether the one is the other or lies somewhere below it."""
        above: str | None = self.present(kind, id)
        while above is not None and above != self.present(kind, top):
            above = self.entries[kind][above].parent
        return above is not None

    def describe(self, kind: str, id: str, what: Entry) -> None:
        """Remember the entry under its id."""
        self.entries[kind][id] = self.described[kind][id] = what

    def merge(self, kind: str, id: str, into: str) -> None:
        """Make one of the two."""
        gone, target = self.entries[kind].pop(id), self.entries[kind][into]
        self.merged[kind][id] = into
        known = {target.name, *target.aliases}
        more = [name for name in (gone.name, *gone.aliases) if name not in known]
        self.describe(kind, into, replace(target, aliases=(*target.aliases, *dict.fromkeys(more))))
        for child, each in list(self.entries[kind].items()):
            if each.parent == id:
                self.describe(kind, child, replace(each, parent=into))

    def tree(self, kind: str) -> Tree:
        """Return the places or groups as the bounds take them."""
        return Tree({id: each.parent for id, each in self.entries[kind].items()})


@dataclass
class Report:
    """One report as it was sent, and what became of it, each with the entry that did it."""

    id: str
    seq: int
    body: dict[str, Any]
    superseded: tuple[int, str] | None = None
    retracted: int | None = None
    reason: str | None = None
    blanked: set[str] = field(default_factory=set)

    @property
    def reporter(self) -> str:
        """The reporter's id, as it was sent."""
        return id_in(self.body["reporter"])

    def state(self, seq: int) -> str:
        """Return its state after the entry."""
        if self.retracted is not None and self.retracted <= seq:
            return "retracted"
        if self.superseded is not None and self.superseded[0] <= seq:
            return "superseded"
        return "relay" if "relays" in self.body else "live"

    def texts(self) -> dict[str, str]:
        """Return every free text by its pointer, blanked ones too."""
        found = {f"/{name}": self.body[name] for name in ("quote", "note") if name in self.body}
        for at, caveat in enumerate(self.body.get("caveats", ())):
            found[f"/caveats/{at}"] = caveat
        for at, figure in enumerate(self.body.get("figures", ())):
            for name in ("wording", "note"):
                if name in figure:
                    found[f"/figures/{at}/{name}"] = figure[name]
        if self.reason is not None:
            found["/retraction/reason"] = self.reason
        return found

    def words(self) -> set[str]:
        """Return the words by which it is found: those of its ref and of what is not blanked."""
        texts = self.texts()
        texts.pop("/retraction/reason", None)
        left = [text for pointer, text in texts.items() if pointer not in self.blanked]
        return words("\n".join([*left, self.body.get("ref", "")]))

    def content(self) -> Any:
        """Return what makes it the same report as another: all that it says, however spelled."""
        return _content(self.body, self.blanked)


@dataclass(frozen=True)
class Moment:
    """What one request has made of the record: up to which entry, dated when."""

    first: int
    seq: int
    recorded_at: datetime
    registry: Registry


class Refused(Exception):
    """The request must be refused with the status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Model:
    """The whole record."""

    def __init__(self) -> None:
        self.registry = Registry.empty()
        self.reports: dict[str, Report] = {}
        self.events: list[tuple[str, str]] = []
        self.moments: list[Moment] = []
        self.answers: dict[tuple[str, str, str], tuple[Any, datetime, int]] = {}

    @property
    def seq(self) -> int:
        """The number of the last entry."""
        return len(self.events)

    def moment(self, first: int, now: datetime) -> None:
        """Close the moment of a request that has made the entries from ``first`` on, if any."""
        if self.seq >= first:
            if self.moments:
                now = max(now, self.moments[-1].recorded_at + STEP)
            self.moments.append(Moment(first, self.seq, now, deepcopy(self.registry)))

    def as_of(self, asked: int | datetime | None) -> tuple[int, Registry]:
        """Return the entry that counts as of then, and what was known of places then."""
        if asked is None:
            return self.seq, self.registry
        found = (0, Registry.empty())
        for each in self.moments:
            reached = each.first <= asked if isinstance(asked, int) else each.recorded_at <= asked
            if reached:
                found = each.seq, each.registry
        return found

    # What is written -------------------------------------------------------------------------

    def describe(self, kind: str, id: str, body: dict[str, Any], admin: bool) -> int:
        """Return the status of a description that is put under the id."""
        known = self.registry.get(kind, id)
        if self.registry.present(kind, id) != id:
            return 409
        what = Entry(
            nfc(body["name"]),
            body.get("parent"),
            body.get("party", False),
            tuple(map(nfc, body.get("aliases", ()))),
        )
        if kind == "group" and id != "everyone" and what.parent is None:
            what = replace(what, parent="everyone")
        if what.parent is not None:
            if kind == "group" and id == "everyone":
                return 422
            if self.registry.get(kind, what.parent) is None:
                return 422
            what = replace(what, parent=self.registry.present(kind, what.parent))
            if id == what.parent or (known and self.registry.lies_in(kind, str(what.parent), id)):
                return 422
        if known == what:
            return 200
        if known is not None and not admin:
            return 403
        self.registry.describe(kind, id, what)
        self.events.append((f"{kind}_changed" if known else f"{kind}_added", id))
        return 200 if known else 201

    def merge(self, kind: str, id: str, into: str) -> int:
        """Return the status of a merge."""
        if self.registry.get(kind, id) is None:
            return 404
        if self.registry.present(kind, id) != id:
            return 409
        if self.registry.get(kind, into) is None:
            return 422
        into = self.registry.present(kind, into)
        if id in (into, "everyone") or self.registry.lies_in(kind, into, id):
            return 422
        self.registry.merge(kind, id, into)
        self.events.append((f"{kind}_merged", id))
        return 201

    def post(self, id: str, body: dict[str, Any], bound: Sequence[str] = ()) -> tuple[int, str]:
        """Return the status of a report that is posted, and the id that it is known by."""
        reporter = id_in(body["reporter"])
        if bound and all(
            self.registry.present("reporter", reporter) != self.registry.present("reporter", each)
            for each in bound
        ):
            return 403, ""
        kept = len(self.events), deepcopy(self.registry), deepcopy(self.reports)
        try:
            return self._post(id, body, reporter)
        except Refused as refused:
            del self.events[kept[0] :]
            self.registry, self.reports = kept[1:]
            return refused.status, ""

    def _post(self, id: str, body: dict[str, Any], reporter: str) -> tuple[int, str]:
        known = self._known(body, reporter)
        self._resolve(body)
        if known is not None:
            return 200, known
        replaced = self._replaced(body, reporter)
        if "relays" in body and body["relays"] not in self.reports:
            raise Refused(422)
        earlier = [self._reclassified(each) for each in body.get("figures", ())]
        if replaced is not None:
            self.events.append(("superseded", replaced.id))
            replaced.superseded = (self.seq, id)
        self.events.append(("reported", id))
        self.reports[id] = Report(id, self.seq, body)
        self.events += [("reclassified", each) for each in earlier if each]
        return 201, id

    def _known(self, body: dict[str, Any], reporter: str) -> str | None:
        if "ref" not in body:
            return None
        mine = self.registry.present("reporter", reporter)
        bearers = [
            each
            for each in reversed(self.reports.values())
            if each.body.get("ref") == body["ref"]
            and self.registry.present("reporter", each.reporter) == mine
        ]
        for each in bearers:
            if each.content() == _content(body, set()):
                return each.id
        if bearers and bearers[0].id != body.get("supersedes"):
            raise Refused(409)
        return None

    def _resolve(self, body: dict[str, Any]) -> None:
        """Find or make all that the report names; 422 goes before 409."""
        unknown, differing = False, False
        for kind, mention in _mentions(body):
            id, given = id_in(mention), mention if isinstance(mention, dict) else None
            if self.registry.get(kind, id) is not None:
                own = self.registry.described[kind][id] if given else None
                for name in ("name", "parent", "party"):
                    if given and own and name in given:
                        said = given[name]
                        said = nfc(said) if name == "name" else said
                        differing |= said != getattr(own, name)
                continue
            parent = (given or {}).get("parent", "everyone" if kind == "group" else None)
            if given is None or (parent and self.registry.get(kind, parent) is None):
                unknown = True
                continue
            above = None if parent is None else self.registry.present(kind, parent)
            name = nfc(given["name"])
            self.registry.describe(kind, id, Entry(name, above, given.get("party", False)))
            self.events.append((f"{kind}_added", id))
        if unknown or differing:
            raise Refused(422 if unknown else 409)

    def _replaced(self, body: dict[str, Any], reporter: str) -> Report | None:
        if "supersedes" not in body:
            return None
        old = self.reports.get(body["supersedes"])
        if old is None:
            raise Refused(422)
        same = [self.registry.present("reporter", each) for each in (old.reporter, reporter)]
        if same[0] != same[1] or old.superseded:
            raise Refused(409)
        return old

    def _reclassified(self, figure: dict[str, Any]) -> str | None:
        if "reclassifies" not in figure:
            return None
        named, source = figure["reclassifies"]["figure"], figure["reclassifies"]["from"]
        report, _, number = named.rpartition("-")
        earlier = self.reports.get(report)
        figures = earlier.body.get("figures", ()) if earlier else ()
        if not 1 <= int(number or 0) <= len(figures):
            raise Refused(422)
        if source not in figures[int(number) - 1]["outcomes"]:
            raise Refused(422)
        return report

    def batch(
        self, ids: Sequence[str], bodies: Sequence[dict[str, Any]], atomic: bool
    ) -> list[tuple[int, str]]:
        """Return the status of every report of a batch and the id that it is known by."""
        kept = list(self.events), deepcopy(self.registry), deepcopy(self.reports)
        found = [self.post(id, body) for id, body in zip(ids, bodies, strict=True)]
        if atomic and any(status >= 400 for status, _ in found):
            self.events, self.registry, self.reports = kept
            return [(status if status >= 400 else 424, "") for status, _ in found]
        return found

    def retract(self, id: str, reason: str) -> int:
        """Return the status of a retraction."""
        report = self.reports.get(id)
        if report is None or report.retracted:
            return 409 if report else 404
        self.events.append(("retracted", id))
        report.retracted, report.reason = self.seq, reason
        return 201

    def redact(self, id: str, pointers: Sequence[str]) -> int:
        """Return the status of a redaction of some free texts; of all where none is named."""
        report = self.reports.get(id)
        if report is None:
            return 404
        held = report.texts()
        if not set(pointers) <= held.keys():
            return 422
        chosen = set(pointers or held) - report.blanked
        if not chosen:
            return 409
        report.blanked |= chosen
        self.events.append(("redacted", id))
        return 201

    def again(self, name: tuple[str, str, str], body: Any, now: datetime) -> int | None:
        """Return the status of a request that came before under the same Idempotency-Key."""
        if name not in self.answers or self.answers[name][1] <= now:
            return None
        return self.answers[name][2] if self.answers[name][0] == body else 422

    def keep(self, name: tuple[str, str, str], body: Any, now: datetime, status: int) -> None:
        """Remember what came of a request, and forget what is too old."""
        self.answers = {key: each for key, each in self.answers.items() if each[1] > now}
        self.answers[name] = (body, now + KEPT, status)

    # What is asked ---------------------------------------------------------------------------

    def listed(self, asked: dict[str, Any], as_of: int | datetime | None) -> list[str] | None:
        """Return the ids of the reports that are asked for; None where an id is unknown."""
        seq, registry = self.as_of(as_of)
        for kind in ("place", "group", "reporter"):
            if any(registry.get(kind, id) is None for id in asked.get(kind, ())):
                return None
        return [
            each.id
            for each in self.reports.values()
            if each.seq <= seq and self._is_asked_for(each, asked, seq, registry)
        ]

    def _is_asked_for(
        self, report: Report, asked: dict[str, Any], seq: int, registry: Registry
    ) -> bool:
        body = report.body
        scopes: list[dict[str, Any]] = [
            {**body, **each} for each in body.get("figures", ())
        ] or [body]  # fmt: skip
        for kind, default in (("place", []), ("group", ["everyone"])):
            named = {id_in(each) for scope in scopes for each in scope.get(f"{kind}s", default)}
            if kind in asked and not any(
                registry.lies_in(kind, id, top) for id in named for top in asked[kind]
            ):
                return False
        if "reporter" in asked and registry.present("reporter", report.reporter) not in {
            registry.present("reporter", each) for each in asked["reporter"]
        }:
            return False
        if "state" in asked and report.state(seq) not in asked["state"]:
            return False
        first, last = asked.get("from", "0001-01-01"), asked.get("to", "9999-12-31")
        if not any(
            (scope["period"]["from"] or "0001-01-01") <= last and scope["period"]["to"] >= first
            for scope in scopes
        ):
            return False
        if "q" in asked:
            return bool(words(asked["q"])) and words(asked["q"]) <= report.words()
        return True

    def named(self, kind: str, q: str | None) -> list[str]:
        """Return the ids of the entries whose name or an alias holds the text, in order."""
        return sorted(
            id
            for id, each in self.registry.entries[kind].items()
            if q is None or any(folded(q) in folded(name) for name in (each.name, *each.aliases))
        )

    def counted(self, as_of: int | datetime | None) -> list[Figure] | None:
        """Return the figures that are counted; None where one speaks of people of another that
        is not, which is more than the definition that they are compared with tells of."""
        seq, registry = self.as_of(as_of)
        found = []
        for report in self.reports.values():
            if report.seq <= seq and report.state(seq) == "live":
                for number, figure in enumerate(report.body.get("figures", ()), 1):
                    found.append(_figure(report, f"{report.id}-{number}", figure, registry))
        ids = {each.id for each in found}
        if any(each.reclassifies and each.reclassifies not in ids for each in found):
            return None
        return found


def _figure(report: Report, id: str, figure: dict[str, Any], registry: Registry) -> Figure:
    scope = {**report.body, **figure}
    if "low" in figure or "high" in figure:
        low, high = figure.get("low", 0), figure.get("high")
    elif "exactly" in figure:
        low = high = figure["exactly"]
    else:
        low, high = READ[figure["wording"]]
    first, last = scope["period"]["from"], scope["period"]["to"]
    return Figure(
        id,
        report.id,
        registry.present("reporter", report.reporter),
        Scope(
            tuple(
                dict.fromkeys(registry.present("place", id_in(each)) for each in scope["places"])
            ),
            Period(date.fromisoformat(first) if first else None, date.fromisoformat(last)),
            frozenset(figure["outcomes"]),
            tuple(
                registry.present("group", id_in(each)) for each in scope.get("groups", ["everyone"])
            ),
            scope.get("incident"),
        ),
        Quantity(low, high, frozenset()),
        reclassifies=figure["reclassifies"]["figure"] if "reclassifies" in figure else None,
    )


def id_in(mention: str | dict[str, Any]) -> str:
    """Return the id of what is mentioned."""
    return mention if isinstance(mention, str) else str(mention["id"])


def nfc(text: str) -> str:
    """Return the text in the composed form of Unicode, in which names are kept."""
    return unicodedata.normalize("NFC", text)


def _mentions(body: dict[str, Any]) -> Iterator[tuple[str, str | dict[str, Any]]]:
    yield "reporter", body["reporter"]
    for kind in ("place", "group"):
        for scope in (body, *body.get("figures", ())):
            for mention in scope.get(f"{kind}s", ()):
                yield kind, mention


def _content(body: dict[str, Any], blanked: set[str]) -> Any:
    """Return what the report says; what each of its figures has taken up is said there alone."""

    def left(name: str, of: dict[str, Any] = body, at: str = "") -> Any:
        return None if f"{at}/{name}" in blanked else of.get(name)

    def ids(scope: dict[str, Any], name: str) -> set[str]:
        return set(map(id_in, scope.get(name, ["everyone"] if name == "groups" else [])))

    figures = []
    for at, given in enumerate(body.get("figures", ())):
        scope, pointer = {**body, **given}, f"/figures/{at}"
        exactly = given.get("exactly")
        numbers = (given.get("low", exactly), given.get("high", exactly))
        figures.append(
            {
                **{name: left(name, given, pointer) for name in ("wording", "note")},
                **{name: given.get(name) for name in ("best", "reclassifies")},
                "numbers": (0, numbers[1]) if numbers[0] is None and numbers[1] else numbers,
                "outcomes": sorted(given["outcomes"]),
                **{name: ids(scope, name) for name in ("places", "groups")},
                **{name: scope.get(name) for name in ("period", "incident")},
            }
        )
    caveats = [
        left(str(at), {str(at): each}, "/caveats")
        for at, each in enumerate(body.get("caveats", ()))
    ]
    return {
        "reporter": id_in(body["reporter"]),
        **{name: left(name) for name in ("ref", "quote", "note")},
        **{name: body.get(name) for name in ("stance", "relays", "supersedes")},
        "caveats": sorted(each for each in caveats if each is not None),
        "figures": figures,
        **{
            name: ids(body, name).difference(*(each[name] for each in figures))
            for name in ("places", "groups")
        },
        **{
            name: body.get(name)
            for name in ("period", "incident")
            if body.get(name) not in [each[name] for each in figures]
        },
    }


def folded(text: str) -> str:
    """Return the text without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> set[str]:
    """Return the words of the text without case and accents, the first 100 characters of each."""
    plain = ""
    for each in unicodedata.normalize("NFKD", text.casefold()):
        if not unicodedata.combining(each):
            plain += each if each.isalnum() else " "
    return {word[:100] for word in plain.casefold().split(" ") if word}
