"""What a paired comparison comes to, in one word and one line: better, worse, equal, or nothing beyond noise.

It is a statement about these cases. A loss counts when noise alone would lose as much less often than `alpha`; so does
a gain. Nothing here says that two versions are the same where too few cases could tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.observability.evaluation.comparison import Comparison, chance_of_loss

Word = Literal["worse", "better", "mixed", "same", "noise", "open"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """`lost` and `won` are the metrics that changed beyond noise."""

    word: Word
    lost: tuple[str, ...]
    won: tuple[str, ...]
    told: str


def conclude(compared: Sequence[tuple[str, Comparison]], alpha: float) -> Conclusion:
    """One word for all metrics of a suite, each judged at `alpha`."""
    lost = tuple(name for name, one in compared if lost_beyond_noise(one, alpha))
    won = tuple(name for name, one in compared if won_beyond_noise(one, alpha))
    flips = sum(len(one.flips) for _, one in compared)
    if not compared:
        return Conclusion("open", lost, won, "nothing to compare: no metric has scores in both")
    if lost and won:
        told = f"worse in {', '.join(lost)}, better in {', '.join(won)}"
        return Conclusion("mixed", lost, won, f"{told}, both beyond noise")
    if lost:
        return Conclusion("worse", lost, won, f"worse: {', '.join(lost)} lost more than noise explains")
    if won:
        return Conclusion(
            "better", lost, won, f"better: {', '.join(won)} won more than noise explains, nothing lost so"
        )
    if not flips:
        return Conclusion("same", lost, won, "the same: no score of any case changed")
    scores = "score" if flips == 1 else "scores"
    return Conclusion("noise", lost, won, f"no difference beyond noise: {flips} {scores} changed, as chance alone may")


def lost_beyond_noise(one: Comparison, alpha: float) -> bool:
    """Whether it fell by more than chance explains."""
    return one.change < 0 and one.p_loss < alpha


def won_beyond_noise(one: Comparison, alpha: float) -> bool:
    """Whether it rose by more than chance explains."""
    return one.change > 0 and chance_of_loss([-flip.change for flip in one.flips]) < alpha
