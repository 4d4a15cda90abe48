"""How long one total takes in a cluster of overlapping figures, beside a plain linear program.

The plain program has one column for every place, day and outcome, and one row for every figure: no
cell is merged and no figure is dropped. It is given figures that agree, since it cannot settle
contradictions; the service is also timed on figures that contradict each other.

    python benchmarks/bounds.py            100 and 1,000 figures
    python benchmarks/bounds.py 50 200     other sizes
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from service.bounds.reckoner import Reckoner
from service.bounds.solver import Deadline, Model
from service.bounds.sparse import Sparse
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


def covers(scope: Scope) -> Any:
    """Return which of the places x days x outcomes lie in the scope, one flag for each."""
    places = np.zeros(len(PLACES), dtype=bool)
    for start, stop in PLACES.spans(scope.places) if scope.places else PLACES.whole():
        places[start:stop] = True
    begin = FIRST_DAY.toordinal()
    days = np.zeros(DAYS, dtype=bool)
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


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work returns, and its seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def plain(figures: Sequence[Figure], asked: Scope) -> None:
    """Find the least and the most with one column for each place, day and outcome."""
    matrix = np.array([covers(figure.scope) for figure in figures], dtype=np.int8)
    lower = np.array([figure.quantity.low for figure in figures], dtype=float)
    highs = [figure.quantity.high for figure in figures]
    upper = np.array([np.inf if high is None else high for high in highs], dtype=float)
    wanted = covers(asked) & matrix.any(axis=0)
    capped = matrix[np.isfinite(upper)].any(axis=0)
    model = Model(Sparse.of(matrix), lower, upper)
    model.minimise(wanted.astype(float), Deadline(PATIENCE))
    if not (wanted & ~capped).any():
        model.minimise(-wanted.astype(float), Deadline(PATIENCE))


def measure(count: int) -> list[Line]:
    """Return the lines of the table for one number of figures."""
    lines = []
    for kind, make in (("agree", agreeing), ("contradict", contradicting)):
        figures = make(count)
        for name, asked in QUESTIONS.items():
            reckoner, made = timed(lambda f=figures: Reckoner(f, PLACES, GROUPS))  # type: ignore[misc]
            ask = lambda r=reckoner, q=asked: r.total(q, PATIENCE)  # type: ignore[misc]  # noqa: E731
            total, first = timed(ask)
            _, again = timed(ask)
            slow = timed(lambda f=figures, q=asked: plain(f, q))[1] if kind == "agree" else None  # type: ignore[misc]
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
