"""What the plans of submissions look up: once for all reports that are recorded together."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from service.domain.entities import Entity, EntityMention, Place, make_entity, parent_of
from service.domain.figure import Figure, Scope
from service.domain.report import RecordedReport, Report, counted_figures, report_id_of
from service.domain.submission import Submission, SubmittedFigure
from service.store import reports
from service.store.entity_cache import EntityCache, KeptEntities
from service.store.figure_lookup import FigureLookup, have_same_window
from service.store.interface import Connection
from service.store.projections.dispatch import RecordWriter
from service.store.projections.reports import ReportRows
from service.store.report_lookup import ReportLookup
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.resolve_entities import list_different_mentions, list_mentioned_ids


class SubmissionLookups:
    """The recorded entities, reports and figures that the reports of one request refer to.

    They are those of the open transaction, with what the reports before have added, as if each had
    been recorded by itself. ``writer`` holds those that are not written yet; None if none will be.
    """

    def __init__(
        self,
        db: Connection,
        writer: RecordWriter | None = None,
        kept_entities: KeptEntities | None = None,
    ) -> None:
        """Begin with the entities of the transaction before, if they hold; nothing is read yet."""
        self.db = db
        # Not with a method of this object: a cycle would keep all of them until it is collected.
        if writer is None:
            self.entities = EntityCache(db)
        elif kept_entities is None:
            self.entities = EntityCache(db, writer.flush)
        else:
            self.entities = kept_entities.take(db, writer.flush, writer.log_end)
        self.reports = ReportLookup(db)
        self.figures = FigureLookup(db)
        self._writer = writer
        self._counted: dict[str, tuple[Report, tuple[Figure, ...]]] = {}
        self._waiting: set[str | None] = set()
        self._imagined: dict[str, RecordedReport] = {}
        self._has_moved_links = False

    def prefetch(self, items: Collection[NormalizedSubmission]) -> None:
        """Load what the items need, with a few statements for all of them.

        Anything else is read when it is needed.
        """
        submissions = [item.submission for item in items]
        self._prefetch_entities(submissions)
        ids: set[str] = set()
        refs: set[tuple[str, str]] = set()
        for submission in submissions:
            for link in (submission.relays, submission.supersedes):
                if link is not None:
                    ids.add(link)
            refs.update(self._list_refs(submission))
        self.reports.prefetch(ids, refs)
        self.figures.prefetch(self._list_figures(items))
        # Scopes are compared by the lines of their places.
        self.entities.prefetch("place", self.figures.list_place_ids())

    def _prefetch_entities(self, submissions: Collection[Submission]) -> None:
        known = self.entities
        mentions_by_kind = list_different_mentions(submissions)
        for kind, ids in list_mentioned_ids(mentions_by_kind).items():
            known.prefetch(kind, ids)
            if kind == "place":
                known.find_parents(kind, ids)
                places = [known.get(kind, each) for each in ids]
                places += self._iterate_new_places(mentions_by_kind["place"])
                codes = (known.list_codes(each) for each in places if isinstance(each, Place))
                known.find_places_by_code({code for each in codes for code in each})
            elif kind == "reporter":
                known.prefetch_equivalent_ids(kind, ids)

    def _iterate_new_places(self, mentions: Iterable[EntityMention]) -> Iterator[Entity]:
        """Yield the places that the mentions describe and the record does not have."""
        for mention in _iterate_places(mentions):
            if self.entities.get("place", mention.id) is not None:
                continue
            fields = dict(mention.fields or {})
            if fields.get("name") is not None:
                parent = fields.get("parent")
                if isinstance(parent, EntityMention):
                    fields["parent"] = parent.id
                yield make_entity("place", mention.id, fields)

    def _list_refs(self, submission: Submission) -> Iterator[tuple[str, str]]:
        """Yield the reporters and refs of the report and of those that it links to."""
        own = submission.reporter.id
        links = [(own, submission.ref)]
        for ref in (submission.relays_ref, submission.supersedes_ref):
            if ref is not None:
                links.append((ref.reporter or own, ref.ref))
        for reporter, text in links:
            if text is not None:
                for each in self.entities.list_equivalent_ids("reporter", reporter):
                    yield each, text

    def _list_figures(
        self, items: Iterable[NormalizedSubmission]
    ) -> Iterator[tuple[Figure, Collection[str] | None]]:
        """Yield the figures whose scopes are known, with their places and all above them.

        Of the figures of a report about the same days, places and incident, one is enough.
        """
        for submission, report, _ in items:
            if report.relays is not None:
                continue
            lines: dict[tuple[str, ...], Collection[str] | None] = {}
            former: Scope | None = None
            for figure in self.counted_figures(report):
                scope = figure.scope
                if figure.reclassifies is None and not (former and have_same_window(scope, former)):
                    former = scope
                    if scope.places not in lines:
                        lines[scope.places] = self._list_places(scope.places, submission)
                    yield figure, lines[scope.places]

    def _list_places(
        self, place_ids: Collection[str], submission: Submission
    ) -> Collection[str] | None:
        """Return the places and all above them, None if one of them has children."""
        known = self.entities
        if known.find_parents("place", place_ids):
            return None
        line: set[str] = set()
        new_parents: dict[str, str] | None = None
        for place_id in place_ids:
            above: str | None = place_id
            while above is not None and above not in line:
                line.add(above)
                entity = known.get("place", above)
                if entity is not None:
                    above = parent_of(entity)
                    continue
                if new_parents is None:
                    new_parents = dict(_iterate_parents(submission))
                above = new_parents.get(above)
        return line

    def counted_figures(self, report: Report) -> tuple[Figure, ...]:
        """Return the figures of the report as totals use them, made once."""
        known, figures = self._counted.get(report.id, (None, ()))
        if known is None or known.figures is not report.figures:
            figures = counted_figures(report)
            self._counted[report.id] = (report, figures)
        return figures

    def get_report(self, report_id: str) -> RecordedReport | None:
        """Return the report as it is now; None where it does not exist."""
        if report_id in self._imagined:
            return self._imagined[report_id]
        if report_id in self._waiting:
            self.flush()
        return reports.get(self.db, report_id)

    def write_before_links(self, report: Report) -> None:
        """Write the reports that wait, if those that the report is linked to may be among them."""
        links = [figure.reclassifies for figure in report.figures if figure.reclassifies]
        if links or report.supersedes:
            linked = {report_id_of(link.figure) for link in links} | {report.supersedes}
            if self._has_moved_links or linked & self._waiting:
                self.flush()

    def add(
        self, report: Report, rows: ReportRows, new_entities: Collection[Entity], *, moves: bool
    ) -> None:
        """Note that the report and its new entities were recorded.

        ``moves`` is whether figures reclassify others since.
        """
        row = rows.report
        self.entities.add(new_entities)
        self.reports.add(report, row.seq, row.origin, row.content_hash)
        self.figures.add(report, rows.figures)
        # A superseded report is to be read in its new state.
        self._waiting.update((report.id, report.supersedes))
        self._has_moved_links |= moves

    def imagine(self, recorded: RecordedReport) -> None:
        """Note a report that was added and will not be written."""
        self._imagined[recorded.report.id] = recorded

    def flush(self) -> None:
        """Write the reports that wait."""
        if self._writer is not None:
            self._writer.flush()
        self._waiting.clear()
        self._has_moved_links = False


def _iterate_parents(submission: Submission) -> Iterator[tuple[str, str]]:
    """Yield the places that the submission describes with their parents."""
    scopes: tuple[Submission | SubmittedFigure, ...] = (submission, *submission.figures)
    mentions = [mention for scope in scopes for mention in scope.places or ()]
    for mention in _iterate_places(mentions):
        parent = (mention.fields or {}).get("parent")
        parent_id = parent.id if isinstance(parent, EntityMention) else parent
        if isinstance(parent_id, str):
            yield mention.id, parent_id


def _iterate_places(mentions: Iterable[EntityMention]) -> Iterator[EntityMention]:
    """Yield the places that the mentions describe, and the parents that they describe there."""
    for mention in mentions:
        above: Any = mention
        while isinstance(above, EntityMention) and above.fields:
            yield above
            above = above.fields.get("parent")
