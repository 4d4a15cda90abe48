"""What a careful reader of one total would want to know, in codes and in plain sentences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.caveat_codes import CAVEATS
from service.domain.figure import Figure, Scope
from service.domain.record_state import Claims, Statement
from service.domain.total import Total
from service.domain.trees import Tree, meet, within
from service.domain.wording.range_text import isolated, listed, number, range_text

MOST_NAMED: Final = 4
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
class Evidence:
    """A total with all that its caveats depend on.

    ``relays`` are the figures that repeat others in the asked scope, ``silent`` the live reports
    that give no number there, ``divided`` the figures in which reporters contradict themselves,
    and ``counted`` all counted figures, those outside the asked scope too. ``outcomes`` tells a
    counted figure's outcomes, widened by the figures that reclassify its people.
    """

    asked: Scope
    total: Total
    claims: Claims
    places: Tree
    groups: Tree
    relays: Sequence[Figure]
    silent: Sequence[Statement]
    divided: Sequence[Figure]
    counted: Sequence[Figure]
    outcomes: Callable[[Figure], frozenset[str]]


def caveats(of: Evidence) -> list[Caveat]:
    """Return every caveat that applies to the total, the widest first."""
    found = [*_shared(of), *_open_ends(of), *_withheld(of)]
    if of.total.reported:
        found += [*_contested(of), *_sources(of)]
    return [*found, *_relayed(of), *_own(of)]


def _caveat(of: Evidence, code: str, text: str, figures: Iterable[Figure]) -> Caveat:
    figures = tuple(dict.fromkeys(figures))
    return Caveat(
        code,
        of.asked.outcomes,
        text,
        tuple(figure.id for figure in figures),
        tuple(dict.fromkeys(figure.report for figure in figures)),
        tuple(dict.fromkeys(figure.reporter for figure in figures)),
    )


def _count(figures: Sequence[object], singular: str, plural: str) -> str:
    """Return the number with its verb: "One figure covers", "3 figures cover"."""
    return f"One {singular}" if len(figures) == 1 else f"{number(len(figures))} {plural}"


def _shared(of: Evidence) -> Iterator[Caveat]:
    """Yield what counted figures share with parts that were not asked for."""
    asked = of.asked
    places = of.places.spans(asked.places) if asked.places else of.places.whole()
    groups = of.groups.spans(asked.groups)

    def placed(figure: Figure) -> bool:
        return within(of.places.spans(figure.scope.places), places)

    tests = {
        "places": ("other places", placed),
        "period": ("other days", lambda figure: figure.scope.period.within(asked.period)),
        "outcomes": ("other outcomes", lambda figure: of.outcomes(figure) <= asked.outcomes),
        "groups": (
            "other groups",
            lambda figure: within(of.groups.spans(figure.scope.groups), groups),
        ),
    }
    for part, (words, inside) in tests.items():
        figures = [figure for figure in of.total.figures if not inside(figure)]
        if figures:
            who = _count(figures, "figure also covers", "figures also cover")
            whose = "Its people" if len(figures) == 1 else "Their people"
            text = f"{who} {words}. {whose} cannot be placed wholly within what was asked."
            yield _caveat(of, f"shared_{part}", text, figures)


def _open_ends(of: Evidence) -> Iterator[Caveat]:
    figures = of.total.figures
    if of.total.reported and of.total.high is None:
        without = [figure for figure in figures if figure.quantity.high is None]
        known = "known" if of.total.exact else "known or could be worked out in the time"
        text = f"No ceiling is {known}: the number may be higher than any that was reported."
        yield _caveat(of, "open_above", text, without)
    beginning = [figure for figure in figures if figure.scope.period.first is None]
    if beginning:
        who = _count(beginning, "figure is a total", "figures are totals")
        text = f"{who} so far and {_does(beginning)} not say from when on."
        yield _caveat(of, "beginning_not_stated", text, beginning)
    elsewhere = _elsewhere(of)
    if elsewhere:
        text = "Figures of one incident speak of different places, days or groups and are added."
        yield _caveat(of, "same_incident_elsewhere", text, elsewhere)


def _does(figures: Sequence[object]) -> str:
    return "does" if len(figures) == 1 else "do"


def _elsewhere(of: Evidence) -> list[Figure]:
    """Return the total's figures of an incident of which another speaks at another place or time.

    Figures that differ in their outcomes alone are added as a matter of course.
    """
    incidents = {figure.scope.incident for figure in of.total.figures} - {None}
    siblings: dict[str | None, list[Figure]] = {}
    for figure in of.counted if incidents else ():
        if figure.scope.incident in incidents:
            siblings.setdefault(figure.scope.incident, []).append(figure)
    return [
        figure
        for figure in of.total.figures
        if any(
            not _meet_anywhere(of, figure.scope, other.scope)
            for other in siblings.get(figure.scope.incident, ())
        )
    ]


def _meet_anywhere(of: Evidence, one: Scope, other: Scope) -> bool:
    """Whether two scopes have a place, a day and a group in common, outcomes aside."""
    return (
        one.period.meets(other.period)
        and meet(of.places.spans(one.places), of.places.spans(other.places))
        and meet(of.groups.spans(one.groups), of.groups.spans(other.groups))
    )


def _withheld(of: Evidence) -> Iterator[Caveat]:
    """Yield who gave no number: a silence is told, and never read as a zero."""
    by_stance: dict[str, list[Statement]] = {}
    for statement in of.silent:
        by_stance.setdefault(statement.stance, []).append(statement)
    wordless = [figure for figure in of.total.figures if not figure.disclosed]
    acknowledging = by_stance.get("acknowledges", [])
    if wordless or acknowledging:
        who = _named(of, [f.reporter for f in wordless] + [s.reporter for s in acknowledging])
        text = f"Losses are acknowledged without a number by {who}."
        yield _of_statements(of, "undisclosed", text, acknowledging, wordless)
    for stance, code, words in (
        ("does_not_acknowledge", "not_acknowledged", "Not acknowledged by"),
        ("declines_to_say", "declined", "No number was given when asked by"),
    ):
        statements = by_stance.get(stance, [])
        if statements:
            who = _named(of, [statement.reporter for statement in statements])
            text = f"{words} {who}. That is not a zero."
            yield _of_statements(of, code, text, statements, ())


def _of_statements(
    of: Evidence, code: str, text: str, statements: Sequence[Statement], figures: Sequence[Figure]
) -> Caveat:
    reports = [figure.report for figure in figures] + [statement.id for statement in statements]
    reporters = [f.reporter for f in figures] + [s.reporter for s in statements]
    return Caveat(
        code,
        of.asked.outcomes,
        text,
        tuple(figure.id for figure in figures),
        tuple(dict.fromkeys(reports)),
        tuple(dict.fromkeys(reporters)),
    )


def _named(of: Evidence, reporters: Iterable[str]) -> str:
    """Return the reporters by name as a list, the first few if they are many."""
    distinct = dict.fromkeys(reporters)
    names = [of.claims.reporters[id].name if id in of.claims.reporters else id for id in distinct]
    if len(names) > MOST_NAMED:
        rest = len(names) - MOST_NAMED + 1
        names = [*names[: MOST_NAMED - 1], f"{number(rest)} others"]
    return listed(names)


def _contested(of: Evidence) -> Iterator[Caveat]:
    total = of.total
    if total.disputed:
        sides = [_side(of, total.floors_set_aside, "low")]
        sides.append(_side(of, total.ceilings_set_aside, "high"))
        said = "; ".join(side for side in sides if side)
        text = f"Reports contradict each other: {said}. None of them is preferred."
        both = (*total.floors_set_aside, *total.ceilings_set_aside)
        yield _caveat(of, "disputed", text, both)
    if of.divided:
        who = _named(of, [figure.reporter for figure in of.divided])
        text = f"Figures of {who} contradict each other, and none was said to replace the other."
        yield _caveat(of, "same_reporter_conflict", text, of.divided)
    leaning = total.leaning()
    if leaning:
        text = "A bound rests on words such as “about” or “dozens”, read by convention."
        yield _caveat(of, "approximate", text, leaning)
    if not total.exact:
        text = "The range may be wider than what the reports allow; it is never narrower."
        yield _caveat(of, "not_exact", text, ())


def _side(of: Evidence, figures: Sequence[Figure], end: str) -> str:
    """Return one side of a dispute, such as "at least 40 by A" or "at most 0 by B"."""
    words = []
    for figure in figures[:MOST_NAMED]:
        if end == "low":
            claim = range_text(figure.quantity.low, None)
        else:
            claim = f"at most {number(figure.quantity.high or 0)}"
        words.append(f"{claim} by {_named(of, [figure.reporter])}")
    if len(figures) > MOST_NAMED:
        words.append(f"{number(len(figures) - MOST_NAMED)} more")
    return ", ".join(words)


def _sources(of: Evidence) -> Iterator[Caveat]:
    figures = of.total.figures
    reporters = list(dict.fromkeys(figure.reporter for figure in figures))
    if all(of.claims.reporters[id].party for id in reporters):
        text = f"Every figure counted comes from a party to the conflict: {_named(of, reporters)}."
        yield _caveat(of, "party_to_conflict", text, figures)
    if len(reporters) == 1:
        text = f"Every figure counted comes from one reporter, {_named(of, reporters)}."
        yield _caveat(of, "single_reporter", text, figures)


def _relayed(of: Evidence) -> Iterator[Caveat]:
    if of.relays:
        reports = list(dict.fromkeys(figure.report for figure in of.relays))
        who = _count(reports, "report repeats", "reports repeat")
        text = f"{who} what others said and {_does_add(reports)} nothing to the number."
        yield _caveat(of, "relayed", text, of.relays)


def _does_add(reports: Sequence[object]) -> str:
    return "adds" if len(reports) == 1 else "add"


_OWN: Final = {
    "preliminary": "Called preliminary by",
    "not_independently_verified": "Not independently verified: the figures of",
}
"""Words for the reports' own caveats that are codes; any other caveat speaks for itself."""


def _own(of: Evidence) -> Iterator[Caveat]:
    """Yield what the reports themselves say against their figures."""
    carried: dict[str, list[Figure]] = {}
    for figure in of.total.figures:
        for caveat in of.claims.statements[figure.report].caveats:
            carried.setdefault(caveat, []).append(figure)
    for caveat, figures in carried.items():
        who = _named(of, [figure.reporter for figure in figures])
        words = _OWN.get(caveat)
        text = f"{words} {who}." if words else f"{isolated(caveat)} ({who})"
        # A report cannot speak with the service's own voice.
        code = f"own:{caveat}" if caveat in CAVEATS else caveat
        yield _caveat(of, code, text, figures)
