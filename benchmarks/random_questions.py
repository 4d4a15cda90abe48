"""How close, how sound and how fast totals are at different sizes of a record.

Generated reports are recorded in a database of their own, then random questions are asked over the
API: a place of a random level, a random period, killed, wounded, or both. The true number is known
from the generator: where no false report meets a question, the low must not be above it, and the
high not below the number of those people whom some report reaches. The printed table has for each
size the seconds of a first answer, how many answers are exact, and how far the lows are from the
truth. Exit code 1 if an answer is not sound.

    python -m benchmarks.random_questions               200 questions at 1,000 and 10,000 reports
    python -m benchmarks.random_questions 100000 -q 50  50 questions at 100,000 reports
    python -m benchmarks.random_questions 10000 -c 60   and each by the exact engine, 60 s each

With ``-c`` it also prints how the answers compare with those of the exact engine.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from flask.testing import FlaskClient

from benchmarks.generate import DAYS, FIRST_DAY, ReportGenerator
from benchmarks.recording import open_recorder
from service import create_app
from service.settings import Settings
from service.usecases import state_cache
from tests.conftest import AMPLE_BUDGETS

LEVELS = ((1, "village-{:04}"), (10, "district-{:03}"), (200, "oblast-{:02}"), (5_000, "country"))
"""How many villages a place of each level has, and its id."""

PERIODS = (7, 30, 90, 365, 1_461)

OUTCOMES = {"killed": [0], "wounded": [1], "killed,wounded": [0, 1]}


@dataclass(frozen=True, slots=True)
class Question:
    """A total to ask for; days and villages are counted from the first."""

    place: str
    villages: tuple[int, int]
    days: tuple[int, int]
    outcomes: str

    @property
    def address(self) -> str:
        """The address of the answer."""
        first, last = (FIRST_DAY + timedelta(days=day) for day in self.days)
        return f"/v1/totals?place={self.place}&from={first}&to={last}&outcomes={self.outcomes}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A total, and how long it took."""

    total: dict[str, Any]
    seconds: float


def draw_questions(count: int, seed: int) -> Iterator[Question]:
    """Yield random questions."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        size, pattern = LEVELS[random.integers(len(LEVELS))]
        number = int(random.integers(5_000 // size))
        length = int(random.choice(PERIODS))
        start = int(random.integers(DAYS - length + 1))
        yield Question(
            pattern.format(number),
            (number * size, (number + 1) * size),
            (start, start + length - 1),
            str(random.choice(list(OUTCOMES))),
        )


def ask(client: FlaskClient, question: Question) -> Answer | None:
    """Return the answer; None if nothing was ever reported about the place."""
    started = time.perf_counter()
    response = client.get(question.address)
    seconds = time.perf_counter() - started
    if response.status_code == 422:
        return None
    return Answer(response.get_json()["totals"][0], seconds)


def is_sound(question: Question, total: dict[str, Any], generator: ReportGenerator) -> bool:
    """Whether the truth is in the range; also True if a false report meets the question."""
    (begin, end), (first, last) = question.villages, question.days
    for scope in generator.false_scopes:
        if scope.last >= first and (scope.first or 0) <= last:
            if any(place.first < end and place.last >= begin for place in scope.places):
                return True
    world = generator.world
    chosen = (world.village >= begin) & (world.village < end)
    chosen &= (world.day >= first) & (world.day <= last)
    chosen &= np.isin(world.outcome, OUTCOMES[question.outcomes])
    people, reached = world.count[chosen], world.is_reached[chosen]
    return not total["reported"] or (
        total["low"] <= people.sum()
        and (total["high"] is None or total["high"] >= (people * reached).sum())
    )


def print_summary(report_count: int, answers: Sequence[Answer], unsound: int) -> None:
    """Print the line of one size."""
    seconds = np.array([each.seconds for each in answers])
    reported = [each.total for each in answers if each.total["reported"]]
    share = np.mean([total["exact"] for total in reported])
    print(
        f"{report_count:>9,}  {len(answers):>5}  {np.median(seconds):>6.2f}  "
        f"{np.quantile(seconds, 0.99):>6.2f}  {share:>6.0%}  {unsound:>7}",
        flush=True,
    )


def print_comparison(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Print how far the first of each pair of totals is from the second, as a histogram."""
    edges = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, np.inf)
    for end in ("low", "high"):
        known = [(own[end], exact[end]) for own, exact in pairs if exact[end] is not None]
        gaps = [np.inf if own is None else abs(own - exact) / max(exact, 1) for own, exact in known]
        print(f"  {end} of {len(known)} totals, distance from that of the exact engine:")
        for lower, upper in zip((None, *edges), edges, strict=False):
            inside = [gap for gap in gaps if gap <= upper and (lower is None or gap > lower)]
            bar = "#" * round(40 * len(inside) / max(len(gaps), 1))
            print(f"    {'0' if upper == 0 else f'up to {upper:.0%}':>11}  {len(inside):>4} {bar}")


def measure(report_count: int, questions: Sequence[Question], seconds: float | None) -> int:
    """Measure one size, print it, and return how many answers are not sound."""
    generator = ReportGenerator(report_count, seed=1)
    # When it is idle, the service still empties its write-ahead log, perhaps while the folder goes.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = Path(folder) / "casualties.db"
        recorder = open_recorder(database)
        recorder.record(generator)
        generator.world.finish_marks()
        client = recorder.client
        ask(client, questions[0])  # Prepares the engine.
        found = [(question, ask(client, question)) for question in questions]
        answers = [(question, answer) for question, answer in found if answer is not None]
        unsound = sum(
            not is_sound(question, answer.total, generator) for question, answer in answers
        )
        print_summary(report_count, [answer for _, answer in answers], unsound)
        if seconds is not None:
            budgets = AMPLE_BUDGETS | {"solver_seconds": seconds}
            exact_settings = Settings(database=database, log_level="error", **budgets)
            exact_client = create_app(exact_settings).test_client()
            with mock.patch.object(state_cache, "MAX_EXACT_FIGURES", sys.maxsize):
                exact = [ask(exact_client, question) for question, _ in answers]
            print_comparison(
                [
                    (answer.total, other.total)
                    for (_, answer), other in zip(answers, exact, strict=True)
                    if other is not None and other.total["reported"]
                ]
            )
    return unsound


def main() -> None:
    """Measure the sizes that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=int, nargs="*", help="sizes (1,000 and 10,000)")
    parser.add_argument("-q", "--questions", type=int, default=200, help="how many (200)")
    parser.add_argument("-c", "--compare", type=float, help="seconds for each by the exact engine")
    options = parser.parse_args()
    questions = list(draw_questions(options.questions, seed=5))
    print("  reports  asked  median     p99   exact  unsound", flush=True)
    sizes = options.reports or [1_000, 10_000]
    unsound = sum(measure(size, questions, options.compare) for size in sizes)
    sys.exit(1 if unsound else 0)


if __name__ == "__main__":
    main()
