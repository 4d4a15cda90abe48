"""Warnings about a submitted report. A warning is a question to the sender and rejects nothing."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from service.domain.entities import Group, Place, parent_of
from service.domain.errors import InvalidInputError
from service.domain.figure import Figure
from service.domain.report import Report, ReportedFigure, ReportWarning
from service.domain.vocabulary import ROOT_GROUP, sort_outcomes
from service.domain.wording.reader import Reading, read_wording
from service.store.entity_cache import MAX_REMEMBERED_PLACES
from service.usecases.resolve_entities import EntityResolver
from service.usecases.scope_comparison import ScopeComparison
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.third_figures import (
    FIGURES_OF_CONTRADICTION,
    can_three_contradict,
    find_contradictions_of_three,
    have_room,
)

MAX_CONTRADICTIONS: Final = 20
"""How many contradicting figures are named for one figure. A total finds them all."""

MAX_NAMED: Final = 5
"""How many ids the text of a warning names; its lists have more."""

_REGISTERS: Final = {
    "geonames_id": "GeoNames id",
    "pcode": "P-code",
    "wikidata": "Wikidata id",
    "point": "coordinates",
}
"""How the text of a warning calls the codes of places that are not names."""


def find_warnings(
    report: Report, resolver: EntityResolver, lookups: SubmissionLookups
) -> tuple[ReportWarning, ...]:
    """Return the warnings about a report that is about to be recorded; reads only.

    At most a fixed number of recorded figures is examined for each figure, so that many figures of
    one day do not make each further one slower.
    """
    return (
        *_find_other_names(resolver),
        *_find_groups_without_facet(resolver),
        *_find_nested_places(report, resolver),
        *_find_similar_places(report, resolver),
        *_find_differing_words(report),
        *_find_own_conflicts(report, resolver, lookups),
        *_find_other_accounts(report, lookups),
        *_find_possible_relays(report, lookups),
    )


def _find_other_names(resolver: EntityResolver) -> Iterator[ReportWarning]:
    for (kind, entity_id), (name, recorded_name) in resolver.other_names.items():
        yield ReportWarning(
            "name_differs",
            f"The {kind} {entity_id} is recorded with the name {recorded_name}, not {name}; the"
            f" name stays. Is another {kind} meant?",
            **{f"{kind}s": (entity_id,)},
        )


def _find_groups_without_facet(resolver: EntityResolver) -> Iterator[ReportWarning]:
    """Yield a warning if a new group beside others has no facet, neither its own nor a parent's."""
    new = [
        each.id
        for each in resolver.new_entities
        if isinstance(each, Group) and each.facet is None and parent_of(each) == ROOT_GROUP
    ]
    if not new:
        return
    beside = resolver.list_groups_beside(MAX_NAMED + 1)
    if len(beside) < 2:
        return
    others = [each for each in beside if each != new[0]]
    yield ReportWarning(
        "group_without_facet",
        f"{_enumerate(new)} may share people with {_enumerate(others)}, because no facet is given."
        ' Are they different people? Then give them one facet, such as "facet": "side".',
        groups=tuple(new),
    )


def _find_nested_places(report: Report, resolver: EntityResolver) -> Iterator[ReportWarning]:
    """Yield a warning for each list in which a place contains another one of its division.

    A place and one above it of another division are not alternatives: the smaller one counts.
    """
    figures_by_places: dict[tuple[str, ...], list[str]] = {}
    for figure in report.figures:
        if len(figure.places) > 1:
            figures_by_places.setdefault(figure.places, []).append(figure.id)
    if not figures_by_places:
        return
    tree = resolver.make_tree("place", {each for places in figures_by_places for each in places})
    for places, figures in figures_by_places.items():
        current_ids = resolver.list_current_ids("place", places)
        ids = set(current_ids)
        enclosing = {
            above
            for each in ids
            for above in tree.ancestors_of(each)
            if above in ids and tree.facet_of(above) == tree.facet_of(each)
        }
        if enclosing:
            innermost = [
                place
                for place, current_id in zip(places, current_ids, strict=True)
                if current_id not in enclosing
            ]
            outer_places = [each for each in current_ids if each in enclosing]
            yield ReportWarning(
                "nested_places",
                f"{_enumerate(outer_places)} contains other places of the same figure, which"
                f" therefore add nothing. Is {_enumerate(innermost)} meant alone?",
                figures=tuple(figures),
                places=tuple(innermost),
            )


def _find_similar_places(report: Report, resolver: EntityResolver) -> tuple[ReportWarning, ...]:
    """Return a warning for each place of the report that may be another one, too."""
    lists = [report.places, *(figure.places for figure in report.figures)]
    distinct = {id(places): places for places in lists}.values()
    ids = tuple(dict.fromkeys(place for places in distinct for place in places))
    # Many reports of a register are about the same places.
    remembered = resolver.place_warnings if len(ids) <= MAX_REMEMBERED_PLACES else None
    if remembered is not None and ids in remembered:
        return remembered[ids]
    places = _load_places(ids, resolver)
    warnings = (*_find_same_places(places, resolver), *_find_ambiguous_places(places, resolver))
    if remembered is not None:
        remembered[ids] = warnings
    return warnings


def _load_places(ids: Sequence[str], resolver: EntityResolver) -> dict[str, Place]:
    """Return the places with these ids, by their current ids."""
    known = (resolver.get("place", place) for place in ids)
    # Two ids may name the same place.
    return {place.id: place for place in known if isinstance(place, Place)}


def _find_same_places(
    places: Mapping[str, Place], resolver: EntityResolver
) -> Iterator[ReportWarning]:
    codes = {place_id: resolver.list_codes(place)[1:] for place_id, place in places.items()}
    all_codes = {code for codes_of_place in codes.values() for code in codes_of_place}
    found = resolver.find_places_by_code(all_codes) if all_codes else {}
    asked = set()
    for place_id, codes_of_place in codes.items():
        registers_by_other: dict[str, list[str]] = {}
        for code in codes_of_place:
            register = code.partition(":")[0]
            for other in found.get(code, ()):
                if other != place_id and not (
                    register == "point" and _is_in_line(resolver, place_id, other)
                ):
                    registers_by_other.setdefault(other, []).append(_REGISTERS[register])
        for other, registers in registers_by_other.items():
            if frozenset((place_id, other)) not in asked:
                asked.add(frozenset((place_id, other)))
                yield ReportWarning(
                    "same_place",
                    f"{place_id} and {other} have the same {' and '.join(registers)}. Are they one"
                    f" place? Then use {other}, or its people are counted twice.",
                    places=(place_id, other),
                )


def _is_in_line(resolver: EntityResolver, one: str, other: str) -> bool:
    """Whether one place is above the other: a district often has the coordinates of its town."""
    tree = resolver.make_tree("place", {one, other})
    return tree.is_below(one, other) or tree.is_below(other, one)


def _find_ambiguous_places(
    named_places: Mapping[str, Place], resolver: EntityResolver
) -> Iterator[ReportWarning]:
    """Yield a warning for each place of the report, and each new one around it, that may be known.

    A new country beside the same one under another id would divide its places between both.
    """
    new_places = {each.id: each for each in resolver.new_entities if isinstance(each, Place)}
    places = {**named_places, **new_places}
    name_codes = {place_id: resolver.list_codes(place)[0] for place_id, place in places.items()}
    found = resolver.find_places_by_code(set(name_codes.values()))
    for place_id, code in name_codes.items():
        others = [each for each in found.get(code, ()) if each != place_id]
        if others:
            place = places[place_id]
            below = f" below {place.parent}" if place.parent else ""
            yield ReportWarning(
                "ambiguous_place",
                f"{place.name} is also the name of {_enumerate(others)}{below};"
                f" is {place_id} the one that is meant?",
                places=(place_id, *others),
            )


def _find_differing_words(report: Report) -> Iterator[ReportWarning]:
    for figure in report.figures:
        if figure.wording is None or figure.lexicon is not None:
            continue
        try:
            reading = read_wording(figure.wording)
        except InvalidInputError:
            continue
        for difference in _list_differences(reading, figure):
            yield ReportWarning(
                "words_differ",
                f"The wording “{figure.wording}” {difference}. The numbers are used; are they"
                " meant?",
                figures=(figure.id,),
            )


def _list_differences(reading: Reading, figure: ReportedFigure) -> Iterator[str]:
    """Yield how the words differ from what was sent beside them: range, outcomes, groups."""
    if _reads_otherwise(reading, figure):
        read = _describe_range(reading.low, reading.high)
        yield f"is read as {read}, not {_describe_range(figure.low, figure.high)}"
    named = sort_outcomes(reading.outcomes or ())
    if not set(named) <= set(figure.outcomes):
        counted = ", ".join(figure.outcomes)
        yield f"names {', '.join(named)}, and the figure counts only {counted}"
    if reading.people and figure.groups == (ROOT_GROUP,):
        kinds = ", ".join(reading.people)
        yield f"names a kind of people ({kinds}), and the figure counts everyone"


def _reads_otherwise(reading: Reading, figure: ReportedFigure) -> bool:
    """Whether the words mean another range than the numbers that were sent beside them.

    An end that rests on a convention may differ, if the ranges overlap and the numbers do not turn
    a vague word into an exact number.
    """
    is_apart = (reading.high is not None and figure.low > reading.high) or (
        figure.high is not None and figure.high < reading.low
    )
    is_too_exact = figure.low == figure.high and reading.low != reading.high
    return (
        is_apart
        or is_too_exact
        or ("low" not in reading.soft and figure.low != reading.low)
        or ("high" not in reading.soft and figure.high != reading.high)
    )


def _describe_range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"{low}" if low == high else f"{low} to {high}"


def _find_own_conflicts(
    report: Report, resolver: EntityResolver, lookups: SubmissionLookups
) -> Iterator[ReportWarning]:
    """Yield a warning if a figure contradicts others of the same reporter.

    They are in this report or in a live one: a figure within the scope of another one that has a
    greater low (a running total that has fallen, a village and its region), or two parts that
    together are more or less than a whole. Other contradictions are found by the totals only.
    """
    if report.relays is not None:
        return
    recorded, figures = lookups.figures, lookups.counted_figures(report)
    lines = _list_lines(figures, resolver)
    # Most figures of a register have none to be compared with but those of their own report.
    are_alone = recorded.are_alone(figures, lines)
    if are_alone and have_room(figures):
        return
    candidates: Sequence[Sequence[Figure]] = [()] * len(figures)
    if not are_alone:
        candidates = [
            recorded.find_possible_contradictions(figure, report.supersedes, places)
            for figure, places in zip(figures, lines, strict=True)
        ]
    found = {other.id: other for others in candidates for other in others}
    scopes = ScopeComparison(resolver, (*figures, *found.values()))
    conflicts: list[tuple[Figure, Figure]] = []
    for position, figure in enumerate(figures):
        contradicting = (
            (figure, other)
            for other in (*candidates[position], *figures[:position])
            if _are_contradictory(figure, other, scopes)
        )
        conflicts += islice(contradicting, MAX_CONTRADICTIONS)
    if are_alone:
        is_searched = can_three_contradict(figures, scopes)
    else:
        is_searched = len(figures) >= FIGURES_OF_CONTRADICTION or not all(
            recorded.is_alone(figure, report.supersedes, places)
            for figure, places in zip(figures, lines, strict=True)
        )
    if is_searched and not conflicts:
        conflicts += find_contradictions_of_three(report, figures, resolver, recorded, scopes)
    if conflicts:
        yield ReportWarning(
            "same_reporter_conflict",
            "The reporter's own figures contradict each other;"
            " did you mean supersedes, or an incident?",
            figures=tuple(dict.fromkeys(figure.id for figure, _ in conflicts)),
            reports=tuple(dict.fromkeys(other.report for _, other in conflicts)),
        )


def _list_lines(figures: Sequence[Figure], resolver: EntityResolver) -> list[list[str] | None]:
    """Return the places of each figure with those above them; None if one has places below it."""
    lines: list[list[str] | None] = []
    former: tuple[str, ...] | None = None
    for figure in figures:
        places = figure.scope.places
        # Most figures of a report have its own list of places.
        lines.append(lines[-1] if places is former else resolver.list_with_ancestors(places))
        former = places
    return lines


def _are_contradictory(one: Figure, other: Figure, scopes: ScopeComparison) -> bool:
    return _has_low_above_high(one, other, scopes) or _has_low_above_high(other, one, scopes)


def _has_low_above_high(part: Figure, whole: Figure, scopes: ScopeComparison) -> bool:
    """Whether the low of ``part`` is above the high of a figure whose scope contains it."""
    ceiling = whole.quantity.high
    return ceiling is not None and part.quantity.low > ceiling and scopes.is_within(part, whole)


def _find_other_accounts(report: Report, lookups: SubmissionLookups) -> Iterator[ReportWarning]:
    """Yield a warning if live figures of others have other ranges for the same scopes."""
    if report.relays is not None or not report.figures:
        return
    reporters = lookups.entities.list_equivalent_ids("reporter", report.reporter)
    figures_by_report: dict[str, list[str]] = {}
    for figure in lookups.counted_figures(report):
        if figure.reclassifies is None:
            for other in lookups.figures.find_contradicting_reports(
                figure, reporters, MAX_CONTRADICTIONS
            ):
                figures_by_report.setdefault(other, []).append(figure.id)
    if figures_by_report:
        others = tuple(figures_by_report)
        yield ReportWarning(
            "contradicts",
            f"Another reporter's figure for the same places, days, outcomes and groups differs"
            f" ({_enumerate(others)}). Are these two accounts of the same people, or two incidents?"
            " Two incidents need an incident each.",
            figures=tuple(
                dict.fromkeys(each for ids in figures_by_report.values() for each in ids)
            ),
            reports=others,
        )


def _find_possible_relays(report: Report, lookups: SubmissionLookups) -> Iterator[ReportWarning]:
    if report.relays is not None:
        return
    figures_by_report: dict[str, list[str]] = {}
    for figure, reported in zip(lookups.counted_figures(report), report.figures, strict=True):
        for other in lookups.figures.find_same_wording(figure, reported.wording, report.quote):
            figures_by_report.setdefault(other, []).append(figure.id)
    for other, figures in figures_by_report.items():
        yield ReportWarning(
            "possible_relay",
            f"Another reporter's report {other} says the same words of the same days and places;"
            " did you mean relays?",
            figures=tuple(figures),
            reports=(other,),
        )


def _enumerate(ids: Sequence[str]) -> str:
    """Return the first ids as text, with the number of the others."""
    named = ", ".join(ids[:MAX_NAMED])
    return named if len(ids) <= MAX_NAMED else f"{named} and {len(ids) - MAX_NAMED} more"
