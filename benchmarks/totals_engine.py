"""The time of one total in a component of overlapping figures, and of a plain linear program.

The plain program has one column for every place, day and outcome, and one row for every figure: no
cell is merged, and no figure is dropped. It is given figures that agree, since
it cannot settle contradictions; the service is also timed on figures that contradict each other,
and on one reporter's running totals, a figure a day, which agree or fall from time to time.

    python benchmarks/totals_engine.py            100 and 1,000 figures
    python benchmarks/totals_engine.py 50 200     other sizes
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from service.bounds import sparsify
from service.bounds.engine import TotalsEngine
from service.bounds.solver import Deadline, Model
from service.bounds.sparse_matrix import SparseMatrix
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

SEED = 20241214
FIRST_DAY = date(2024, 1, 1)
DAYS = 60
MAX_SECONDS = 60.0

DISTRICTS, VILLAGES = 10, 9
DIVISION = "administrative"
NODES = {"country": TreeNode()}
NODES |= {f"district-{d}": TreeNode("country") for d in range(DISTRICTS)}
NODES |= {
    f"village-{d}-{v}": TreeNode(f"district-{d}") for d in range(DISTRICTS) for v in range(VILLAGES)
}
PLACES = Tree(NODES, top_facet=DIVISION)
GROUPS = Tree({ROOT_GROUP: TreeNode()}, root=ROOT_GROUP)


@dataclass
class Measurement:
    """One row of the table."""

    figures: int
    kind: str
    query: str
    result: str
    first_seconds: float
    again_seconds: float
    plain_seconds: float | None


def make_scopes(count: int, chance: random.Random) -> list[Scope]:
    """Return random scopes, nearly all of which overlap with some other."""
    place_ids = list(NODES)
    random_scopes = []
    for _ in range(count):
        first_day = chance.randrange(DAYS)
        last_day = min(first_day + chance.choice([0, 0, 1, 3, 7, 30, 59]), DAYS - 1)
        random_scopes.append(
            Scope(
                tuple(chance.sample(place_ids, chance.choice([1, 1, 1, 2, 3]))),
                Period(FIRST_DAY + timedelta(first_day), FIRST_DAY + timedelta(last_day)),
                frozenset(chance.sample(OUTCOMES, chance.choice([1, 1, 2, 2, 4]))),
                (ROOT_GROUP,),
            )
        )
    return random_scopes


def flag_cells(scope: Scope, day_count: int = DAYS) -> Any:
    """Return which of the places x days x outcomes lie in the scope, one flag for each."""
    places = np.zeros(len(PLACES), dtype=bool)
    for alternative in PLACES.select(scope.places).alternatives:
        for start, stop in dict(alternative).get(DIVISION, ((0, len(PLACES)),)):
            places[start:stop] = True
    origin = FIRST_DAY.toordinal()
    days = np.zeros(day_count, dtype=bool)
    days[max(scope.period.start - origin, 0) : max(scope.period.stop - origin + 1, 0)] = True
    outcomes = np.array([outcome in scope.outcomes for outcome in OUTCOMES])
    return np.multiply.outer(np.multiply.outer(places, days), outcomes).ravel()


def make_consistent_figures(count: int) -> list[Figure]:
    """Return figures that are all true in one generated world."""
    chance = random.Random(SEED)
    numbers = np.random.default_rng(SEED)
    size = len(PLACES) * DAYS * len(OUTCOMES)
    world = numbers.integers(0, 9, size) * (numbers.random(size) < 0.02)
    figures = []
    for index, scope in enumerate(make_scopes(count, chance)):
        truth = int(world[flag_cells(scope)].sum())
        less, more = chance.randrange(truth + 1), truth + chance.randrange(20)
        low, high = chance.choice([(truth, truth), (less, None), (0, more), (less, more)])
        figures.append(Figure(f"f{index}", "r", "a", scope, Quantity(low, high)))
    return figures


def make_contradicting_figures(count: int) -> list[Figure]:
    """Return figures with independent random numbers."""
    chance = random.Random(SEED)
    figures = []
    for index, scope in enumerate(make_scopes(count, chance)):
        number = chance.choice([0, 1, 5, 10, 30, 100, 300])
        more = number + chance.randrange(50)
        low, high = chance.choice([(number, number), (number, None), (0, number), (number, more)])
        figures.append(Figure(f"f{index}", "r", "a", scope, Quantity(low, high)))
    return figures


def make_running_totals(count: int) -> list[Figure]:
    """Return the running totals of so many days in one village, about as large as they are."""
    chance = random.Random(SEED)
    figures, people = [], 0
    for day in range(count):
        people += chance.randrange(700, 1_300)
        period = Period(FIRST_DAY, FIRST_DAY + timedelta(day))
        scope = Scope(("village-1-1",), period, frozenset(OUTCOMES[:1]), (ROOT_GROUP,))
        figures.append(Figure(f"f{day}", "r", "a", scope, Quantity(people - 5, people + 5)))
    return figures


def make_corrected_totals(count: int) -> list[Figure]:
    """Return running totals that were corrected five times, and so contradict those before."""
    figures = make_running_totals(count)
    for day in range(count // 10, count, count // 5):
        before = figures[day]
        less = Quantity(before.quantity.low - 5_000, (before.quantity.high or 0) - 5_000)
        figures[day] = replace(before, quantity=less)
    return figures


QUERIES = {
    "the country": Scope((), Period(None, None), frozenset(OUTCOMES), (ROOT_GROUP,)),
    "a district, a month, two outcomes": Scope(
        ("district-1",),
        Period(FIRST_DAY, FIRST_DAY + timedelta(30)),
        frozenset(OUTCOMES[:2]),
        (ROOT_GROUP,),
    ),
    "two villages, a week, one outcome": Scope(
        ("village-1-1", "village-2-2"),
        Period(FIRST_DAY + timedelta(3), FIRST_DAY + timedelta(9)),
        frozenset(OUTCOMES[:1]),
        (ROOT_GROUP,),
    ),
}


RUNNING_QUERIES = {
    "all of it": Scope((), Period(None, None), frozenset(OUTCOMES), (ROOT_GROUP,)),
    "from the second month on": Scope(
        (), Period(FIRST_DAY + timedelta(30), None), frozenset(OUTCOMES[:1]), (ROOT_GROUP,)
    ),
}

KINDS: dict[str, tuple[Callable[[int], list[Figure]], dict[str, Scope]]] = {
    "agree": (make_consistent_figures, QUERIES),
    "contradict": (make_contradicting_figures, QUERIES),
    "running totals": (make_running_totals, RUNNING_QUERIES),
    "corrected ones": (make_corrected_totals, RUNNING_QUERIES),
}

CONSISTENT_KINDS: Final = frozenset({"agree", "running totals"})


def measure_time(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work returns, and its seconds."""
    started_at = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started_at


def solve_plain_program(figures: Sequence[Figure], scope: Scope) -> None:
    """Find the least and the most with one column for each place, day and outcome."""
    day_count = max(figure.scope.period.stop for figure in figures) - FIRST_DAY.toordinal() + 1
    cells_of_figures = [np.flatnonzero(flag_cells(figure.scope, day_count)) for figure in figures]
    columns = np.concatenate(cells_of_figures)
    used_columns = np.unique(columns)
    matrix = SparseMatrix(
        (len(figures), len(used_columns)),
        np.repeat(np.arange(len(figures)), [len(cells) for cells in cells_of_figures]),
        np.searchsorted(used_columns, columns),
        np.ones(len(columns), dtype=np.int64),
    )
    lower = np.array([figure.quantity.low for figure in figures], dtype=float)
    highs = [figure.quantity.high for figure in figures]
    upper = np.array([np.inf if high is None else high for high in highs], dtype=float)
    objective = flag_cells(scope, day_count)[used_columns]
    has_upper = matrix.nonzero_columns(np.isfinite(upper))
    model = Model(matrix, lower, upper)
    model.minimise(objective.astype(float), Deadline(MAX_SECONDS))
    if not (objective & ~has_upper).any():
        model.minimise(-objective.astype(float), Deadline(MAX_SECONDS))


def time_plain_program(figures: Sequence[Figure], scope: Scope) -> float:
    """Return the seconds of the plain program, whose rows are not sparsified."""
    threshold, sparsify.MIN_MATRIX_ENTRIES = sparsify.MIN_MATRIX_ENTRIES, sys.maxsize  # type: ignore[misc]
    try:
        return measure_time(lambda: solve_plain_program(figures, scope))[1]
    finally:
        sparsify.MIN_MATRIX_ENTRIES = threshold  # type: ignore[misc]


def measure_totals(count: int) -> list[Measurement]:
    """Return the lines of the table for one number of figures."""
    measurements = []
    for kind, (make, queries) in KINDS.items():
        figures = make(count)
        for name, scope in queries.items():
            engine, build_seconds = measure_time(lambda f=figures: TotalsEngine(f, PLACES, GROUPS))  # type: ignore[misc]
            ask = lambda r=engine, q=scope: r.total(q, MAX_SECONDS)  # noqa: E731
            total, first_seconds = measure_time(ask)
            _, again_seconds = measure_time(ask)
            plain_seconds = time_plain_program(figures, scope) if kind in CONSISTENT_KINDS else None
            high = "open" if total.high is None else f"{total.high:,}"
            answer = "nothing" if total.low is None else f"{total.low:,} to {high}"
            measurements.append(
                Measurement(
                    count,
                    kind,
                    name,
                    answer,
                    build_seconds + first_seconds,
                    again_seconds,
                    plain_seconds,
                )
            )
    return measurements


def format_table(measurements: Sequence[Measurement]) -> str:
    """Return the lines as a table for a person, times in milliseconds."""
    headings = ("figures", "they", "asked", "answer", "first", "again", "plain LP", "LP / first")
    rows = [headings]
    for measurement in measurements:
        plain_text = (
            "-"
            if measurement.plain_seconds is None
            else f"{measurement.plain_seconds * 1000:,.0f} ms"
        )
        ratio = (
            "-"
            if measurement.plain_seconds is None
            else f"{measurement.plain_seconds / measurement.first_seconds:,.1f} x"
        )
        first_text = f"{measurement.first_seconds * 1000:,.0f} ms"
        again_text = f"{measurement.again_seconds * 1000:,.0f} ms"
        rows.append(
            (
                f"{measurement.figures:,}",
                measurement.kind,
                measurement.query,
                measurement.result,
                first_text,
                again_text,
                plain_text,
                ratio,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=[100, 1_000], metavar="FIGURES")
    Model(
        SparseMatrix.from_dense(np.ones((1, 1), np.int8)), np.zeros(1), np.ones(1)
    )  # The solver's import is not timed.
    measurements: list[Measurement] = []
    for size in parser.parse_args().sizes:
        print(f"{size:,} figures …", file=sys.stderr)
        measurements += measure_totals(size)
    print(format_table(measurements))


if __name__ == "__main__":
    main()
