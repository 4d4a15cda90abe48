"""The present ids of places, groups and reporters that were merged."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from service.domain.report import Report, ReportedFigure
from service.store import entities
from service.store.interface import Connection

Scoped = TypeVar("Scoped", Report, ReportedFigure)


@dataclass(frozen=True, slots=True)
class MergedIds:
    """By kind, each merged id with the id that it was merged into."""

    by_kind: Mapping[str, Mapping[str, str]]

    def resolve_report(self, report: Report) -> Report:
        """Return the report with the ids that remain after the merges, each once."""
        if not any(self.by_kind.values()):
            return report
        resolved = self._resolve_scope(report)
        reporters = self.by_kind["reporter"]
        return replace(
            resolved,
            reporter=reporters.get(report.reporter, report.reporter),
            figures=tuple(map(self._resolve_scope, report.figures)),
        )

    def _resolve_scope(self, scoped: Scoped) -> Scoped:
        return replace(
            scoped,
            places=self._resolve("place", scoped.places),
            groups=self._resolve("group", scoped.groups),
        )

    def _resolve(self, kind: str, ids: tuple[str, ...]) -> tuple[str, ...]:
        merged = self.by_kind[kind]
        return tuple(dict.fromkeys(merged.get(each, each) for each in ids))


def load_merged_ids(db: Connection, seq: int) -> MergedIds:
    """Return the merges up to the event ``seq``."""
    return MergedIds(entities.load_merges(db, seq))
