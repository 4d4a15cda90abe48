"""Caveats: what qualifies a total, as codes and as English sentences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.caveat_codes import CAVEAT_MEANINGS
from service.domain.figure import Figure, Scope
from service.domain.record_state import RecordState, ReportState
from service.domain.total import Total
from service.domain.trees import Tree
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import format_count, join_words, range_text

MAX_NAMED: Final = 4
"""How many reporters a sentence names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One qualification of one total, with the figures, reports and reporters behind it."""

    code: str
    outcomes: frozenset[str]
    text: str
    figures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaveatContext:
    """A total with everything that its caveats depend on.

    ``relays`` are the figures in the scope that repeat others. ``silent_reports`` are the live
    reports in the scope that give no number. ``self_contradicting`` are figures that contradict
    others of the same reporter. ``counted_figures`` are all counted figures, also those outside the
    scope. ``outcomes_of`` returns the outcomes of a counted figure, including those of the figures
    that reclassify its people.
    """

    scope: Scope
    total: Total
    state: RecordState
    place_tree: Tree
    group_tree: Tree
    relays: Sequence[Figure]
    silent_reports: Sequence[ReportState]
    self_contradicting: Sequence[Figure]
    counted_figures: Sequence[Figure]
    outcomes_of: Callable[[Figure], frozenset[str]]


def find_caveats(context: CaveatContext) -> list[Caveat]:
    """Return every caveat of the total, the most general first."""
    caveats = [*_find_shared(context), *_find_open_ends(context), *_find_withheld(context)]
    if context.total.is_reported:
        caveats += [*_find_contradictions(context), *_find_source_caveats(context)]
    return [*caveats, *_find_relays(context), *_find_report_caveats(context)]


def _make_caveat(
    context: CaveatContext,
    code: str,
    text: str,
    figures: Iterable[Figure],
    reports: Iterable[ReportState] = (),
) -> Caveat:
    """Return the caveat that rests on the figures and on reports without figures."""
    figures, reports = tuple(dict.fromkeys(figures)), tuple(reports)
    report_ids = [figure.report for figure in figures] + [report.id for report in reports]
    reporter_ids = [figure.reporter for figure in figures] + [report.reporter for report in reports]
    return Caveat(
        code,
        context.scope.outcomes,
        text,
        tuple(figure.id for figure in figures),
        tuple(dict.fromkeys(report_ids)),
        tuple(dict.fromkeys(reporter_ids)),
    )


def _agree(items: Sequence[object], singular: str, plural: str) -> str:
    """Return the form that agrees with the number of items."""
    return singular if len(items) == 1 else plural


def _format_counted_noun(figures: Sequence[object], singular: str, plural: str) -> str:
    """Return the number with noun and verb: "One figure covers", "3 figures cover"."""
    return f"One {singular}" if len(figures) == 1 else f"{format_count(len(figures))} {plural}"


def _find_shared(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on counted figures that also cover people outside the scope."""
    scope = context.scope
    places = context.place_tree.select(scope.places)
    groups = context.group_tree.select(scope.groups)

    def is_in_places(figure: Figure) -> bool:
        return context.place_tree.select(figure.scope.places).is_within(places)

    checks = {
        "places": ("other places", is_in_places),
        "period": ("other days", lambda figure: figure.scope.period.is_within(scope.period)),
        "outcomes": (
            "other outcomes",
            lambda figure: context.outcomes_of(figure) <= scope.outcomes,
        ),
        "groups": (
            "other groups",
            lambda figure: context.group_tree.select(figure.scope.groups).is_within(groups),
        ),
    }
    for part, (words, is_inside) in checks.items():
        figures = [figure for figure in context.total.figures if not is_inside(figure)]
        if figures:
            who = _format_counted_noun(figures, "figure also covers", "figures also cover")
            whose = _agree(figures, "Its people", "Their people")
            text = f"{who} {words}. {whose} cannot be placed wholly within what was asked."
            yield _make_caveat(context, f"shared_{part}", text, figures)


def _find_open_ends(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on missing highs, open beginnings and incidents that are added."""
    figures = context.total.figures
    if context.total.is_reported and context.total.high is None:
        unbounded = [figure for figure in figures if figure.quantity.high is None]
        known = "known" if context.total.exact else "known or could be worked out in the time"
        text = f"No ceiling is {known}: the number may be higher than any that was reported."
        yield _make_caveat(context, "open_above", text, unbounded)
    beginning = [figure for figure in figures if figure.scope.period.first is None]
    if beginning:
        who = _format_counted_noun(beginning, "figure is a total", "figures are totals")
        text = f"{who} so far and {_agree(beginning, 'does', 'do')} not say from when on."
        yield _make_caveat(context, "beginning_not_stated", text, beginning)
    elsewhere = _find_incident_elsewhere(context)
    if elsewhere:
        text = "Figures of one incident speak of different places, days or groups and are added."
        yield _make_caveat(context, "same_incident_elsewhere", text, elsewhere)


def _find_incident_elsewhere(context: CaveatContext) -> list[Figure]:
    """Return the total's figures whose incident has a figure for another place, day or group.

    Figures that differ only in their outcomes are always added and need no caveat.
    """
    incidents = {figure.scope.incident for figure in context.total.figures} - {None}
    siblings: dict[str | None, list[Figure]] = {}
    for figure in context.counted_figures if incidents else ():
        if figure.scope.incident in incidents:
            siblings.setdefault(figure.scope.incident, []).append(figure)
    return [
        figure
        for figure in context.total.figures
        if any(
            not _scopes_overlap(context, figure.scope, other.scope)
            for other in siblings.get(figure.scope.incident, ())
        )
    ]


def _scopes_overlap(context: CaveatContext, one: Scope, other: Scope) -> bool:
    """Whether two scopes have a place, a day and a group in common; outcomes are ignored."""
    return (
        one.period.overlaps(other.period)
        and context.place_tree.select(one.places).overlaps(context.place_tree.select(other.places))
        and context.group_tree.select(one.groups).overlaps(context.group_tree.select(other.groups))
    )


def _find_withheld(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on reporters who gave no number; silence is never counted as zero."""
    by_stance: dict[str, list[ReportState]] = {}
    for report in context.silent_reports:
        by_stance.setdefault(report.stance, []).append(report)
    without_number = [figure for figure in context.total.figures if not figure.disclosed]
    acknowledging = by_stance.get("acknowledges", [])
    if without_number or acknowledging:
        reporter_ids = [figure.reporter for figure in without_number]
        reporter_ids += [report.reporter for report in acknowledging]
        who = _join_reporter_names(context, reporter_ids)
        text = f"Losses are acknowledged without a number by {who}."
        yield _make_caveat(context, "undisclosed", text, without_number, acknowledging)
    for stance, code, words in (
        ("does_not_acknowledge", "not_acknowledged", "Not acknowledged by"),
        ("declines_to_say", "declined", "No number was given when asked by"),
    ):
        reports = by_stance.get(stance, [])
        if reports:
            who = _join_reporter_names(context, [report.reporter for report in reports])
            text = f"{words} {who}. That is not a zero."
            yield _make_caveat(context, code, text, (), reports)


def _join_reporter_names(context: CaveatContext, reporter_ids: Iterable[str]) -> str:
    """Return the reporters' names as a list; only the first ones if there are many."""
    distinct = dict.fromkeys(reporter_ids)
    names = [
        context.state.reporters[reporter_id].name
        if reporter_id in context.state.reporters
        else reporter_id
        for reporter_id in distinct
    ]
    if len(names) > MAX_NAMED:
        rest = len(names) - MAX_NAMED + 1
        names = [*names[: MAX_NAMED - 1], f"{format_count(rest)} others"]
    return join_words(names)


def _find_contradictions(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on disputes, soft ends and totals that are not exact."""
    total = context.total
    if total.is_disputed:
        sides = [_describe_side(context, total.lows_set_aside, "low")]
        sides.append(_describe_side(context, total.highs_set_aside, "high"))
        description = "; ".join(side for side in sides if side)
        text = f"Reports contradict each other: {description}. None of them is preferred."
        both = (*total.lows_set_aside, *total.highs_set_aside)
        yield _make_caveat(context, "disputed", text, both)
    if context.self_contradicting:
        who = _join_reporter_names(
            context, [figure.reporter for figure in context.self_contradicting]
        )
        text = f"Figures of {who} contradict each other, and none was said to replace the other."
        yield _make_caveat(context, "same_reporter_conflict", text, context.self_contradicting)
    soft_figures = total.soft_figures()
    if soft_figures:
        text = "A bound rests on words such as “about” or “dozens”, read by convention."
        yield _make_caveat(context, "approximate", text, soft_figures)
    if not total.exact:
        text = "The range may be wider than what the reports allow; it is never narrower."
        yield _make_caveat(context, "not_exact", text, ())


def _describe_side(context: CaveatContext, figures: Sequence[Figure], end: str) -> str:
    """Return one side of a dispute, such as "at least 40 by A" or "at most 0 by B"."""
    words = []
    for figure in figures[:MAX_NAMED]:
        if end == "low":
            range_words = range_text(figure.quantity.low, None)
        else:
            range_words = f"at most {format_count(figure.quantity.high or 0)}"
        words.append(f"{range_words} by {_join_reporter_names(context, [figure.reporter])}")
    if len(figures) > MAX_NAMED:
        words.append(f"{format_count(len(figures) - MAX_NAMED)} more")
    return ", ".join(words)


def _find_source_caveats(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on totals that come from one reporter or from parties only."""
    figures = context.total.figures
    reporter_ids = list(dict.fromkeys(figure.reporter for figure in figures))
    who = _join_reporter_names(context, reporter_ids)
    if all(context.state.reporters[reporter_id].party for reporter_id in reporter_ids):
        text = f"Every figure counted comes from a party to the conflict: {who}."
        yield _make_caveat(context, "party_to_conflict", text, figures)
    if len(reporter_ids) == 1:
        text = f"Every figure counted comes from one reporter, {who}."
        yield _make_caveat(context, "single_reporter", text, figures)


def _find_relays(context: CaveatContext) -> Iterator[Caveat]:
    """Yield the caveat on reports that repeat others and are not counted."""
    if context.relays:
        report_ids = list(dict.fromkeys(figure.report for figure in context.relays))
        who = _format_counted_noun(report_ids, "report repeats", "reports repeat")
        text = (
            f"{who} what others said and {_agree(report_ids, 'adds', 'add')} nothing to the number."
        )
        yield _make_caveat(context, "relayed", text, context.relays)


_REPORT_CAVEAT_WORDS: Final = {
    "preliminary": "Called preliminary by",
    "not_independently_verified": "Not independently verified: the figures of",
}
"""The words for reports' own caveats that are codes; any other caveat is quoted as it is."""


def _find_report_caveats(context: CaveatContext) -> Iterator[Caveat]:
    """Yield the caveats that reports give about their own figures."""
    figures_by_caveat: dict[str, list[Figure]] = {}
    for figure in context.total.figures:
        for caveat in context.state.reports[figure.report].caveats:
            figures_by_caveat.setdefault(caveat, []).append(figure)
    for caveat, figures in figures_by_caveat.items():
        who = _join_reporter_names(context, [figure.reporter for figure in figures])
        words = _REPORT_CAVEAT_WORDS.get(caveat)
        text = f"{words} {who}." if words else f"{isolate_bidi(caveat)} ({who})"
        # A report's own caveat must not look like one of the service.
        code = f"own:{caveat}" if caveat in CAVEAT_MEANINGS else caveat
        yield _make_caveat(context, code, text, figures)
