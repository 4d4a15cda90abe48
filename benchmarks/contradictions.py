"""The time of the first total of many figures, of which some contradict each other.

Each case is timed at a size and at a quarter of it. The ratio of the two times shows the growth: 4
where it is linear in the number of figures, 16 where it is quadratic. Times depend on the machine,
ratios hardly.

    running totals   two reporters give a running total of one place each day; the second is 0 to 3
                     above the first, and each falls from time to time
    events           one register, each event in figures of everyone, civilians and suspects; for
                     two of five events, the parts add up to more than everyone
    separate         events of one register that do not contradict each other
    components       figures of 25 regions with 5,000 villages, most of them about incidents of four
                     registers; only the components are found

    python benchmarks/contradictions.py        the sizes of the largest known cases
    python benchmarks/contradictions.py 0.5    half of these sizes
"""

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import LOSSES, ROOT_GROUP

SEED: Final = 20241214
FIRST_DAY: Final = date(2020, 1, 1)
MAX_SECONDS: Final = 10.0

REGIONS, DISTRICTS, VILLAGES = 25, 20, 10
PLACE_NODES = {"country": TreeNode()}
for region in range(REGIONS):
    PLACE_NODES[f"r{region}"] = TreeNode("country")
    for district in range(DISTRICTS):
        PLACE_NODES[f"r{region}-{district}"] = TreeNode(f"r{region}")
        for village in range(VILLAGES):
            PLACE_NODES[f"r{region}-{district}-{village}"] = TreeNode(f"r{region}-{district}")
PLACES = Tree(PLACE_NODES, top_facet="administrative")
GROUPS = Tree(
    {
        ROOT_GROUP: TreeNode(),
        "civilians": TreeNode(ROOT_GROUP, "status"),
        "suspects": TreeNode(ROOT_GROUP, "status"),
    },
    root=ROOT_GROUP,
)
KILLED: Final = frozenset({"killed"})
EVERYWHERE: Final = Scope((), Period(None, None), KILLED, (ROOT_GROUP,))


def make_figure(number: int, reporter: str, scope: Scope, low: int, high: int) -> Figure:
    """Return a figure in a report of its own."""
    return Figure(f"f{number}", f"report {number}", reporter, scope, Quantity(low, high))


def make_running_totals(count: int) -> list[Figure]:
    """Return the running totals of two reporters, ``count`` in all."""
    chance = random.Random(SEED)
    days = count // 2
    falls = set(chance.sample(range(days), max(days // 33, 1)))
    figures: list[Figure] = []
    people = 0
    for day in range(days):
        people += chance.randrange(150)
        first = max(people - (chance.randint(1, 40) if day in falls else 0), 0)
        period = Period(FIRST_DAY, FIRST_DAY + timedelta(day))
        scope = Scope(("country",), period, KILLED, (ROOT_GROUP,))
        for reporter, number in (("a", first), ("b", first + chance.randint(0, 3))):
            figures.append(make_figure(len(figures), reporter, scope, number, number))
    return figures


def make_events(count: int) -> list[Figure]:
    """Return so many events with three figures each, and two figures about all of them."""
    chance = random.Random(SEED)
    figures: list[Figure] = []
    for event in range(count):
        day = FIRST_DAY + timedelta(chance.randrange(700))
        everyone = 5 if event < 146 * count // 333 else 6
        for group, number in ((ROOT_GROUP, everyone), ("civilians", 4), ("suspects", 2)):
            scope = Scope(("r1",), Period(day, day), KILLED, (group,), f"x:{event}")
            figures.append(make_figure(len(figures), "a", scope, number, number))
    whole = Scope(("country",), Period(None, FIRST_DAY + timedelta(900)), KILLED, (ROOT_GROUP,))
    figures.append(make_figure(len(figures), "b", whole, 5 * count, 50 * count))
    return figures


def make_separate_events(count: int) -> list[Figure]:
    """Return so many events of one register, each in a village and on up to three days."""
    chance = random.Random(SEED)
    villages = [node for node in PLACE_NODES if node.count("-") == 2]
    figures = []
    for event in range(count):
        first = FIRST_DAY + timedelta(chance.randrange(366))
        period = Period(first, first + timedelta(chance.choice((0, 0, 1, 2))))
        scope = Scope((chance.choice(villages),), period, KILLED, (ROOT_GROUP,), f"x:{event}")
        low = chance.randrange(20)
        figures.append(make_figure(event, "a", scope, low, low + chance.randrange(5)))
    return figures


def make_many_scopes(count: int) -> list[Figure]:
    """Return figures of villages, of a few districts and of fewer regions."""
    chance = random.Random(SEED)
    by_depth = {
        depth: [node for node in PLACE_NODES if node.count("-") == depth] for depth in (0, 1, 2)
    }
    figures = []
    for number in range(count):
        depth = chance.choices((2, 1, 0), (93, 5, 2))[0]
        first = FIRST_DAY + timedelta(chance.randrange(1_400))
        last = first + timedelta(chance.choice({2: (0, 0, 1, 2), 1: (7,), 0: (30,)}[depth]))
        scope = Scope(
            (chance.choice(by_depth[depth]),),
            Period(first, last),
            frozenset(chance.choice((("killed",), ("wounded",), ("killed", "wounded")))),
            (chance.choice((ROOT_GROUP, ROOT_GROUP, "civilians", "suspects")),),
            f"{chance.choice('abcd')}:{number}" if chance.random() < 0.7 else None,
        )
        figures.append(make_figure(number, "a", scope, 1, 2))
    return figures


def compute_total(engine: TotalsEngine) -> str:
    """Return the total of everything in words."""
    total = engine.total(EVERYWHERE, MAX_SECONDS)
    high = "open" if total.high is None else f"{total.high:,}"
    return f"{total.low:,} to {high}, {'exact' if total.exact else 'not exact'}"


def find_components(engine: TotalsEngine) -> str:
    """Return how many figures have to do with one village."""
    scope = Scope(("r1-1-1",), Period(None, None), LOSSES, (ROOT_GROUP,))
    return f"{len(engine.dependent_figures(scope, MAX_SECONDS)):,} figures"


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    size: int
    make: Callable[[int], list[Figure]]
    ask: Callable[[TotalsEngine], str]


CASES: Final = (
    Case("running totals", 658, make_running_totals, compute_total),
    Case("events", 333, make_events, compute_total),
    Case("separate", 6_170, make_separate_events, compute_total),
    Case("components", 40_000, make_many_scopes, find_components),
)


def measure_case(case: Case, size: int) -> tuple[str, float, float]:
    """Return the answer and the seconds: to build the engine, and until its first answer."""
    figures = case.make(size)
    started_at = time.perf_counter()
    engine = TotalsEngine(figures, PLACES, GROUPS)
    built_at = time.perf_counter()
    answer = case.ask(engine)
    return answer, built_at - started_at, time.perf_counter() - built_at


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("share", nargs="?", type=float, default=1.0, help="of the full sizes")
    share = parser.parse_args().share
    compute_total(TotalsEngine(make_events(4), PLACES, GROUPS))  # The solver's import is not timed.
    print(f"{'case':<16}{'size':>8}{'engine':>12}{'first':>12}{'ratio':>8}  answer")
    for case in CASES:
        size = max(int(case.size * share), 8)
        _, _, small_seconds = measure_case(case, size // 4)
        answer, build_seconds, seconds = measure_case(case, size)
        print(
            f"{case.name:<16}{size:>8,}{build_seconds * 1000:>9,.0f} ms{seconds * 1000:>9,.0f} ms"
            f"{seconds / small_seconds:>8.1f}  {answer}"
        )


if __name__ == "__main__":
    main()
