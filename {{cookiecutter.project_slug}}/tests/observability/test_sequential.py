"""The sequential comparison: how often it cries wolf when looked at all the time, and how soon it sees a wolf."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from app.observability.evaluation.arms import differences
from app.observability.evaluation.sequential import Sample, interval
from app.observability.evaluation.success import Margins, ReleaseRule

# No margin: the hardest case, where a version exactly as good stands on the edge of what is still fine.
STRICT = ReleaseRule(margins=Margins(error_rate=0, cost=0, latency=0, quality=0, satisfaction=0))
USERS, CALLS, LOOKS = 200, 2_000, 100

Draw = Callable[[random.Random, int], dict[str, float]]


def alike(rng: random.Random, user: int) -> dict[str, float]:
    """A call's numbers: rare errors, costs with a long tail that depend on the user, latencies, coarse scores."""
    taste = 1 + user * 7919 % 100 / 100
    return {
        "error_rate": float(rng.random() < 0.01),
        "cost": taste * rng.lognormvariate(-6, 0.8),
        "latency": rng.gauss(6, 0.6),
        "quality": rng.choice((0.0, 0.5, 1.0, 1.0)),
    }


def calls_until_worse(draw_new: Draw, seed: int) -> int | None:
    """The number of calls after which the new version, which one user in five has, is found worse; None if never."""
    rng = random.Random(seed)
    arms: tuple[dict[str, dict[int, tuple[int, float]]], ...] = ({}, {})
    sums: tuple[dict[str, list[float]], ...] = ({}, {})
    for call in range(1, CALLS + 1):
        user = rng.randrange(USERS)
        new = user % 5 == 0
        for metric, value in (draw_new if new else alike)(rng, user).items():
            n, y = arms[new].setdefault(metric, {}).get(user, (0, 0.0))
            arms[new][metric][user] = (n + 1, y + value)
            total = sums[new].setdefault(metric, [0, 0, 0, 0, 0, 0])
            for at, more in enumerate((n == 0, 1, value, (y + value) ** 2 - y * y, (n + 1) * (y + value) - n * y)):
                total[at] += more
            total[5] += 2 * n + 1
        if call % (CALLS // LOOKS) == 0:
            old, tried = ({metric: _sample(six) for metric, six in arm.items()} for arm in sums)
            if any(one.word == "worse" for one in differences(old, tried, STRICT)):
                return call
    return None


@pytest.mark.feature("P3")
@pytest.mark.slow
def test_a_version_that_is_alike_is_hardly_ever_called_worse() -> None:
    """1,000 trials of a version against itself, looked at 100 times each: at most alpha of them end in an alarm."""
    alarms = sum(calls_until_worse(alike, seed) is not None for seed in range(1_000))

    assert alarms <= 1_000 * STRICT.alpha


@pytest.mark.feature("P3")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "median"),
    [
        ({"cost": lambda value: value * 2}, 600),
        ({"latency": lambda value: value + math.log(2)}, 200),
        ({"error_rate": lambda value: 1.0}, 200),
        ({"quality": lambda value: value * 0.5}, 200),
    ],
    ids=["cost doubled", "latency doubled", "all errors", "quality halved"],
)
def test_a_bad_version_is_found_soon(change: dict[str, Callable[[float], float]], median: int) -> None:
    """At least 95 of 100 trials end within 2,000 calls, half of them after this many (a fifth of them its own)."""

    def worse(rng: random.Random, user: int) -> dict[str, float]:
        return {name: change.get(name, lambda same: same)(value) for name, value in alike(rng, user).items()}

    found = sorted(calls_until_worse(worse, seed) or CALLS + 1 for seed in range(100))

    assert found[94] <= CALLS
    assert found[49] <= median


def test_calls_of_one_user_are_not_independent() -> None:
    """A hundred equal calls of each of two users say no more than one of each."""
    once = Sample.of([(1, 0.2), (1, 0.6)])
    often = Sample.of([(100, 20.0), (100, 60.0)])

    assert often.variance() == pytest.approx(once.variance())


def test_no_error_yet_is_not_certainty() -> None:
    """Without a single error the interval of an error rate still has a width; one user alone has none at all."""
    sample = Sample.of([(1, 0.0)] * 30)

    assert sample.variance() == 0
    assert sample.variance(binary=True) > 0
    assert Sample.of([(50, 3.0)]).variance() == math.inf


@pytest.mark.feature("P4")
def test_what_has_no_price_is_safe_and_a_first_price_is_not() -> None:
    """Two versions on a model that costs nothing: decided. One of them begins to cost: not safe."""
    free, paid = (Sample.of([(10, usd)] * 30) for usd in (0.0, 0.1))

    [same] = differences({"cost": free}, {"cost": free}, ReleaseRule())
    [dearer] = differences({"cost": free}, {"cost": paid}, ReleaseRule())

    assert (same.word, same.change.high) == ("safe", 0)
    assert dearer.word != "safe"


def test_an_interval_narrows_and_a_smaller_alpha_widens_it() -> None:
    """With the variance of the estimate, and whatever effect it is tightest for."""
    wide, narrow = (interval(0.1, variance, alpha=0.05, scale=0.1) for variance in (0.01, 0.0001))
    sure = interval(0.1, 0.0001, alpha=0.001, scale=0.1)

    assert wide.low < narrow.low < 0.1 < narrow.high < wide.high
    assert sure.low < narrow.low


def test_a_bound_that_means_nothing_is_told_in_few_words() -> None:
    """Where hardly a call was made, the interval of the latency spans many orders of magnitude; the line does not."""
    one, few = Sample.of([(1, 3.0)]), Sample.of([(1, 1.0), (1, 12.0)] * 3)

    [unknown] = differences({"latency": one}, {"latency": one}, ReleaseRule())
    [wide] = differences({"latency": few}, {"latency": few}, ReleaseRule(min_users=6))

    assert unknown.told().endswith("(+0%, interval -100% to unknown, 1 value of 1 user)")
    assert wide.told().endswith("(+0%, interval -100% to over +1000%, 6 values of 6 users)")


def _sample(six: list[float]) -> Sample:
    return Sample(int(six[0]), *six[1:])
