"""How soon a canary that is worse is found, and how often one that is not is taken for worse: simulated.

    python bench/canary_power.py [--trials 400] [--write docs/reference/canary-power.md]

Each trial draws users of both versions and applies the comparison of the service, with the margins of ReleaseRule, at
every checkpoint, as a guard does that looks all the time. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.observability.evaluation.arms import differences
from app.observability.evaluation.sequential import Sample
from app.observability.evaluation.success import Margins, Metric, ReleaseRule

CALLS = 5
SHARE = 0.1
CHECKPOINTS = (20, 50, 100, 200, 500, 1000, 2000)
STRICT = ReleaseRule(margins=Margins(error_rate=0, cost=0, latency=0, quality=0, satisfaction=0))
SEED = 20_240_229

Draw = Callable[[np.random.Generator, int, float], Any]


def _errors(rng: np.random.Generator, users: int, effect: float) -> Any:
    """1% of calls fail, and `effect` points more."""
    return (rng.random((users, CALLS)) < 0.01 + effect).astype(float)


def _costs(rng: np.random.Generator, users: int, effect: float) -> Any:
    """A long tail, and users who ask for more than others."""
    taste = 1 + rng.random((users, 1))
    return (1 + effect) * taste * rng.lognormal(-6, 0.8, (users, CALLS))


def _latencies(rng: np.random.Generator, users: int, effect: float) -> Any:
    """Logarithms of milliseconds."""
    return rng.normal(6, 0.6, (users, CALLS)) + math.log1p(effect)


def _scores(rng: np.random.Generator, users: int, effect: float) -> Any:
    """Scores of a judge: 0.5, 0.75 or 1, on average 0.8 less `effect`."""
    whole = 0.45 - 2 * effect
    return rng.choice([0.5, 0.75, 1.0], size=(users, CALLS), p=[0.65 - whole, 0.35, whole])


DRAWS: dict[Metric, Draw] = {"error_rate": _errors, "cost": _costs, "latency": _latencies, "quality": _scores}
EFFECTS: dict[Metric, tuple[float, ...]] = {
    "error_rate": (0.02, 0.05, 0.1, 0.3),
    "cost": (0.2, 0.5, 1.0),
    "latency": (0.3, 0.5, 1.0),
    "quality": (0.05, 0.1, 0.2),
}
WORDS: dict[Metric, str] = {
    "error_rate": "errors 1% and {:.0%} more of all calls",
    "cost": "cost {:+.0%}",
    "latency": "latency {:+.0%}",
    "quality": "quality -{:.2f}",
}


@dataclass(frozen=True, slots=True)
class Power:
    """Shares of trials that were called worse by each checkpoint."""

    metric: Metric
    effect: float
    shares: tuple[float, ...]


def power(metric: Metric, effect: float, trials: int, rule: ReleaseRule) -> Power:
    """Of one effect on one metric; users of the old version come nine to one."""
    found = np.zeros(len(CHECKPOINTS))
    rng = np.random.default_rng(SEED)
    for _ in range(trials):
        new = DRAWS[metric](rng, CHECKPOINTS[-1], effect)
        old = DRAWS[metric](rng, round(CHECKPOINTS[-1] * (1 - SHARE) / SHARE), 0.0)
        for at, users in enumerate(CHECKPOINTS):
            samples = (_sample(old[: round(users * (1 - SHARE) / SHARE)]), _sample(new[:users]))
            [one] = differences({metric: samples[0]}, {metric: samples[1]}, rule)
            if one.word == "worse":
                found[at:] += 1
                break
    return Power(metric, effect, tuple(float(one) / trials for one in found))


def _sample(values: Any) -> Sample:
    totals, n = values.sum(axis=1), float(values.shape[1])
    users = len(totals)
    return Sample(users, users * n, float(totals.sum()), float(totals @ totals), n * float(totals.sum()), users * n * n)


def page(found: list[Power], alarms: list[Power], trials: int) -> str:
    """The table as it stands in the reference."""
    head = " | ".join(f"{users:,}" for users in CHECKPOINTS)
    lines = [
        "# How soon a bad canary is found",
        "",
        f"Simulated by `bench/canary_power.py`: {trials} trials a row, {CALLS} calls a user, a tenth of the users on",
        "the canary, the margins and the alpha that `config/success.yaml` comes with, looked at whenever the canary",
        "has had so many users. The share of trials in which it had been taken back by then:",
        "",
        f"| users of the canary | {head} |",
        "| --- " * (len(CHECKPOINTS) + 1) + "|",
    ]
    lines += [_row(one) for one in found]
    lines += [
        "",
        "And where nothing is worse, without any margin, which is the hardest case (at most alpha of all canaries, 5%,",
        "is promised for all metrics and all looks together; `tests/observability/test_sequential.py` holds it over",
        "1,000 trials):",
        "",
        f"| users of the canary | {head} |",
        "| --- " * (len(CHECKPOINTS) + 1) + "|",
    ]
    lines += [_row(one, f"{one.metric} alike") for one in alarms]
    lines += [
        "",
        "Fewer than `releases.min_users` users are never judged. Quality counts scored calls alone: with",
        "`scoring.share` at 2%, fifty calls give one score. A difference close to its margin takes long, which is the",
        "price of looking at any time.",
        "",
    ]
    return "\n".join(lines)


def _row(one: Power, name: str | None = None) -> str:
    shares = " | ".join(f"{share:.0%}" if share in (0, 1) else f"{share:.1%}" for share in one.shares)
    return f"| {name or WORDS[one.metric].format(one.effect)} | {shares} |"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--write", type=Path, help="write the page here")
    chosen = parser.parse_args()
    found = [
        power(metric, effect, chosen.trials, ReleaseRule()) for metric, tried in EFFECTS.items() for effect in tried
    ]
    alarms = [power(metric, 0.0, chosen.trials, STRICT) for metric in EFFECTS]
    text = page(found, alarms, chosen.trials)
    if chosen.write is None:
        print(text)
    else:
        chosen.write.write_text(text, encoding="utf-8")
    key = {f"{one.metric}.{one.effect:g}": one.shares for one in found}
    print(json.dumps(key | {f"{one.metric}.alike": one.shares for one in alarms}))


if __name__ == "__main__":
    main()
