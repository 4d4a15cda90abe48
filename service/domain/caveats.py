"""Caveats: what qualifies a total, as codes and as English sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from service.domain.caveat_codes import CAVEAT_MEANINGS
from service.domain.entities import Place, Reporter
from service.domain.figure import Figure, Scope
from service.domain.figure_set import FigureSet, ScopePart
from service.domain.reach import Reach
from service.domain.report_state import ReportState
from service.domain.term_list import (
    ListedTerms,
    TermList,
    find_soft_figures,
    join_lists,
    list_both_terms,
    list_terms,
)
from service.domain.total import End, Total
from service.domain.trees import Tree
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import (
    format_count,
    join_words,
    outcomes_text,
    range_text,
)

MAX_NAMED: Final = 4
"""How many reporters a sentence names before it counts the rest."""

MAX_LISTED: Final = 100
"""How many ids of each kind a caveat lists."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One qualification of one total, with the figures, reports and reporters behind it.

    The ids are the first MAX_LISTED; the counts are of all. ``is_all`` is None except for
    ``party_to_conflict``: whether every counted figure is such.
    """

    code: str
    outcomes: frozenset[str]
    text: str
    figures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    figure_count: int = 0
    report_count: int = 0
    reporter_count: int = 0
    is_all: bool | None = None


@dataclass(frozen=True, slots=True)
class CaveatContext:
    """A total with everything that its caveats depend on.

    ``figures`` are the counted figures that overlap the scope, ``reach`` is what they cover of it,
    and ``placed`` the total of only those that are wholly inside its places, period and groups.
    ``relays`` are the figures in the scope that repeat others. ``silent_reports`` are the live
    reports in the scope that give no number. ``self_contradicting`` are figures that contradict
    others of the same reporter. ``elsewhere`` are those whose incident another reporter puts at
    other places or days.
    """

    scope: Scope
    total: Total
    figures: FigureSet
    placed: Total
    reach: Reach
    places: Mapping[str, Place]
    reporters: Mapping[str, Reporter]
    place_tree: Tree
    relays: FigureSet
    silent_reports: Sequence[ReportState]
    self_contradicting: Sequence[Figure]
    elsewhere: Sequence[Figure]


def find_caveats(context: CaveatContext) -> list[Caveat]:
    """Return every caveat of the total, the most general first."""
    caveats = [
        *_find_shared(context),
        *_find_unsaid(context),
        *_find_open_ends(context),
        *_find_withheld(context),
    ]
    if context.total.is_reported:
        caveats += [*_find_contradictions(context), *_find_source_caveats(context)]
    return [*caveats, *_find_relays(context), *_find_report_caveats(context)]


def _make_caveat(
    context: CaveatContext,
    code: str,
    text: str,
    figures: Iterable[Figure],
    reports: Iterable[ReportState] = (),
    is_all: bool | None = None,
) -> Caveat:
    """Return the caveat that rests on the figures and on reports without figures."""
    if isinstance(figures, FigureSet):
        figure_ids: Sequence[str] = [figure.id for figure in figures[:MAX_LISTED]]
        report_ids, reporters = figures.list_reports(MAX_LISTED), list(figures.count_by_reporter())
        figure_count, report_count = len(figures), figures.count_reports()
    else:
        distinct = list(dict.fromkeys(figures))
        figure_ids, figure_count = [figure.id for figure in distinct], len(distinct)
        report_ids = list(dict.fromkeys(figure.report for figure in distinct))
        reporters, report_count = [figure.reporter for figure in distinct], len(report_ids)
    silent = tuple(reports)
    report_ids = [*report_ids, *(report.id for report in silent)]
    reporters = list(dict.fromkeys([*reporters, *(report.reporter for report in silent)]))
    return Caveat(
        code,
        context.scope.outcomes,
        text,
        tuple(figure_ids[:MAX_LISTED]),
        tuple(report_ids[:MAX_LISTED]),
        tuple(reporters[:MAX_LISTED]),
        figure_count,
        report_count + len(silent),
        len(reporters),
        is_all,
    )


def _agree(items: Sequence[object], singular: str, plural: str) -> str:
    """Return the form that agrees with the number of items."""
    return singular if len(items) == 1 else plural


def _format_counted_noun(figures: Sequence[object], singular: str, plural: str) -> str:
    """Return the number with noun and verb: "One figure covers", "3 figures cover"."""
    return f"One {singular}" if len(figures) == 1 else f"{format_count(len(figures))} {plural}"


def _find_shared(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on counted figures that also cover people outside the scope.

    There are none if the figures that are wholly inside give the same range alone.
    """
    total, placed = context.total, context.placed
    if (total.low, total.high) == (placed.low, placed.high):
        return
    for part, words in _SHARED_WORDS.items():
        figures = context.figures.select_beyond(context.scope, part)
        if figures:
            who = _format_counted_noun(figures, "figure also covers", "figures also cover")
            whose = _agree(figures, "Its people", "Their people")
            text = f"{who} {words}. {whose} cannot be placed wholly within what was asked."
            yield _make_caveat(context, f"shared_{part}", text, figures)


_SHARED_WORDS: Final[Mapping[ScopePart, str]] = {
    "places": "other places",
    "period": "other days",
    "outcomes": "other outcomes",
    "groups": "other groups",
}


def _find_unsaid(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on what no figure says itself, and on what no figure covers."""
    figures = context.figures
    if figures and not figures.has_inside(context.scope):
        text = (
            "No figure is about exactly these people or a part of them. The number follows from "
            "figures about wider or other people."
        )
        yield _make_caveat(
            context, "follows", text, list_both_terms(context.total).figures or figures
        )
    steps = join_lists(
        [terms.select_steps(context.place_tree) for _, _, terms in _list_ends(context.total)]
    )
    if steps:
        text = (
            "A bound is the difference of totals that begin together and end on different days. It"
            " is what was added to the count in between, which may include people hurt earlier."
        )
        yield _make_caveat(context, "running_total_step", text, steps.figures)
    unreached = _describe_unreached(context)
    if unreached:
        text = f"Only a part of what was asked was reported. Nothing was reported {unreached}."
        yield _make_caveat(context, "partly_reported", text, figures)
    elif context.reach.is_zero_elsewhere:
        text = "The reported zero is about a part of the people asked about, not about all of them."
        yield _make_caveat(context, "partly_reported", text, figures)


def _describe_unreached(context: CaveatContext) -> str:
    """Return what no figure covers, "" if nothing: "of wounded; on 3 of 31 days (...)"."""
    reach = context.reach
    parts = []
    if reach.silent_outcomes:
        parts.append(f"of {outcomes_text(reach.silent_outcomes)}")
    if reach.silent_places:
        count = f"{format_count(len(reach.silent_places))} of {format_count(reach.place_count)}"
        names = _join_names(context.places, reach.silent_places)
        parts.append(f"in {count} places ({names})" if reach.place_count > 1 else f"in {names}")
    if reach.silent_days:
        count = f"{format_count(reach.silent_day_count)} of {format_count(reach.day_count)}"
        runs = [
            first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
            for first, last in reach.silent_days
        ]
        parts.append(f"on {count} days ({_join_first(runs)})")
    return "; ".join(parts)


def _join_first(words: Sequence[str]) -> str:
    """Return the words as a list; only the first ones and a number if there are many."""
    if len(words) > MAX_NAMED:
        rest = len(words) - MAX_NAMED + 1
        words = [*words[: MAX_NAMED - 1], f"{format_count(rest)} others"]
    return join_words(words)


def _join_names(entities: Mapping[str, Any], ids: Iterable[str]) -> str:
    """Return the names of places or reporters as a list, each isolated; the first if many."""
    return _join_first(
        [
            isolate_bidi(entities[each].name if each in entities else each)
            for each in dict.fromkeys(ids)
        ]
    )


def _find_open_ends(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on missing highs, open beginnings and incidents that are also elsewhere."""
    if context.total.is_reported and context.total.high is None:
        opening = context.total.opening
        known = "known" if context.total.exact else "known or could be worked out in the time"
        text = f"No ceiling is {known}: the number may be higher than any that was reported."
        if opening:
            who = _format_counted_noun(opening, "figure without one is", "figures without one are")
            text = f"{text} {who} by {_join_reporters_of(context, opening)}."
        yield _make_caveat(context, "open_above", text, opening)
    beginning = context.figures.select_without_beginning()
    if beginning:
        who = _format_counted_noun(beginning, "figure is a total", "figures are totals")
        text = f"{who} so far and {_agree(beginning, 'does', 'do')} not say from when on."
        yield _make_caveat(context, "beginning_not_stated", text, beginning)
    if context.elsewhere:
        who = _join_reporters_of(context, context.elsewhere)
        text = (
            f"Different reporters put one incident at places or days that do not meet: {who}. It "
            "may be one event told twice or two parts of it."
        )
        yield _make_caveat(context, "same_incident_elsewhere", text, context.elsewhere)


def _find_withheld(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on reporters who gave no number; silence is never counted as zero."""
    by_stance: dict[str, list[ReportState]] = {}
    for report in context.silent_reports:
        by_stance.setdefault(report.stance, []).append(report)
    without_number = context.figures.select_undisclosed()
    acknowledging = by_stance.get("acknowledges", [])
    if without_number or acknowledging:
        reporter_ids = [*without_number.count_by_reporter()]
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
    return _join_names(context.reporters, reporter_ids)


def _join_reporters_of(context: CaveatContext, figures: Iterable[Figure]) -> str:
    """Return the names of the reporters of the figures, in the order of their first ones."""
    if isinstance(figures, FigureSet):
        return _join_reporter_names(context, figures.count_by_reporter())
    return _join_reporter_names(context, [figure.reporter for figure in figures])


def _find_contradictions(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on disputes, soft ends and totals that are not exact."""
    total = context.total
    if total.is_disputed:
        sides = [_describe_side(context, total.lows_set_aside, "low")]
        sides.append(_describe_side(context, total.highs_set_aside, "high"))
        description = "; ".join(side for side in sides if side)
        amount = ""
        if total.contradiction is not None:
            noun = "person" if total.contradiction == 1 else "people"
            amount = f" by {format_count(total.contradiction)} {noun}"
        text = f"Reports contradict each other{amount}: {description}. None of them is preferred."
        if not description:
            text = (
                "Reports that meet here may contradict each other; there was not enough time to "
                "find out whether that changes this number."
            )
        both = (*total.lows_set_aside, *total.highs_set_aside)
        yield _make_caveat(context, "disputed", text, both)
    if context.self_contradicting:
        who = _join_reporters_of(context, context.self_contradicting)
        text = f"Figures of {who} contradict each other, and none was said to replace the other."
        yield _make_caveat(context, "same_reporter_conflict", text, context.self_contradicting)
    soft_figures = find_soft_figures(total)
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
        who = _join_reporter_names(context, [figure.reporter])
        words.append(f"{range_words} by {who} ({_describe_where(context, figure)})")
    if len(figures) > MAX_NAMED:
        words.append(f"{format_count(len(figures) - MAX_NAMED)} more")
    return ", ".join(words)


def _describe_where(context: CaveatContext, figure: Figure) -> str:
    """Return the places and days of a figure: "Village, 2024-12-14"."""
    period = figure.scope.period
    last = "" if period.last is None else period.last.isoformat()
    if period.first is None:
        days = f"until {last}"
    elif period.first == period.last:
        days = last
    else:
        days = f"{period.first.isoformat()} to {last}"
    return f"{_join_names(context.places, figure.scope.places)}, {days}"


def _find_source_caveats(context: CaveatContext) -> Iterator[Caveat]:
    """Yield caveats on ends that come from one reporter or from parties to the conflict."""
    yield from _find_party(context)
    reporter_ids = list(context.figures.count_by_reporter())
    if len(reporter_ids) == 1:
        who = _join_reporter_names(context, reporter_ids)
        text = f"Every figure counted comes from one reporter, {who}."
        yield _make_caveat(context, "single_reporter", text, context.figures)
        return
    sentences = []
    stated: TermList = ListedTerms(())
    for end, people, terms in _list_ends(context.total):
        reporters = terms.list_backers(context.figures) if people is not None else frozenset()
        if len(reporters) == 1:
            who = _join_reporter_names(context, reporters)
            sentences.append(f"Every figure that makes the {end} comes from one reporter, {who}.")
            stated = stated.join(terms)
    if sentences:
        yield _make_caveat(context, "single_reporter", " ".join(sentences), stated.figures)


def _list_ends(total: Total) -> list[tuple[End, int | None, TermList]]:
    """Return the ends of a total with their people and the terms of their proofs."""
    return [
        ("low", total.low, list_terms(total, "low")),
        ("high", total.high, list_terms(total, "high")),
    ]


def _find_party(context: CaveatContext) -> Iterator[Caveat]:
    """Yield the caveat on the share of each end that only parties to the conflict report."""
    figures, reporters = context.figures, context.reporters
    parties = {each.id for each in reporters.values() if each.party}
    is_all = parties.issuperset(figures.count_by_reporter())
    found: TermList = ListedTerms(())
    shares = []
    for end, people, terms in _list_ends(context.total):
        if people is None:
            continue
        party_terms = terms.select_backed_by(parties, figures)
        if not party_terms:
            continue
        found = found.join(party_terms)
        share = round_share(party_terms.add_people(), people)
        if share:
            shares.append(f"{format_count(share)} of the {format_count(people)} ({end})")
        elif not people:
            shares.append(f"the {end} of 0")
    if not (is_all or found):
        return
    chosen: Sequence[Figure] = figures if is_all else found.figures
    who = _join_reporters_of(context, chosen)
    if is_all:
        text = f"Every figure counted comes from a party to the conflict: {who}."
    elif shares:
        text = f"Resting on figures of a party to the conflict, {who}: {join_words(shares)}."
    else:
        text = f"A bound depends on figures of a party to the conflict: {who}."
    yield _make_caveat(context, "party_to_conflict", text, chosen, is_all=is_all)


def round_share(people: Fraction, all_people: int) -> int:
    """Return how many people of an end some of its terms add, from 0 to all of them.

    Fractions of people are rounded to the nearest whole.
    """
    return min(max(round(people), 0), all_people)


def _find_relays(context: CaveatContext) -> Iterator[Caveat]:
    """Yield the caveat on reports that repeat others and are not counted."""
    if context.relays:
        count = range(context.relays.count_reports())
        who = _format_counted_noun(count, "report repeats", "reports repeat")
        text = f"{who} what others said and {_agree(count, 'adds', 'add')} nothing to the number."
        yield _make_caveat(context, "relayed", text, context.relays)


_REPORT_CAVEAT_WORDS: Final = {
    "preliminary": "Called preliminary by",
    "not_independently_verified": "Not independently verified: the figures of",
}
"""The words for reports' own caveats that are codes; any other caveat is quoted as it is."""


MAX_REPORT_CAVEATS: Final = 20
"""How many different caveats of reports a total lists; one more caveat states the others."""


def _find_report_caveats(context: CaveatContext) -> Iterator[Caveat]:
    """Yield the caveats that reports give about their own figures.

    The known codes come first, then those of the most figures, then in alphabetical order. Above
    MAX_REPORT_CAVEATS the others are one caveat with all of their figures.
    """
    figures_by_caveat = context.figures.group_by_report_caveat()
    known_codes = [code for code in _REPORT_CAVEAT_WORDS if code in figures_by_caveat]
    free_texts = figures_by_caveat.keys() - set(known_codes)
    ordered = [
        *known_codes,
        *sorted(free_texts, key=lambda text: (-len(figures_by_caveat[text]), text)),
    ]
    others = ordered[MAX_REPORT_CAVEATS:]
    for caveat in ordered[:MAX_REPORT_CAVEATS]:
        figures = figures_by_caveat[caveat]
        who = _join_reporters_of(context, figures)
        words = _REPORT_CAVEAT_WORDS.get(caveat)
        text = f"{words} {who}." if words else f"{isolate_bidi(caveat)} ({who})"
        # A report's own caveat must not look like one of the service.
        code = f"own:{caveat}" if caveat in CAVEAT_MEANINGS else caveat
        yield _make_caveat(context, code, text, figures)
    if others:
        stated = list(
            dict.fromkeys(figure for caveat in others for figure in figures_by_caveat[caveat])
        )
        who = _agree(stated, "The report of one figure states", "")
        who = who or f"The reports of {format_count(len(stated))} figures state"
        noun = _agree(others, "caveat", "caveats")
        text = f"{who} {format_count(len(others))} more {noun}."
        yield _make_caveat(context, "more_report_caveats", text, stated)
