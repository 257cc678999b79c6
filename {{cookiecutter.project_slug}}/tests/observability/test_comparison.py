"""Paired comparison: the test for a loss is exact, seeded and does not cry wolf."""

from __future__ import annotations

import random

import pytest

from app.observability.evaluation.comparison import chance_of_loss, compare


@pytest.mark.parametrize(
    ("changes", "chance"),
    [
        ([], 1.0),
        ([-1.0] * 3, 1 / 8),
        ([-1.0] * 5, 1 / 32),
        ([-1.0, -1.0, 1.0], 1 / 2),
        ([-1.0] * 10 + [1.0] * 10, 0.588),
        ([1.0] * 4, 1.0),
    ],
)
def test_right_or_wrong_scores_follow_mcnemars_exact_test(changes: list[float], chance: float) -> None:
    """Values by hand: of k flips, the chance that at least as many are losses."""
    assert chance_of_loss(changes) == pytest.approx(chance, abs=1e-3)


def test_graded_scores_are_drawn_reproducibly() -> None:
    """Unequal changes are judged by drawing signs; twice the same, near the exact value of 1/16."""
    changes = [-0.5, -0.25, -1.0, -0.75]
    assert chance_of_loss(changes) == chance_of_loss(changes)
    assert chance_of_loss(changes) == pytest.approx(1 / 16, abs=0.01)


def test_false_alarms_stay_below_alpha() -> None:
    """Over 400 pairs of runs that differ by noise alone, at most the promised share is called a loss."""
    draw = random.Random(7)
    alarms = 0
    for _ in range(400):
        before = {str(n): float(draw.random() < 0.8) for n in range(100)}
        after = {n: float(draw.random() < 0.8) if draw.random() < 0.2 else v for n, v in before.items()}
        comparison = compare(before, after)
        assert comparison is not None
        alarms += comparison.change < 0 and comparison.p_loss < 0.05
    assert alarms / 400 <= 0.05


def test_flips_are_listed_worst_first() -> None:
    """Only shared cases count; a case that did not change is no flip."""
    comparison = compare({"a": 1.0, "b": 0.0, "c": 1.0, "gone": 1.0}, {"a": 0.5, "b": 1.0, "c": 0.0, "new": 0.0})
    assert comparison is not None
    assert [flip.case for flip in comparison.flips] == ["c", "a", "b"]
    assert comparison.n == 3
    assert comparison.low < comparison.change < comparison.high


def test_runs_without_a_shared_case_cannot_be_compared() -> None:
    """None, for the gate to refuse."""
    assert compare({"a": 1.0}, {"b": 1.0}) is None
