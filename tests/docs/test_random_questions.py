"""The benchmark of random questions runs, and its answers hold the truth."""

import pytest

from benchmarks.random_questions import draw_questions, measure


def test_random_questions_have_sound_answers(capsys: pytest.CaptureFixture[str]) -> None:
    questions = list(draw_questions(12, seed=5))
    assert measure(150, questions, seconds=20.0) == 0
    printed = capsys.readouterr().out
    assert "150" in printed.splitlines()[0]
    assert printed.count("distance from that of the exact engine") == 2
