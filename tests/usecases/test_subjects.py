"""The subjects of a record are those of a plain computation over figures as objects."""

from collections import Counter, defaultdict

from hypothesis import given

from service.domain.figure import Figure
from service.domain.trees import Tree
from service.domain.vocabulary import sort_outcome_sets
from service.usecases.subjects import RecordSubject, list_subjects
from tests.bounds.builders import Case, cases
from tests.columns.test_column_figures import make_case_state


def list_line(tree: Tree, place: str) -> list[str]:
    """Return the places that hold the place, from the root to itself."""
    return [*reversed(list(tree.ancestors_of(place))), place]


def find_common(tree: Tree, places: set[str]) -> str:
    """Return the smallest place that holds all of them, which have one root."""
    lines = [set(list_line(tree, place)) for place in places]
    return max(set.intersection(*lines), key=lambda each: len(list_line(tree, each)))


def make_subject(tree: Tree, groups: tuple[str, ...], figures: list[Figure]) -> RecordSubject:
    """Return the subject of the figures."""
    by_root: dict[str, set[str]] = defaultdict(set)
    for figure in figures:
        for place in figure.scope.places:
            by_root[list_line(tree, place)[0]].add(place)
    counts = Counter(figure.reporter for figure in figures)
    periods = [figure.scope.period for figure in figures]
    return RecordSubject(
        tuple(find_common(tree, by_root[root]) for root in sorted(by_root)),
        groups,
        sort_outcome_sets({figure.scope.outcomes for figure in figures}),
        len(figures),
        tuple(sorted(counts, key=lambda each: (-counts[each], each))),
        min((each.first for each in periods if each.first is not None), default=None),
        max(each.last for each in periods if each.last is not None),
        0,
    )


@given(cases())
def test_subjects_are_those_of_figures_as_objects(case: Case) -> None:
    tree = case.forest.places
    by_key: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Figure]] = defaultdict(list)
    for figure in case.figures:
        roots = {list_line(tree, place)[0] for place in figure.scope.places}
        by_key[tuple(sorted(roots)), tuple(sorted(figure.scope.groups))].append(figure)
    expected = {make_subject(tree, groups, each) for (_, groups), each in by_key.items()}
    found = list_subjects(make_case_state(case), tree)
    assert {_without_seq(each) for each in found} == expected
    assert len(found) == len(by_key)
    assert [each.last_day for each in found] == sorted(
        (each.last_day for each in found), reverse=True
    )


def _without_seq(subject: RecordSubject) -> RecordSubject:
    return RecordSubject(
        subject.places, subject.groups, subject.outcome_sets, subject.figure_count,
        subject.reporters, subject.first_day, subject.last_day, 0,
    )  # fmt: skip
