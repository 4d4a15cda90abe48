"""What the plan of a submission looks up, once for all reports of a transaction."""

from collections.abc import Collection
from dataclasses import dataclass

from service.domain.entities import Entity
from service.domain.report import Report
from service.domain.submission import Submission
from service.store.entity_cache import EntityCache
from service.store.figure_index import FigureIndex
from service.store.figure_lookup import FigureLookup
from service.store.interface import Connection
from service.usecases.resolve_entities import prefetch_entities


@dataclass(frozen=True, slots=True)
class SubmissionLookups:
    """The recorded entities and figures that a report is compared with."""

    entities: EntityCache
    figures: FigureLookup

    def add(self, report: Report, seq: int, new_entities: Collection[Entity]) -> None:
        """Note that the report and its new entities were recorded by the events up to ``seq``."""
        self.entities.add(new_entities)
        self.figures.add(report, seq)


def make_lookups(db: Connection) -> SubmissionLookups:
    """Return the lookups for one report."""
    return SubmissionLookups(EntityCache(db), FigureLookup(db))


def make_batch_lookups(
    db: Connection, items: Collection[tuple[Submission, Report]]
) -> SubmissionLookups:
    """Return the lookups for the reports of one batch: many at once instead of each by itself."""
    known = EntityCache(db)
    prefetch_entities(known, (submission for submission, _ in items))
    return SubmissionLookups(known, FigureIndex(db, (report for _, report in items)))
