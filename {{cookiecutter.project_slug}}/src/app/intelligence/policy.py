"""The gateway's decisions as functions over values: no clock, no network, no randomness of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import (
    ProviderBrokenError,
    ProviderError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.settings import Deployment, Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One place that may serve a call: our model name, who serves it, under which id and at which price."""

    model: str
    provider: str
    deployment: Deployment

    @property
    def name(self) -> str:
        """`provider/id`, unique within a configuration."""
        return f"{self.provider}/{self.deployment.id}"


@dataclass(frozen=True, slots=True)
class Next:
    """What to do after a failed attempt: wait `delay_s`, then try `target`; None means give up."""

    target: Target | None
    delay_s: float = 0.0


def targets(settings: Settings, models: Sequence[str]) -> tuple[Target, ...]:
    """All deployments of the models for the configured provider, in the order they are to be tried."""
    return tuple(
        Target(model, settings.provider, deployment)
        for model in models
        for deployment in settings.models[model].get(settings.provider, ())
    )


def after_failure(
    error: ProviderError,
    current: Target,
    order: Sequence[Target],
    *,
    attempts_left: int,
    seconds_left: float,
    backoff_s: float,
) -> Next:
    """Retry here, move on or give up.

    A refused request moves on at once. A broken, unavailable or throttled deployment is tried again, after the delay
    the provider asked for or our own backoff, while that fits into the deadline and leaves an attempt for each one
    behind it.
    """
    position = order.index(current)
    following = order[position + 1] if position + 1 < len(order) else None
    if attempts_left <= 0:
        return Next(None)
    delay = backoff_s
    if isinstance(error, ProviderThrottledError) and error.retry_after_s is not None:
        delay = error.retry_after_s
    retryable = isinstance(error, ProviderUnavailableError | ProviderThrottledError | ProviderBrokenError)
    behind = len(order) - position - 1
    if retryable and attempts_left > behind and delay < seconds_left:
        return Next(current, delay)
    return Next(following)


def backoff_s(failures: int, initial_s: float, max_s: float, jitter: float) -> float:
    """Exponential backoff with full jitter: between 0 and min(max, initial * 2^(failures-1)).

    `jitter` is a random number in [0, 1). See Brooker, "Exponential Backoff and Jitter", 2015.
    """
    return jitter * min(max_s, initial_s * 2.0 ** (failures - 1))
