"""A reference model of the service in plain Python, without tables.

It is small because it may be slow: every question is answered by looking at everything. It knows
the domain's figures and trees, which are proved elsewhere, and nothing of the store. It does not
know the rules of reclassifications, which tests/usecases prove: it takes from the service what
became of them (see ``Observation``).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.trees import Tree, TreeNode

WORDING_RANGES: Final[dict[str, tuple[int, int | None]]] = {
    "at least 3": (3, None),
    "exactly 2": (2, 2),
    "between 1 and 4": (1, 4),
    "no more than five": (0, 5),
    "several": (2, None),
}
"""Words and what they mean by the contract."""

RESPONSE_RETENTION: Final = timedelta(hours=24)
TIMESTAMP_STEP: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entity:
    """A place, a group or a reporter."""

    name: str
    parent: str | None = None
    party: bool = False
    aliases: tuple[str, ...] = ()
    facet: str | None = None
    """The facet of a group, or the division of a place."""


@dataclass
class EntityRegistry:
    """The entities in one state of the record, by kind and id, and the merged ids."""

    entities: dict[str, dict[str, Entity]]
    last_versions: dict[str, dict[str, Entity]]
    """How each id was described last under this very id, merged since or not."""
    merged: dict[str, dict[str, str]]

    @classmethod
    def empty(cls) -> "EntityRegistry":
        """Return the registry of a new record, which knows nothing but everyone."""
        everyone = {"everyone": Entity("Everyone")}
        entities: dict[str, dict[str, Entity]] = {
            "place": {}, "group": dict(everyone), "reporter": {}
        }  # fmt: skip
        return cls(entities, deepcopy(entities), {"place": {}, "group": {}, "reporter": {}})

    def resolve_merged(self, kind: str, entity_id: str) -> str:
        """Return the present id of the entity: after a merge that of its target."""
        while entity_id in self.merged[kind]:
            entity_id = self.merged[kind][entity_id]
        return entity_id

    def get(self, kind: str, entity_id: str) -> Entity | None:
        """Return the entry that the id names, by whatever id."""
        return self.entities[kind].get(self.resolve_merged(kind, entity_id))

    def is_same_or_below(self, kind: str, entity_id: str, ancestor_id: str) -> bool:
        """Whether the one entity is the other or below it."""
        current_id: str | None = self.resolve_merged(kind, entity_id)
        while current_id is not None and current_id != self.resolve_merged(kind, ancestor_id):
            current_id = self.entities[kind][current_id].parent
        return current_id is not None

    def describe(self, kind: str, entity_id: str, entity: Entity) -> None:
        """Remember the entry under its id."""
        self.entities[kind][entity_id] = self.last_versions[kind][entity_id] = entity

    def merge(self, kind: str, entity_id: str, into_id: str) -> None:
        """Make one of the two."""
        merged_entity, target = self.entities[kind].pop(entity_id), self.entities[kind][into_id]
        self.merged[kind][entity_id] = into_id
        known_names = {target.name, *target.aliases}
        new_names = [
            name for name in (merged_entity.name, *merged_entity.aliases) if name not in known_names
        ]
        self.describe(
            kind, into_id, replace(target, aliases=(*target.aliases, *dict.fromkeys(new_names)))
        )
        for child_id, child in list(self.entities[kind].items()):
            if child.parent == entity_id:
                self.describe(kind, child_id, replace(child, parent=into_id))

    def list_nodes(self, kind: str) -> dict[str, TreeNode]:
        """Return the places or groups with their parents and facets."""
        return {
            entity_id: TreeNode(each.parent, each.facet)
            for entity_id, each in self.entities[kind].items()
        }

    def is_empty(self, kind: str, ids: Sequence[str]) -> bool:
        """Return whether nobody can be in all that the ids name together."""
        if kind == "group":
            tree = Tree(self.list_nodes(kind), root="everyone")
        else:
            tree = Tree(self.list_nodes(kind), top_facet="administrative")
        return not tree.select(self.resolve_merged(kind, each) for each in ids).alternatives


@dataclass(frozen=True)
class Observation:
    """What became of a report with reclassifications, as the service answered it.

    ``figures`` are the stored ones, ``reclassified`` the subjects of the events after the report.
    """

    status: int
    figures: Sequence[dict[str, Any]] = ()
    reclassified: Sequence[str] = ()


@dataclass
class Report:
    """One report as it was sent, and what became of it, each with the entry that did it.

    ``figures`` have the scopes that they take from earlier figures.
    """

    id: str
    seq: int
    body: dict[str, Any]
    figures: Sequence[dict[str, Any]]
    superseded: tuple[int, str] | None = None
    retracted: int | None = None
    reason: str | None = None
    blanked: set[str] = field(default_factory=set)

    @property
    def reporter(self) -> str:
        """The reporter's id, as it was sent."""
        return id_of_mention(self.body["reporter"])

    def state_at(self, seq: int) -> str:
        """Return its state after the entry."""
        if self.retracted is not None and self.retracted <= seq:
            return "retracted"
        if self.superseded is not None and self.superseded[0] <= seq:
            return "superseded"
        return "relay" if "relays" in self.body else "live"

    def texts(self) -> dict[str, str]:
        """Return every free text by its pointer, blanked ones too."""
        texts = {f"/{name}": self.body[name] for name in ("quote", "note") if name in self.body}
        for index, caveat in enumerate(self.body.get("caveats", ())):
            texts[f"/caveats/{index}"] = caveat
        for index, figure in enumerate(self.body.get("figures", ())):
            for name in ("wording", "note"):
                if name in figure:
                    texts[f"/figures/{index}/{name}"] = figure[name]
        if self.reason is not None:
            texts["/retraction/reason"] = self.reason
        return texts

    def words(self) -> set[str]:
        """Return the words by which it is found: those of its ref and of what is not blanked."""
        texts = self.texts()
        texts.pop("/retraction/reason", None)
        visible = [text for pointer, text in texts.items() if pointer not in self.blanked]
        return extract_words("\n".join([*visible, self.body.get("ref", "")]))

    def content(self) -> Any:
        """Return the content by which two reports are the same, normalized."""
        return _content(self.body, self.blanked)


@dataclass(frozen=True)
class RequestState:
    """What one request has made of the record: up to which entry, dated when."""

    first: int
    seq: int
    recorded_at: datetime
    registry: EntityRegistry


class RefusedError(Exception):
    """The request must be refused with the status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Model:
    """The whole record."""

    def __init__(self) -> None:
        self.registry = EntityRegistry.empty()
        self.reports: dict[str, Report] = {}
        self.events: list[tuple[str, str]] = []
        self.requests: list[RequestState] = []
        self.responses: dict[tuple[str, str, str], tuple[Any, datetime, int]] = {}
        self.observations: dict[str, Observation] = {}
        """What the service did with the reports of the last request, by id."""
        self.has_moved_links = False

    @property
    def seq(self) -> int:
        """The number of the last entry."""
        return len(self.events)

    def close_request(self, first: int, now: datetime) -> None:
        """End a request whose events, if any, begin at ``first``."""
        if self.seq >= first:
            if self.requests:
                now = max(now, self.requests[-1].recorded_at + TIMESTAMP_STEP)
            self.requests.append(RequestState(first, self.seq, now, deepcopy(self.registry)))

    def as_of(self, as_of: int | datetime | None) -> tuple[int, EntityRegistry]:
        """Return the entry that counts as of then, and what was known of places then."""
        if as_of is None:
            return self.seq, self.registry
        result = (0, EntityRegistry.empty())
        for each in self.requests:
            is_included = (
                each.first <= as_of if isinstance(as_of, int) else each.recorded_at <= as_of
            )
            if is_included:
                result = each.seq, each.registry
        return result

    # What is written -------------------------------------------------------------------------

    def describe(self, kind: str, entity_id: str, body: dict[str, Any], admin: bool) -> int:
        """Return the status of a description that is put under the id."""
        known = self.registry.get(kind, entity_id)
        if self.registry.resolve_merged(kind, entity_id) != entity_id:
            return 409
        entity = Entity(
            normalize_nfc(body["name"]),
            body.get("parent"),
            body.get("party", False),
            tuple(map(normalize_nfc, body.get("aliases", ()))),
            body.get("division" if kind == "place" else "facet"),
        )
        if kind == "group" and entity_id != "everyone" and entity.parent is None:
            entity = replace(entity, parent="everyone")
        if entity.parent is not None:
            if kind == "group" and entity_id == "everyone":
                return 422
            if self.registry.get(kind, entity.parent) is None:
                return 422
            entity = replace(entity, parent=self.registry.resolve_merged(kind, entity.parent))
            if entity_id == entity.parent or (
                known and self.registry.is_same_or_below(kind, str(entity.parent), entity_id)
            ):
                return 422
        if known == entity:
            return 200
        if known is not None and not admin:
            return 403
        self.registry.describe(kind, entity_id, entity)
        self.events.append((f"{kind}_changed" if known else f"{kind}_added", entity_id))
        return 200 if known else 201

    def merge(self, kind: str, entity_id: str, into_id: str) -> int:
        """Return the status of a merge."""
        if self.registry.get(kind, entity_id) is None:
            return 404
        if self.registry.resolve_merged(kind, entity_id) != entity_id:
            return 409
        if self.registry.get(kind, into_id) is None:
            return 422
        into_id = self.registry.resolve_merged(kind, into_id)
        if entity_id in (into_id, "everyone") or self.registry.is_same_or_below(
            kind, into_id, entity_id
        ):
            return 422
        self.registry.merge(kind, entity_id, into_id)
        self.events.append((f"{kind}_merged", entity_id))
        return 201

    def post(
        self, report_id: str, body: dict[str, Any], bound: Sequence[str] = ()
    ) -> tuple[int, str]:
        """Return the status of a report that is posted, and the id that it is known by."""
        reporter = id_of_mention(body["reporter"])
        if bound and all(
            self.registry.resolve_merged("reporter", reporter)
            != self.registry.resolve_merged("reporter", each)
            for each in bound
        ):
            return 403, ""
        before = len(self.events), deepcopy(self.registry), deepcopy(self.reports)
        try:
            return self._post(report_id, body, reporter)
        except RefusedError as refused:
            del self.events[before[0] :]
            self.registry, self.reports = before[1:]
            return refused.status, ""

    def _post(self, report_id: str, body: dict[str, Any], reporter: str) -> tuple[int, str]:
        known_id = self._find_same_report(body, reporter)
        self._resolve_entities(body)
        if known_id is not None:
            return 200, known_id
        superseded = self._find_superseded(body, reporter)
        if "relays" in body and body["relays"] not in self.reports:
            raise RefusedError(422)
        figures = body.get("figures", ())
        reclassified: Sequence[str] = ()
        if self._is_reclassification(body):
            observation = self.observations[report_id]
            if observation.status >= 400:
                raise RefusedError(observation.status)
            reclassified, figures = observation.reclassified, observation.figures
            self.has_moved_links |= superseded is not None
        elif self._has_empty_scope(body):
            raise RefusedError(422)
        if superseded is not None:
            self.events.append(("superseded", superseded.id))
            superseded.superseded = (self.seq, report_id)
        self.events.append(("reported", report_id))
        self.reports[report_id] = Report(report_id, self.seq, body, figures)
        self.events += [("reclassified", each) for each in reclassified]
        return 201, report_id

    def _find_same_report(self, body: dict[str, Any], reporter: str) -> str | None:
        if "ref" not in body:
            return None
        reporter_id = self.registry.resolve_merged("reporter", reporter)
        same_ref = [
            each
            for each in reversed(self.reports.values())
            if each.body.get("ref") == body["ref"]
            and self.registry.resolve_merged("reporter", each.reporter) == reporter_id
        ]
        for each in same_ref:
            if each.content() == _content(body, set()):
                return each.id
        if same_ref and same_ref[0].id != body.get("supersedes"):
            raise RefusedError(409)
        return None

    def _resolve_entities(self, body: dict[str, Any]) -> None:
        """Find or make all that the report names; 422 goes before 409."""
        unknown, differing = False, False
        for kind, mention in _iterate_mentions(body):
            entity_id, fields = (
                id_of_mention(mention),
                mention if isinstance(mention, dict) else None,
            )
            if fields and fields.get("parent") == entity_id:
                unknown = True
            if self.registry.get(kind, entity_id) is not None:
                known = self.registry.last_versions[kind][entity_id] if fields else None
                for name in ("parent", "party"):
                    if fields and known and name in fields:
                        differing |= fields[name] != getattr(known, name)
                continue
            parent = (fields or {}).get("parent", "everyone" if kind == "group" else None)
            if fields is None or (parent and self.registry.get(kind, parent) is None):
                unknown = True
                continue
            parent_id = None if parent is None else self.registry.resolve_merged(kind, parent)
            name = normalize_nfc(fields["name"])
            self.registry.describe(
                kind, entity_id, Entity(name, parent_id, fields.get("party", False))
            )
            self.events.append((f"{kind}_added", entity_id))
        if unknown or differing:
            raise RefusedError(422 if unknown else 409)

    def _find_superseded(self, body: dict[str, Any], reporter: str) -> Report | None:
        if "supersedes" not in body:
            return None
        earlier = self.reports.get(body["supersedes"])
        if earlier is None:
            raise RefusedError(422)
        reporter_ids = [
            self.registry.resolve_merged("reporter", each) for each in (earlier.reporter, reporter)
        ]
        if reporter_ids[0] != reporter_ids[1] or earlier.superseded:
            raise RefusedError(409)
        return earlier

    def _is_reclassification(self, body: dict[str, Any]) -> bool:
        """Return whether a figure reclassifies another one, or one of the superseded report is."""
        ids_before = f"{body.get('supersedes')}-"
        return any("reclassifies" in each for each in body.get("figures", ())) or any(
            each["reclassifies"]["figure"].startswith(ids_before)
            for report in self.reports.values()
            for each in report.figures
            if each.get("reclassifies")
        )

    def _has_empty_scope(self, body: dict[str, Any]) -> bool:
        scopes = [{**body, **each} for each in body.get("figures", ())] or [body]
        return any(
            self.registry.is_empty(kind, [id_of_mention(each) for each in scope[f"{kind}s"]])
            for scope in scopes
            for kind in ("place", "group")
            if f"{kind}s" in scope
        )

    def post_batch(
        self, ids: Sequence[str], bodies: Sequence[dict[str, Any]], atomic: bool
    ) -> list[tuple[int, str]]:
        """Return the status of every report of a batch and the id that it is known by."""
        before = list(self.events), deepcopy(self.registry), deepcopy(self.reports)
        results = [self.post(report_id, body) for report_id, body in zip(ids, bodies, strict=True)]
        if atomic and any(status >= 400 for status, _ in results):
            self.events, self.registry, self.reports = before
            return [(status if status >= 400 else 424, "") for status, _ in results]
        return results

    def retract(self, report_id: str, reason: str) -> int:
        """Return the status of a retraction."""
        report = self.reports.get(report_id)
        if report is None or report.retracted:
            return 409 if report else 404
        self.events.append(("retracted", report_id))
        report.retracted, report.reason = self.seq, reason
        return 201

    def redact(self, report_id: str, pointers: Sequence[str]) -> int:
        """Return the status of a redaction of some free texts; of all where none is named."""
        report = self.reports.get(report_id)
        if report is None:
            return 404
        texts = report.texts()
        if not set(pointers) <= texts.keys():
            return 422
        chosen = set(pointers or texts) - report.blanked
        if not chosen:
            return 409
        report.blanked |= chosen
        self.events.append(("redacted", report_id))
        return 201

    def replayed_status(
        self, request_key: tuple[str, str, str], body: Any, now: datetime
    ) -> int | None:
        """Return the status of a request that came before under the same Idempotency-Key."""
        if request_key not in self.responses or self.responses[request_key][1] <= now:
            return None
        return self.responses[request_key][2] if self.responses[request_key][0] == body else 422

    def store_response(
        self, request_key: tuple[str, str, str], body: Any, now: datetime, status: int
    ) -> None:
        """Remember what came of a request, and forget what is too old."""
        self.responses = {key: each for key, each in self.responses.items() if each[1] > now}
        self.responses[request_key] = (body, now + RESPONSE_RETENTION, status)

    # Queries ---------------------------------------------------------------------------------

    def list_reports(self, query: dict[str, Any], as_of: int | datetime | None) -> list[str] | None:
        """Return the ids of the reports that match the query; None if an id is unknown."""
        seq, registry = self.as_of(as_of)
        for kind in ("place", "group", "reporter"):
            if any(registry.get(kind, entity_id) is None for entity_id in query.get(kind, ())):
                return None
        return [
            each.id
            for each in self.reports.values()
            if each.seq <= seq and self._matches(each, query, seq, registry)
        ]

    def _matches(
        self, report: Report, query: dict[str, Any], seq: int, registry: EntityRegistry
    ) -> bool:
        body = report.body
        scopes: list[dict[str, Any]] = [
            {**body, **each} for each in report.figures
        ] or [body]  # fmt: skip
        for kind, default in (("place", []), ("group", ["everyone"])):
            entity_ids = {
                id_of_mention(each) for scope in scopes for each in scope.get(f"{kind}s", default)
            }
            if kind in query and not any(
                registry.is_same_or_below(kind, entity_id, ancestor_id)
                for entity_id in entity_ids
                for ancestor_id in query[kind]
            ):
                return False
        if "reporter" in query and registry.resolve_merged("reporter", report.reporter) not in {
            registry.resolve_merged("reporter", each) for each in query["reporter"]
        }:
            return False
        if "state" in query and report.state_at(seq) not in query["state"]:
            return False
        if "outcomes" in query and not any(
            set(query["outcomes"]) & set(figure["outcomes"]) for figure in report.figures
        ):
            return False
        first, last = query.get("from", "0001-01-01"), query.get("to", "9999-12-31")
        if not any(
            (scope["period"]["from"] or "0001-01-01") <= last and scope["period"]["to"] >= first
            for scope in scopes
        ):
            return False
        if "q" in query:
            return bool(extract_words(query["q"])) and extract_words(query["q"]) <= report.words()
        return True

    def search_entities(self, kind: str, q: str | None) -> list[str]:
        """Return the ids of the entries whose name or an alias holds the text, in order."""
        return sorted(
            entity_id
            for entity_id, each in self.registry.entities[kind].items()
            if q is None
            or any(fold_case(q) in fold_case(name) for name in (each.name, *each.aliases))
        )

    def counted_figures(self, as_of: int | datetime | None) -> list[Figure] | None:
        """Return the figures that are counted.

        None if a figure is about people of one that is not counted, or if a link has moved: the
        definition that they are compared with does not cover that.
        """
        if self.has_moved_links:
            return None
        seq, registry = self.as_of(as_of)
        figures = []
        for report in self.reports.values():
            if report.seq <= seq and report.state_at(seq) == "live":
                for number, figure in enumerate(report.figures, 1):
                    figures.append(_make_figure(report, f"{report.id}-{number}", figure, registry))
        ids = {each.id for each in figures}
        if any(each.reclassifies and each.reclassifies not in ids for each in figures):
            return None
        return figures


def _make_figure(
    report: Report, figure_id: str, figure: dict[str, Any], registry: EntityRegistry
) -> Figure:
    scope = {**report.body, **figure}
    if figure.get("low") is not None or figure.get("high") is not None:
        low, high = figure.get("low") or 0, figure.get("high")
    elif "exactly" in figure:
        low = high = figure["exactly"]
    else:
        low, high = WORDING_RANGES[figure["wording"]]
    first, last = scope["period"]["from"], scope["period"]["to"]
    return Figure(
        figure_id,
        report.id,
        registry.resolve_merged("reporter", report.reporter),
        Scope(
            tuple(
                dict.fromkeys(
                    registry.resolve_merged("place", id_of_mention(each))
                    for each in scope["places"]
                )
            ),
            Period(date.fromisoformat(first) if first else None, date.fromisoformat(last)),
            frozenset(figure["outcomes"]),
            tuple(
                registry.resolve_merged("group", id_of_mention(each))
                for each in scope.get("groups", ["everyone"])
            ),
            scope.get("incident"),
        ),
        Quantity(low, high, frozenset()),
        reclassifies=figure["reclassifies"]["figure"] if figure.get("reclassifies") else None,
    )


def id_of_mention(mention: str | dict[str, Any]) -> str:
    """Return the id of what is mentioned."""
    return mention if isinstance(mention, str) else str(mention["id"])


def normalize_nfc(text: str) -> str:
    """Return the text in the composed form of Unicode, in which names are stored."""
    return unicodedata.normalize("NFC", text)


def _iterate_mentions(body: dict[str, Any]) -> Iterator[tuple[str, str | dict[str, Any]]]:
    yield "reporter", body["reporter"]
    for kind in ("place", "group"):
        for scope in (body, *body.get("figures", ())):
            for mention in scope.get(f"{kind}s", ()):
                yield kind, mention


def _content(body: dict[str, Any], blanked: set[str]) -> Any:
    """Return what the report says; what each of its figures has taken up is said there alone."""

    def visible_value(name: str, source: dict[str, Any] = body, prefix: str = "") -> Any:
        return None if f"{prefix}/{name}" in blanked else source.get(name)

    def ids(scope: dict[str, Any], name: str) -> set[str]:
        return set(map(id_of_mention, scope.get(name, ["everyone"] if name == "groups" else [])))

    figures = []
    for at, figure in enumerate(body.get("figures", ())):
        scope, pointer = {**body, **figure}, f"/figures/{at}"
        exactly = figure.get("exactly")
        numbers = (figure.get("low", exactly), figure.get("high", exactly))
        figures.append(
            {
                **{name: visible_value(name, figure, pointer) for name in ("wording", "note")},
                **{name: figure.get(name) for name in ("best", "reclassifies")},
                "numbers": (0, numbers[1]) if numbers[0] is None and numbers[1] else numbers,
                "outcomes": sorted(figure["outcomes"]),
                **{name: ids(scope, name) for name in ("places", "groups")},
                **{name: scope.get(name) for name in ("period", "incident")},
            }
        )
    caveats = [
        visible_value(str(at), {str(at): each}, "/caveats")
        for at, each in enumerate(body.get("caveats", ()))
    ]
    return {
        "reporter": id_of_mention(body["reporter"]),
        **{name: visible_value(name) for name in ("ref", "quote", "note")},
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


def fold_case(text: str) -> str:
    """Return the text without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()


def extract_words(text: str) -> set[str]:
    """Return the words of the text without case and accents, the first 100 characters of each."""
    plain = ""
    for each in unicodedata.normalize("NFKD", text.casefold()):
        if not unicodedata.combining(each):
            plain += each if each.isalnum() else " "
    return {word[:100] for word in plain.casefold().split(" ") if word}
