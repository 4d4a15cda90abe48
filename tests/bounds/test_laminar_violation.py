"""Least violations of nested constraints are those of a linear program."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds.laminar_violation import (
    ConvexFunction,
    OptimalFace,
    convolve,
    find_optimal_face,
)
from tests.bounds.brute_force import solve


@dataclass(frozen=True)
class Nest:
    """Nested constraints with their bounds; each parent has a smaller number."""

    parent: list[int]
    has_own: list[bool]
    lower: list[float]
    upper: list[float]

    @property
    def own_columns(self) -> list[int]:
        """The constraints that have people in none of those inside them."""
        return [number for number, has_own in enumerate(self.has_own) if has_own]

    def is_inside(self, inner: int, outer: int) -> bool:
        """Whether the constraint is the other one or inside it."""
        while inner not in (outer, -1):
            inner = self.parent[inner]
        return inner == outer

    def make_matrix(self) -> Any:
        """Return 0/1[n_constraints, n_own_columns]."""
        return np.array(
            [
                [float(self.is_inside(column, number)) for column in self.own_columns]
                for number in range(len(self.parent))
            ]
        )

    def find_face(self, soft_lower: bool, soft_upper: bool) -> OptimalFace:
        return find_optimal_face(
            range(len(self.parent)), self.parent, self.has_own, self.lower, self.upper,
            soft_lower, soft_upper,
        )  # fmt: skip


@st.composite
def nests(draw: st.DrawFn) -> Nest:
    """Draw up to seven constraints."""
    count = draw(st.integers(1, 7))
    parent = [draw(st.integers(-1, number - 1)) for number in range(count)]
    numbers = st.sampled_from([0, 0, 1, 2, 3, 5, 8])
    return Nest(
        parent,
        [number not in parent or draw(st.booleans()) for number in range(count)],
        [float(draw(numbers)) for _ in range(count)],
        [draw(st.one_of(numbers.map(float), st.just(inf))) for _ in range(count)],
    )


class ElasticRows:
    """The rows of the linear program: people, then the shortfalls, then the excesses."""

    def __init__(self, nest: Nest, soft_lower: bool, soft_upper: bool) -> None:
        matrix = nest.make_matrix()
        count, columns = matrix.shape
        slack = np.eye(count)
        none = np.zeros((count, count))
        self.slack_count = 2 * count
        self.rows = [
            *np.hstack([matrix, slack * soft_lower, none]),
            *np.hstack([matrix, none, -slack * soft_upper]),
        ]
        self.lower, self.upper = [*nest.lower, *[-inf] * count], [*[inf] * count, *nest.upper]
        costs = np.concatenate([np.zeros(columns), np.ones(2 * count)])
        self.amount = solve(costs, self.rows, self.lower, self.upper)
        self.rows.append(costs)
        self.lower.append(0.0)
        self.upper.append(float(round(self.amount)))

    def find_range(self, people: Any) -> tuple[float, float]:
        """Return the least and the most people over all worlds of least violation."""
        costs = np.concatenate([people, np.zeros(self.slack_count)])
        return (
            solve(costs, self.rows, self.lower, self.upper),
            -solve(-costs, self.rows, self.lower, self.upper),
        )


@settings(max_examples=400, deadline=None)
@given(nests(), st.sampled_from([(True, False), (False, True), (True, True)]), st.data())
def test_the_optimal_face_is_that_of_the_linear_program(
    nest: Nest, soft: tuple[bool, bool], data: st.DataObject
) -> None:
    face, program = nest.find_face(*soft), ElasticRows(nest, *soft)
    assert face.amount == pytest.approx(program.amount, abs=1e-6)
    matrix = nest.make_matrix()
    for number, row in enumerate(matrix):
        assert (face.least[number], face.most[number]) == pytest.approx(
            program.find_range(row), abs=1e-5
        )
    columns = nest.own_columns
    asked = np.array([float(data.draw(st.booleans())) for _ in columns])
    empty = [np.eye(len(columns))[n] for n, own in enumerate(columns) if not face.has_own[own]]
    rows: Sequence[Any] = [*matrix, *empty]
    lower, upper = [*face.lower, *[0.0] * len(empty)], [*face.upper, *[0.0] * len(empty)]
    on_face = solve(asked, rows, lower, upper), -solve(-asked, rows, lower, upper)
    assert on_face == pytest.approx(program.find_range(asked), abs=1e-5)


def test_a_running_total_that_falls_falls_short_by_the_fall() -> None:
    """5 by the second day and 3 by the third: one of them is wrong by 2 people."""
    nest = Nest([-1, 0], [True, True], [3.0, 5.0], [3.0, 5.0])
    face = nest.find_face(True, True)
    assert (face.amount, face.least, face.most) == (2, [3.0, 3.0], [5.0, 5.0])
    assert face.prices[1] != 0  # The two constraints force one violation together.


def test_consistent_bounds_have_no_violation() -> None:
    face = Nest([-1, 0], [True, True], [3.0, 1.0], [5.0, 2.0]).find_face(True, False)
    assert (face.amount, face.duals) == (0, [0, 0])
    assert (face.least, face.most) == ([3.0, 1.0], [5.0, 2.0])


def test_one_function_alone_is_its_own_convolution() -> None:
    function = ConvexFunction(1.0, ((-1, 2.0), (1, inf)))
    assert convolve([function], has_own=False) is function
    both = convolve([function, function], has_own=True)
    assert both.start == 2.0
    assert both.segments[:2] == ((-1, 4.0), (0, inf))
