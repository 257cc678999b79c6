"""The value of a metric, with what it rests on. A metric over nothing has no value, never zero or one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's value over `n` cases, None when `n` is 0.

    `scorer` names the scores it averages, None for times and costs. `reused` says that it could not be measured
    because every reply came from the cache.
    """

    value: float | None
    n: int
    by_slice: dict[str, float] = field(default_factory=dict)
    scorer: str | None = None
    reused: bool = False
