"""Changes of reports in one line each: what the first figure says, of whom, where and when."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.columns.record_columns import NONE
from service.columns.record_state import RecordState
from service.domain.figure import Figure, Scope
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.range_text import outcomes_text, range_text
from service.usecases.recent_changes import (
    ADDED,
    CHANGE_KINDS,
    REPLACED,
    ReportChanges,
    find_replacing_rows,
    list_figure_rows,
)
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import find_root, link_to_page


@dataclass(frozen=True, slots=True)
class ReportChange:
    """A report that was added, replaced or withdrawn by the event ``seq``.

    ``number`` is what its first figure counts, and ``about`` of whom, where and when; what the
    reporter does instead, if it has no figure. ``kind`` is that of the event, and "relay" for a
    report that was added and repeats another. ``replacing_link`` is the address of the report that
    replaces it; None if none does.
    """

    seq: int
    kind: str
    report_id: str
    reporter: str
    number: str
    about: str
    href: str
    replacing_link: str | None = None

    @property
    def text(self) -> str:
        """All of it in one line."""
        return f"{self.number}, {self.about}" if self.about else self.number


def make_report_changes(state: RecordState, changes: ReportChanges) -> list[ReportChange]:
    """Return a line for each of a few changes, the latest first."""
    rows = list(dict.fromkeys(changes.rows.tolist()))
    texts = _describe(state, rows)
    replacing = find_replacing_rows(state, rows)
    root = find_root()

    def link(row: int | None) -> str | None:
        return None if row is None else link_to_page(f"report/{state.get_report_id(row)}", {}, root)

    lines = [
        ReportChange(
            seq, name_kind(state, kind, row), state.get_report_id(row),
            state.reporters[state.reporter_ids[state.report_column("reporter")[row]]].name,
            *texts[row], link(row) or "", link(replacing.get(row)) if kind == REPLACED else None,
        )
        for seq, kind, row in zip(
            changes.seqs.tolist(), changes.kinds.tolist(), changes.rows.tolist(), strict=True
        )
    ]  # fmt: skip
    return lines[::-1]


def name_kind(state: RecordState, kind: int, row: int) -> str:
    """Return the name of the kind of change; "relay" for a report that repeats another."""
    is_relay = kind == ADDED and int(state.report_column("relays")[row]) != NONE
    return "relay" if is_relay else CHANGE_KINDS[kind]


def _describe(state: RecordState, rows: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return what each report says in words, a number and what it is about, by its row."""
    figure_rows = list_figure_rows(state, rows)
    texts: dict[int, tuple[str, str]] = {}
    for row in rows:
        own = figure_rows.get(row, [])
        if not own:
            texts[row] = plain_text(f"stance.{state.make_report(row).stance}"), ""
            continue
        (first,) = state.make_figures(own[:1])
        about = describe_scope(state, first.scope)
        if len(own) > 1:
            about = f"{about}; {plain_text('new.more_figures', count=len(own) - 1)}"
        texts[row] = describe_number(first), about
    return texts


def describe_number(figure: Figure) -> str:
    """Return what the figure counts: "at least 30 killed or wounded"."""
    quantity = figure.quantity
    low, high = (quantity.low, quantity.high) if figure.disclosed else (0, None)
    number = range_text(low, high)
    return f"{number} {outcomes_text(figure.scope.outcomes)}"


def describe_scope(state: RecordState, scope: Scope) -> str:
    """Return where, when and of whom: "Plekhovo, 14 December 2024, soldiers"."""
    groups = [each for each in scope.groups if each != ROOT_GROUP]
    parts = (
        labels.join_place_names(state, scope.places),
        labels.format_period(scope.period),
        labels.join_group_names(state, groups),
    )
    return ", ".join(each for each in parts if each)
