"""Rate limits as the database counts them: requests and tokens in the minute that begins with the first call.

A minute is one fixed window: at most the limit within it, so at most twice the limit in any sixty seconds across its
edge. Tokens are counted at the worst case when a call is admitted and at what it used once it is settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

WINDOW_S = 60.0


class Limit(NamedTuple):
    """A limit on one caller. None as a number is no limit; `subject` is the user or the session."""

    scope: str
    tenant: str
    subject: str
    requests: int | None
    tokens: int | None

    @property
    def who(self) -> str:
        """The limited party, for messages."""
        return f"tenant {self.tenant!r}" if self.scope == "tenant" else f"{self.scope} {self.subject!r}"


class Rate(NamedTuple):
    """Where a caller stands against one limit: used in this minute, this call included, and seconds until it ends."""

    limit: Limit
    requests: int
    tokens: int
    reset_s: float


def as_row(limit: Limit, number: int) -> Mapping[str, object]:
    """A limit as `app.admit` reads it."""
    return {"n": number, **limit._asdict()}
