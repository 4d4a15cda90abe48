"""What a careful reader of one total would want to know, in codes and in plain sentences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.caveat_codes import CAVEAT_MEANINGS
from service.domain.figure import Figure, Scope
from service.domain.record_state import RecordState, ReportState
from service.domain.total import Total
from service.domain.trees import Tree, intervals_contained, intervals_overlap
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import format_count, join_words, range_text

MAX_NAMED: Final = 4
"""How many reporters a sentence names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One qualification of one total, with the figures, reports and reporters it rests on."""

    code: str
    outcomes: frozenset[str]
    text: str
    figures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaveatContext:
    """A total with all that its caveats depend on.

    ``relays`` are the figures that repeat others in the asked scope, ``silent_reports`` the live
    reports that give no number there, ``self_contradicting`` the figures in which reporters
    contradict themselves, and ``counted_figures`` all counted figures, those outside the asked
    scope too. ``outcomes_of`` tells a counted figure's outcomes, widened by the figures that
    reclassify its people.
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
    """Return every caveat that applies to the total, the widest first."""
    found = [*_find_shared(context), *_find_open_ends(context), *_find_withheld(context)]
    if context.total.is_reported:
        found += [*_find_contradictions(context), *_find_source_caveats(context)]
    return [*found, *_find_relays(context), *_carry_report_caveats(context)]


def _make_caveat(context: CaveatContext, code: str, text: str, figures: Iterable[Figure]) -> Caveat:
    figures = tuple(dict.fromkeys(figures))
    return Caveat(
        code,
        context.scope.outcomes,
        text,
        tuple(figure.id for figure in figures),
        tuple(dict.fromkeys(figure.report for figure in figures)),
        tuple(dict.fromkeys(figure.reporter for figure in figures)),
    )


def _format_counted_noun(figures: Sequence[object], singular: str, plural: str) -> str:
    """Return the number with its verb: "One figure covers", "3 figures cover"."""
    return f"One {singular}" if len(figures) == 1 else f"{format_count(len(figures))} {plural}"


def _find_shared(context: CaveatContext) -> Iterator[Caveat]:
    """Yield what counted figures share with parts that were not asked for."""
    scope = context.scope
    places = (
        context.place_tree.intervals(scope.places)
        if scope.places
        else context.place_tree.all_intervals()
    )
    groups = context.group_tree.intervals(scope.groups)

    def is_in_places(figure: Figure) -> bool:
        return intervals_contained(context.place_tree.intervals(figure.scope.places), places)

    checks = {
        "places": ("other places", is_in_places),
        "period": ("other days", lambda figure: figure.scope.period.is_within(scope.period)),
        "outcomes": (
            "other outcomes",
            lambda figure: context.outcomes_of(figure) <= scope.outcomes,
        ),
        "groups": (
            "other groups",
            lambda figure: intervals_contained(
                context.group_tree.intervals(figure.scope.groups), groups
            ),
        ),
    }
    for part, (words, is_inside) in checks.items():
        figures = [figure for figure in context.total.figures if not is_inside(figure)]
        if figures:
            who = _format_counted_noun(figures, "figure also covers", "figures also cover")
            whose = "Its people" if len(figures) == 1 else "Their people"
            text = f"{who} {words}. {whose} cannot be placed wholly within what was asked."
            yield _make_caveat(context, f"shared_{part}", text, figures)


def _find_open_ends(context: CaveatContext) -> Iterator[Caveat]:
    figures = context.total.figures
    if context.total.is_reported and context.total.high is None:
        unbounded = [figure for figure in figures if figure.quantity.high is None]
        known = "known" if context.total.exact else "known or could be worked out in the time"
        text = f"No ceiling is {known}: the number may be higher than any that was reported."
        yield _make_caveat(context, "open_above", text, unbounded)
    beginning = [figure for figure in figures if figure.scope.period.first is None]
    if beginning:
        who = _format_counted_noun(beginning, "figure is a total", "figures are totals")
        text = f"{who} so far and {_do_or_does(beginning)} not say from when on."
        yield _make_caveat(context, "beginning_not_stated", text, beginning)
    elsewhere = _find_incident_elsewhere(context)
    if elsewhere:
        text = "Figures of one incident speak of different places, days or groups and are added."
        yield _make_caveat(context, "same_incident_elsewhere", text, elsewhere)


def _do_or_does(figures: Sequence[object]) -> str:
    return "does" if len(figures) == 1 else "do"


def _find_incident_elsewhere(context: CaveatContext) -> list[Figure]:
    """Return the total's figures of an incident of which another speaks at another place or time.

    Figures that differ in their outcomes alone are added as a matter of course.
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
    """Whether two scopes have a place, a day and a group in common, outcomes aside."""
    return (
        one.period.overlaps(other.period)
        and intervals_overlap(
            context.place_tree.intervals(one.places), context.place_tree.intervals(other.places)
        )
        and intervals_overlap(
            context.group_tree.intervals(one.groups), context.group_tree.intervals(other.groups)
        )
    )


def _find_withheld(context: CaveatContext) -> Iterator[Caveat]:
    """Yield who gave no number: a silence is told, and never read as a zero."""
    by_stance: dict[str, list[ReportState]] = {}
    for report in context.silent_reports:
        by_stance.setdefault(report.stance, []).append(report)
    without_number = [figure for figure in context.total.figures if not figure.disclosed]
    acknowledging = by_stance.get("acknowledges", [])
    if without_number or acknowledging:
        who = _join_reporter_names(
            context, [f.reporter for f in without_number] + [s.reporter for s in acknowledging]
        )
        text = f"Losses are acknowledged without a number by {who}."
        yield _make_report_caveat(context, "undisclosed", text, acknowledging, without_number)
    for stance, code, words in (
        ("does_not_acknowledge", "not_acknowledged", "Not acknowledged by"),
        ("declines_to_say", "declined", "No number was given when asked by"),
    ):
        reports = by_stance.get(stance, [])
        if reports:
            who = _join_reporter_names(context, [statement.reporter for statement in reports])
            text = f"{words} {who}. That is not a zero."
            yield _make_report_caveat(context, code, text, reports, ())


def _make_report_caveat(
    context: CaveatContext,
    code: str,
    text: str,
    reports: Sequence[ReportState],
    figures: Sequence[Figure],
) -> Caveat:
    report_ids = [figure.report for figure in figures] + [report.id for report in reports]
    reporter_ids = [f.reporter for f in figures] + [s.reporter for s in reports]
    return Caveat(
        code,
        context.scope.outcomes,
        text,
        tuple(figure.id for figure in figures),
        tuple(dict.fromkeys(report_ids)),
        tuple(dict.fromkeys(reporter_ids)),
    )


def _join_reporter_names(context: CaveatContext, reporter_ids: Iterable[str]) -> str:
    """Return the reporters by name as a list, the first few if they are many."""
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
    if context.relays:
        report_ids = list(dict.fromkeys(figure.report for figure in context.relays))
        who = _format_counted_noun(report_ids, "report repeats", "reports repeat")
        text = f"{who} what others said and {_add_or_adds(report_ids)} nothing to the number."
        yield _make_caveat(context, "relayed", text, context.relays)


def _add_or_adds(reports: Sequence[object]) -> str:
    return "adds" if len(reports) == 1 else "add"


_REPORT_CAVEAT_WORDS: Final = {
    "preliminary": "Called preliminary by",
    "not_independently_verified": "Not independently verified: the figures of",
}
"""Words for the reports' own caveats that are codes; any other caveat speaks for itself."""


def _carry_report_caveats(context: CaveatContext) -> Iterator[Caveat]:
    """Yield what the reports themselves say against their figures."""
    figures_by_caveat: dict[str, list[Figure]] = {}
    for figure in context.total.figures:
        for caveat in context.state.reports[figure.report].caveats:
            figures_by_caveat.setdefault(caveat, []).append(figure)
    for caveat, figures in figures_by_caveat.items():
        who = _join_reporter_names(context, [figure.reporter for figure in figures])
        words = _REPORT_CAVEAT_WORDS.get(caveat)
        text = f"{words} {who}." if words else f"{isolate_bidi(caveat)} ({who})"
        # A report cannot speak with the service's own voice.
        code = f"own:{caveat}" if caveat in CAVEAT_MEANINGS else caveat
        yield _make_caveat(context, code, text, figures)
