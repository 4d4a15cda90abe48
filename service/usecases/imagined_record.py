"""The record as it would be with reports that are not recorded, in memory only."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from service.columns.record_columns import FigureEntry, MovedEntry, ReportEntry
from service.columns.record_state import RecordState
from service.domain.entities import Entity
from service.domain.figure import Figure
from service.domain.report import RecordedReport
from service.domain.report_state import MovedLink, move_report_links
from service.domain.timestamps import format_timestamp
from service.domain.vocabulary import ROOT_GROUP
from service.store.interface import Connection
from service.store.projections.reports import RecordedContent, make_report_rows
from service.usecases.normalized_submissions import NormalizedSubmission
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.submission_plans import SubmissionPlan, plan_submission


class ImaginedRecord:
    """Plans submissions by reads only, each as if those before it had been recorded.

    All rules and conflicts of a submission apply. ``new_entities`` are the entities that the
    reports would create, each parent before its children.
    """

    def __init__(self, db: Connection, state: RecordState, now: datetime) -> None:
        """Begin with the state, which is that of the open transaction."""
        self.new_entities: list[Entity] = []
        self._state, self._recorded_at = state, format_timestamp(now)
        self._last_seq = state.seq
        self._lookups = SubmissionLookups(db)
        self._reports: list[ReportEntry] = []
        self._figures: list[FigureEntry] = []
        self._figure_keys: dict[str, tuple[int, int]] = {}
        self._ends: list[tuple[int, str, int]] = []
        self._moves: list[tuple[MovedLink, int]] = []

    def prefetch(self, items: Collection[NormalizedSubmission]) -> None:
        """Load what the items need, with a few statements for all of them."""
        self._lookups.prefetch(items)

    def submit(
        self, item: NormalizedSubmission, *, supersede_known: bool = False
    ) -> tuple[RecordedReport, bool]:
        """Return the report as it would be recorded, and whether it would be new.

        Raises as ``plan_submission`` does; then the submission changes nothing.
        """
        plan = plan_submission(item, self._lookups, supersede_known=supersede_known)
        if plan.known is not None:
            return plan.known, False
        seq = self._last_seq + len(plan.earlier_events) + 1
        recorded = self._make_recorded(plan, seq)
        self._add_report(plan, recorded)
        self._last_seq = seq + len(plan.later_events)
        self._moves += [(link, self._last_seq) for link in plan.moved_links]
        self.new_entities += plan.new_entities
        return recorded, True

    def get_report(self, report_id: str) -> RecordedReport | None:
        """Return the report, also one that was submitted here; None where it does not exist."""
        return self._lookups.get_report(report_id)

    def retract(self, report_id: str) -> bool:
        """Retract a report that was submitted here; returns whether it was not retracted before."""
        recorded = self._lookups.get_report(report_id)
        if recorded is None or recorded.state == "retracted":
            return False
        self._last_seq += 1
        self._ends.append((recorded.seq, "retracted", self._last_seq))
        return True

    def make_states(self) -> tuple[RecordState, RecordState]:
        """Return the state with the new entities alone, and that with the reports too.

        A new place would be unknown before: both states have it. The ``seq`` stays.
        """
        state = self._state
        before = state.replace_entities(state.entities.add(self.new_entities))
        if not (self._reports or self._ends):
            return before, before
        columns = state.copy_columns()
        columns.append_reports(self._reports)
        columns.append_figures(self._figures)
        for ended_seq, kind, seq in self._ends:
            columns.end_report(ended_seq, kind, seq)
        for link, seq in self._moves:
            columns.append_move(
                MovedEntry(
                    self._find_figure_key(link.figure),
                    seq,
                    self._find_figure_key(link.reclassifies),
                    tuple(sorted(link.places)),
                    link.period.start,
                    link.period.stop,
                    tuple(sorted(link.groups)),
                )
            )
        after = RecordState(columns, state.seq, state.recorded_at, before.entities, self._last_seq)
        return before, after

    def _make_recorded(self, plan: SubmissionPlan, seq: int) -> RecordedReport:
        report = move_report_links(plan.report, plan.moved_links)
        origin = None
        if report.relays is not None:
            relayed = self._lookups.reports.get(report.relays)
            origin = (relayed and relayed.origin) or report.relays
        return RecordedReport(
            report,
            seq=seq,
            recorded_at=self._recorded_at,
            state="live" if report.relays is None else "relay",
            origin=origin,
            warnings=plan.warnings,
        )

    def _add_report(self, plan: SubmissionPlan, recorded: RecordedReport) -> None:
        """Add the report for the state, and for the plans of later submissions."""
        report, seq = recorded.report, recorded.seq
        figures = self._lookups.counted_figures(plan.report)
        encoded = plan.encoded
        body = encoded.make_body(plan.warnings)
        content = RecordedContent(seq, self._recorded_at, encoded.content_hash, body, encoded.words)
        rows = make_report_rows(content, plan.report, figures, lambda _: recorded.origin or "")
        self._lookups.add(plan.report, rows, plan.new_entities, moves=bool(plan.moved_links))
        self._lookups.imagine(recorded)
        if report.supersedes is not None:
            self._ends.append((self._get_seq(report.supersedes), "superseded", seq))
        self._reports.append(self._make_report_entry(recorded))
        self._figures += self._make_figure_entries(self._lookups.counted_figures(report), seq)

    def _make_report_entry(self, recorded: RecordedReport) -> ReportEntry:
        report = recorded.report
        is_silent = report.stance != "asserts"
        period = report.period if is_silent else None
        return ReportEntry(
            report.id,
            recorded.seq,
            report.reporter,
            report.stance,
            report.places if is_silent else (),
            None if period is None or period.first is None else period.start,
            None if period is None else period.stop,
            (report.groups or (ROOT_GROUP,)) if is_silent else (),
            report.caveats,
            self._find_seq(report.relays),
            self._find_seq(recorded.origin),
            self._find_seq(report.supersedes),
            None,
            None,
        )

    def _make_figure_entries(self, figures: Sequence[Figure], seq: int) -> list[FigureEntry]:
        ordered = [_sort_ids(figure) for figure in figures]
        self._figure_keys |= {each.id: (seq, position) for position, each in enumerate(ordered)}
        return [
            FigureEntry.from_figure(
                each,
                seq,
                None if each.reclassifies is None else self._find_figure_key(each.reclassifies),
            )
            for each in ordered
        ]

    def _find_figure_key(self, figure_id: str) -> tuple[int, int]:
        return self._figure_keys.get(figure_id) or self._state.columns.find_figure_key(figure_id)

    def _find_seq(self, report_id: str | None) -> int | None:
        return None if report_id is None else self._get_seq(report_id)

    def _get_seq(self, report_id: str) -> int:
        head = self._lookups.reports.get(report_id)
        if head is None:
            raise LookupError(f"there is no report {report_id}")
        return head.seq


def _sort_ids(figure: Figure) -> Figure:
    """Return the figure with the ids of its scope in the order in which the store has them."""
    places, groups = (tuple(sorted(ids)) for ids in (figure.scope.places, figure.scope.groups))
    return replace(figure, scope=replace(figure.scope, places=places, groups=groups))
