"""A version against the one it would replace: how much better or worse, metric by metric, with a word for each.

Every metric is turned so that more is worse. A margin is what a change may cost; The word `worse` says that the loss is
beyond its margin, `safe` that it is not, both at the stated chance of error; `open` asks for more traffic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.observability.evaluation.sequential import Interval, Sample, interval
from app.observability.evaluation.success import METRICS, Metric, ReleaseRule

Word = Literal["worse", "safe", "open"]
# The effects the intervals are tightest for: ten points of a rate, thirty per cent of a cost or latency.
SCALE: Mapping[Metric, float] = {
    "error_rate": 0.1,
    "cost": 0.3,
    "latency": 0.3,
    "quality": 0.1,
    "satisfaction": 0.1,
}
RELATIVE: tuple[Metric, ...] = ("cost", "latency")
MOST_TOLD = 10.0  # as a relative change: beyond eleven times the old mean a bound is told as "over"


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric. `change` is the new version less the old, relative (0.2: a fifth more) for cost and latency.

    `better` and `worse` leave the margin aside: a change one way or the other is certain at the stated chance of error.
    `before` and `after` are means in the metric's own unit: shares, USD, or ms as the geometric mean.
    """

    metric: Metric
    before: float
    after: float
    users: tuple[int, int]
    values: tuple[int, int]
    change: Interval
    margin: float
    word: Word
    better: bool
    worse: bool

    def told(self) -> str:
        """As it stands in a report and an audit log."""
        shown = {"error_rate": _per_cent, "cost": _usd, "latency": _ms}.get(self.metric, _score)
        sign = _relative if self.metric in RELATIVE else _points
        return (
            f"{self.metric} {shown(self.before)} -> {shown(self.after)} "
            f"({sign(self.change.estimate)}, interval {sign(self.change.low)} to {sign(self.change.high)}, "
            f"{_counted(self.values[1], 'value')} of {_counted(self.users[1], 'user')})"
        )


def differences(old: Mapping[str, Sample], new: Mapping[str, Sample], rule: ReleaseRule) -> list[Difference]:
    """All metrics both versions have values of; the chance of error is shared out over the metrics."""
    alpha = rule.alpha / len(METRICS)
    return [
        _difference(metric, old[metric], new[metric], rule, alpha)
        for metric in METRICS
        if old.get(metric, Sample()).n and new.get(metric, Sample()).n
    ]


def _difference(metric: Metric, old: Sample, new: Sample, rule: ReleaseRule, alpha: float) -> Difference:
    margin = rule.margins[metric]
    enough = min(old.users, new.users) >= rule.min_users
    binary = metric == "error_rate"
    if metric == "cost":
        base = old.mean
        # Compared as new - (1 + change) * old, in shares of the old mean.
        estimate = (new.mean - base) / base if base else (math.inf if new.mean else 0.0)
        ratio = new.mean / base if base else 1.0
        variance = (new.variance() + ratio**2 * old.variance()) / base**2 if base else math.inf
    else:
        estimate = new.mean - old.mean
        variance = new.variance(binary=binary) + old.variance(binary=binary)
    if metric == "cost" and enough and not old.yy and not new.yy:
        variance = 0.0  # what has no price, such as a model of one's own, costs nothing for certain
    change = interval(estimate, variance if enough else math.inf, alpha=alpha, scale=SCALE[metric])
    if metric == "latency":
        change = Interval(*(_grown(bound) for bound in (change.estimate, change.low, change.high)))
    turned = (
        change if metric not in ("quality", "satisfaction") else Interval(-change.estimate, -change.high, -change.low)
    )
    word: Word = "worse" if turned.low > margin else "safe" if turned.high < margin else "open"
    means = (math.exp(old.mean), math.exp(new.mean)) if metric == "latency" else (old.mean, new.mean)
    return Difference(
        metric,
        *means,
        users=(old.users, new.users),
        values=(int(old.n), int(new.n)),
        change=change,
        margin=margin,
        word=word,
        better=turned.high < 0,
        worse=turned.low > 0,
    )


def _grown(log: float) -> float:
    """A difference of logarithms as a relative change; infinite where no float holds it."""
    return math.expm1(log) if log < 700 else math.inf


def _per_cent(value: float) -> str:
    return f"{value:.1%}"


def _usd(value: float) -> str:
    return f"{value:.6f} USD"


def _ms(value: float) -> str:
    return f"{value:.0f} ms"


def _score(value: float) -> str:
    return f"{value:.3f}"


def _relative(value: float) -> str:
    # Hardly any calls leave an interval that spans orders of magnitude: its end is then no figure to act on.
    if not math.isfinite(value):
        return "unknown"
    return f"{value:+.0%}" if value <= MOST_TOLD else f"over {MOST_TOLD:+.0%}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _points(value: float) -> str:
    return f"{value:+.3f}" if math.isfinite(value) else "unknown"
