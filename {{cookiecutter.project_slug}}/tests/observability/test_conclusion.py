"""What a comparison comes to: one word for all metrics of a suite, by the same test as the gate's."""

from __future__ import annotations

import pytest

from app.commands.evaluation.telling import flips
from app.observability.evaluation.comparison import Comparison, compare
from app.observability.evaluation.conclusion import conclude
from app.observability.evaluation.output import Output
from app.observability.evaluation.result import CaseResult, SuiteResult


def paired(lost: int, won: int, of: int = 40) -> Comparison:
    """So many of so many cases go from right to wrong, and from wrong to right."""
    before = {f"c{n:02}": 1.0 if n < lost else 0.0 if n < lost + won else 1.0 for n in range(of)}
    after = before | {f"c{n:02}": 0.0 if n < lost else 1.0 for n in range(lost + won)}
    found = compare(before, after)
    assert found is not None
    return found


@pytest.mark.feature("E9")
@pytest.mark.parametrize(
    ("changes", "word", "told"),
    [
        ({"accuracy": (0, 0)}, "same", "the same: no score of any case changed"),
        ({"accuracy": (1, 0)}, "noise", "no difference beyond noise: 1 score changed, as chance alone may"),
        ({"accuracy": (4, 3)}, "noise", "no difference beyond noise: 7 scores changed, as chance alone may"),
        ({"accuracy": (5, 0)}, "worse", "worse: accuracy lost more than noise explains"),
        ({"accuracy": (0, 5)}, "better", "better: accuracy won more than noise explains, nothing lost so"),
        ({"recall": (0, 6), "facts": (6, 0)}, "mixed", "worse in facts, better in recall, both beyond noise"),
        ({"recall": (0, 6), "facts": (2, 0)}, "better", "better: recall won more than noise explains, nothing lost so"),
        ({}, "open", "nothing to compare: no metric has scores in both"),
    ],
    ids=["same", "one flip", "both ways", "five lost", "five won", "mixed", "won and noise", "nothing"],
)
def test_what_it_comes_to(changes: dict[str, tuple[int, int]], word: str, told: str) -> None:
    """Five flips one way and none back are the least that chance does not explain at 0.05."""
    found = conclude([(name, paired(*change)) for name, change in changes.items()], alpha=0.05)

    assert (found.word, found.told) == (word, told)


@pytest.mark.feature("E9")
def test_a_flip_shows_where_the_answers_part() -> None:
    """Two long answers that begin alike are shown from a little before the word that differs."""
    start = "The code means that the invoice is issued already and cannot be changed by anybody. "
    old, new = (
        result(start + ending) for ending in ("Credit it instead, then write a new one.", "Credit it, then stop.")
    )

    [line] = flips(new, old, paired(1, 0, of=1))

    assert (
        line == "lost c00: '… by anybody. Credit it instead, then write a new one.' -> "
        "'… by anybody. Credit it, then stop.'"
    )


def result(answer: str) -> SuiteResult:
    """A result of one case."""
    case = CaseResult("c00", "common", {}, {}, Output(answer))
    return SuiteResult("rag", "answer@1", "2026-01-02T12:00:00+00:00", 0, (case,), {})
