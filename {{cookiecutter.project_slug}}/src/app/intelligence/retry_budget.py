"""What further attempts may cost: a token bucket that keeps retries a small share of the calls.

Attempts a call bound one call; this bounds all of them together, so that a long storm of errors does not multiply
itself. See Finagle's RetryBudget and "Addressing Cascading Failures" in Google's SRE book.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Each call earns the share `ratio` of a retry, each second `per_s`, and at most `burst` are saved up.

    In T seconds with n calls there are therefore at most `ratio * n + per_s * T + burst` paid attempts at a deployment.
    Moving on to another deployment is free while less than `free_failover_below` of that one's attempts fail; above
    that, or with its breaker not closed, it is paid like a retry: in a storm it adds load just the same.
    """

    ratio: float = 0.1
    per_s: float = 0.1
    burst: float = 5.0
    free_failover_below: float = 0.15


class RetryBudget:
    """The budget of one deployment. `now` is in seconds of any steady clock."""

    __slots__ = ("_at", "_limits", "_tokens")

    def __init__(self, limits: RetryLimits, now: float) -> None:
        self._limits = limits
        self._tokens = limits.burst
        self._at = now

    def earn(self) -> None:
        """A call comes to this deployment first."""
        self._tokens = min(self._limits.burst, self._tokens + self._limits.ratio)

    def affords(self, now: float) -> bool:
        """Whether one more attempt can be paid."""
        if now > self._at:
            self._tokens = min(self._limits.burst, self._tokens + (now - self._at) * self._limits.per_s)
            self._at = now
        return self._tokens >= 1.0

    def spend(self, now: float) -> bool:
        """Pay for one more attempt; False, and nothing paid, when it cannot be afforded."""
        if not self.affords(now):
            return False
        self._tokens -= 1.0
        return True
