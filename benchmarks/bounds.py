"""How long one total takes in a cluster of overlapping figures, beside a plain linear program.

The plain program has one column for every place, day and outcome, and one row for every figure: no
cell is merged, no figure is dropped, none is told by others. It is given figures that agree, since
it cannot settle contradictions; the service is also timed on figures that contradict each other,
and on one reporter's running totals, a figure a day, which agree or fall from time to time.

    python benchmarks/bounds.py            100 and 1,000 figures
    python benchmarks/bounds.py 50 200     other sizes
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
from service.bounds.engine import Reckoner
from service.bounds.solver import Deadline, Model
from service.bounds.sparse_matrix import Sparse
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.trees import Tree
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP

SEED = 20241214
FIRST_DAY = date(2024, 1, 1)
DAYS = 60
PATIENCE = 60.0

DISTRICTS, VILLAGES = 10, 9
PARENTS: dict[str, str | None] = {"country": None}
PARENTS |= {f"district-{d}": "country" for d in range(DISTRICTS)}
PARENTS |= {f"village-{d}-{v}": f"district-{d}" for d in range(DISTRICTS) for v in range(VILLAGES)}
PLACES = Tree(PARENTS)
GROUPS = Tree({ROOT_GROUP: None})


@dataclass
class Line:
    """One row of the table."""

    figures: int
    kind: str
    question: str
    answer: str
    seconds: float
    again: float
    plain: float | None


def scopes(count: int, chance: random.Random) -> list[Scope]:
    """Return random scopes, nearly all of which overlap with some other."""
    ids = list(PARENTS)
    found = []
    for _ in range(count):
        first = chance.randrange(DAYS)
        last = min(first + chance.choice([0, 0, 1, 3, 7, 30, 59]), DAYS - 1)
        found.append(
            Scope(
                tuple(chance.sample(ids, chance.choice([1, 1, 1, 2, 3]))),
                Period(FIRST_DAY + timedelta(first), FIRST_DAY + timedelta(last)),
                frozenset(chance.sample(OUTCOMES, chance.choice([1, 1, 2, 2, 4]))),
                (ROOT_GROUP,),
            )
        )
    return found


def covers(scope: Scope, span: int = DAYS) -> Any:
    """Return which of the places x days x outcomes lie in the scope, one flag for each."""
    places = np.zeros(len(PLACES), dtype=bool)
    for start, stop in PLACES.intervals(scope.places) if scope.places else PLACES.all_intervals():
        places[start:stop] = True
    begin = FIRST_DAY.toordinal()
    days = np.zeros(span, dtype=bool)
    days[max(scope.period.start - begin, 0) : max(scope.period.stop - begin + 1, 0)] = True
    outcomes = np.array([outcome in scope.outcomes for outcome in OUTCOMES])
    return np.multiply.outer(np.multiply.outer(places, days), outcomes).ravel()


def agreeing(count: int) -> list[Figure]:
    """Return figures that are all true of one made-up world."""
    chance = random.Random(SEED)
    numbers = np.random.default_rng(SEED)
    size = len(PLACES) * DAYS * len(OUTCOMES)
    world = numbers.integers(0, 9, size) * (numbers.random(size) < 0.02)
    figures = []
    for index, scope in enumerate(scopes(count, chance)):
        truth = int(world[covers(scope)].sum())
        less, more = chance.randrange(truth + 1), truth + chance.randrange(20)
        low, high = chance.choice([(truth, truth), (less, None), (0, more), (less, more)])
        figures.append(Figure(f"f{index}", "r", "a", scope, Quantity(low, high)))
    return figures


def contradicting(count: int) -> list[Figure]:
    """Return figures whose numbers know nothing of each other."""
    chance = random.Random(SEED)
    figures = []
    for index, scope in enumerate(scopes(count, chance)):
        number = chance.choice([0, 1, 5, 10, 30, 100, 300])
        more = number + chance.randrange(50)
        low, high = chance.choice([(number, number), (number, None), (0, number), (number, more)])
        figures.append(Figure(f"f{index}", "r", "a", scope, Quantity(low, high)))
    return figures


def running(count: int) -> list[Figure]:
    """Return the running totals of so many days in one village, about as large as they are."""
    chance = random.Random(SEED)
    figures, people = [], 0
    for day in range(count):
        people += chance.randrange(700, 1_300)
        period = Period(FIRST_DAY, FIRST_DAY + timedelta(day))
        scope = Scope(("village-1-1",), period, frozenset(OUTCOMES[:1]), (ROOT_GROUP,))
        figures.append(Figure(f"f{day}", "r", "a", scope, Quantity(people - 5, people + 5)))
    return figures


def falling(count: int) -> list[Figure]:
    """Return running totals that were corrected five times, and so contradict those before."""
    figures = running(count)
    for day in range(count // 10, count, count // 5):
        before = figures[day]
        less = Quantity(before.quantity.low - 5_000, (before.quantity.high or 0) - 5_000)
        figures[day] = replace(before, quantity=less)
    return figures


QUESTIONS = {
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


RUNNING = {
    "all of it": Scope((), Period(None, None), frozenset(OUTCOMES), (ROOT_GROUP,)),
    "from the second month on": Scope(
        (), Period(FIRST_DAY + timedelta(30), None), frozenset(OUTCOMES[:1]), (ROOT_GROUP,)
    ),
}

KINDS: dict[str, tuple[Callable[[int], list[Figure]], dict[str, Scope]]] = {
    "agree": (agreeing, QUESTIONS),
    "contradict": (contradicting, QUESTIONS),
    "running totals": (running, RUNNING),
    "corrected ones": (falling, RUNNING),
}

AGREEING: Final = frozenset({"agree", "running totals"})


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work returns, and its seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def plain(figures: Sequence[Figure], asked: Scope) -> None:
    """Find the least and the most with one column for each place, day and outcome."""
    span = max(figure.scope.period.stop for figure in figures) - FIRST_DAY.toordinal() + 1
    inside = [np.flatnonzero(covers(figure.scope, span)) for figure in figures]
    columns = np.concatenate(inside)
    used = np.unique(columns)
    matrix = Sparse(
        (len(figures), len(used)),
        np.repeat(np.arange(len(figures)), [len(each) for each in inside]),
        np.searchsorted(used, columns),
        np.ones(len(columns), dtype=np.int64),
    )
    lower = np.array([figure.quantity.low for figure in figures], dtype=float)
    highs = [figure.quantity.high for figure in figures]
    upper = np.array([np.inf if high is None else high for high in highs], dtype=float)
    wanted = covers(asked, span)[used]
    capped = matrix.columns_in(np.isfinite(upper))
    model = Model(matrix, lower, upper)
    model.minimise(wanted.astype(float), Deadline(PATIENCE))
    if not (wanted & ~capped).any():
        model.minimise(-wanted.astype(float), Deadline(PATIENCE))


def slowly(figures: Sequence[Figure], asked: Scope) -> float:
    """Return the seconds of the plain program, whose rows are not told by each other."""
    kept, sparsify.MANY = sparsify.MANY, sys.maxsize  # type: ignore[misc]
    try:
        return timed(lambda: plain(figures, asked))[1]
    finally:
        sparsify.MANY = kept  # type: ignore[misc]


def measure(count: int) -> list[Line]:
    """Return the lines of the table for one number of figures."""
    lines = []
    for kind, (make, questions) in KINDS.items():
        figures = make(count)
        for name, asked in questions.items():
            reckoner, made = timed(lambda f=figures: Reckoner(f, PLACES, GROUPS))  # type: ignore[misc]
            ask = lambda r=reckoner, q=asked: r.total(q, PATIENCE)  # noqa: E731
            total, first = timed(ask)
            _, again = timed(ask)
            slow = slowly(figures, asked) if kind in AGREEING else None
            high = "open" if total.high is None else f"{total.high:,}"
            answer = "nothing" if total.low is None else f"{total.low:,} to {high}"
            lines.append(Line(count, kind, name, answer, made + first, again, slow))
    return lines


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table for a person, times in milliseconds."""
    heads = ("figures", "they", "asked", "answer", "first", "again", "plain LP", "LP / first")
    rows = [heads]
    for line in lines:
        slow = "-" if line.plain is None else f"{line.plain * 1000:,.0f} ms"
        ratio = "-" if line.plain is None else f"{line.plain / line.seconds:,.1f} x"
        first, again = f"{line.seconds * 1000:,.0f} ms", f"{line.again * 1000:,.0f} ms"
        rows.append(
            (f"{line.figures:,}", line.kind, line.question, line.answer, first, again, slow, ratio)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
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
        Sparse.of(np.ones((1, 1), np.int8)), np.zeros(1), np.ones(1)
    )  # The solver's import is not timed.
    lines: list[Line] = []
    for size in parser.parse_args().sizes:
        print(f"{size:,} figures …", file=sys.stderr)
        lines += measure(size)
    print(table(lines))


if __name__ == "__main__":
    main()
