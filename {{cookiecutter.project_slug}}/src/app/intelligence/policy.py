"""The gateway's decisions as functions over values: no clock, no network, no randomness of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from app.errors import (
    ProviderBrokenError,
    ProviderError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.settings import Deployment, Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One place that may serve a call: our model name, who serves it, under which id and at which price.

    Targets of one model and one `pool` are equals, among which the load is balanced by `weight`. `name` is
    `provider/id`, unique within a configuration. `region` is where the data is processed, None when nobody said.
    """

    model: str
    provider: str
    deployment: Deployment
    weight: float = 1.0
    region: str | None = None
    pool: str = ""
    name: str = field(init=False, compare=False, repr=False)
    equals: tuple[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.provider}/{self.deployment.id}")
        object.__setattr__(self, "equals", (self.model, self.pool))


@dataclass(frozen=True, slots=True)
class Next:
    """What to do after a failed attempt: wait `delay_s`, then try `target`; None means give up."""

    target: Target | None
    delay_s: float = 0.0


def named(entry: str, provider: str) -> tuple[str, str]:
    """What a route's entry asks for, as (model, provider): `large`, or `large@anthropic` for another than our provider.

    Offline every entry means the stand-in, so that a route with paid fallbacks still runs without a key or a network.
    """
    model, _, other = entry.partition("@")
    return model, provider if provider == "offline" else other or provider


def targets(settings: Settings, models: Sequence[str]) -> tuple[Target, ...]:
    """All deployments of a route's entries in the order they are to be tried, each once."""
    found: dict[str, Target] = {}
    for entry in models:
        model, provider = named(entry, settings.provider)
        for deployment in settings.models[model].get(provider, ()):
            by = deployment.provider or provider
            target = Target(model, by, deployment, deployment.weight, deployment.region, pool=provider)
            found.setdefault(target.name, target)
    return tuple(found.values())


def after_failure(
    error: ProviderError,
    current: Target,
    order: Sequence[Target],
    *,
    attempts_left: int,
    seconds_left: float,
    backoff_s: float,
    asked: Collection[str] = (),
    barred: Collection[str] = (),
) -> Next:
    """Retry here, move on or give up. `asked` and `barred` hold names of targets.

    A call walks down its order and never up, and asks no target twice except the one it stands at, so it cannot loop.
    A refused request moves on at once. After a broken, unavailable or throttled attempt an equal not asked yet comes
    next, at once: it is another place. Without one the current target is tried again, after the delay the provider
    asked for or our own backoff, while that fits into the deadline and leaves an attempt for each one behind it.
    """
    if attempts_left <= 0:
        return Next(None)
    behind = [
        target
        for target in _from(order, current)
        if target.name != current.name and target.name not in asked and target.name not in barred
    ]
    delay = backoff_s
    if isinstance(error, ProviderThrottledError) and error.retry_after_s is not None:
        delay = error.retry_after_s
    retryable = isinstance(error, ProviderUnavailableError | ProviderThrottledError | ProviderBrokenError)
    elsewhere = bool(behind) and behind[0].equals == current.equals
    again = retryable and not elsewhere and current.name not in barred
    if again and attempts_left > len(behind) and delay < seconds_left:
        return Next(current, delay)
    return Next(behind[0] if behind else None)


def _from(order: Sequence[Target], current: Target) -> Sequence[Target]:
    """The part of `order` that begins with the equals of `current`."""
    return order[next(place for place, target in enumerate(order) if target.equals == current.equals) :]


def backoff_s(failures: int, initial_s: float, max_s: float, jitter: float) -> float:
    """Exponential backoff with full jitter: between 0 and min(max, initial * 2^(failures-1)).

    `jitter` is a random number in [0, 1). See Brooker, "Exponential Backoff and Jitter", 2015.
    """
    return jitter * min(max_s, initial_s * 2.0 ** (failures - 1))
