"""What admission is told of a call: before it, what it may need at worst; after it, what it used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from app.caller import Caller


@dataclass(frozen=True, slots=True)
class Ask:
    """What a call may need at worst, retries and fallbacks included. `usd` is None when no price is known.

    `id` is the call's; `output_tokens` is what it may write, `input_tokens` what it sends.
    """

    id: UUID
    caller: Caller
    task: str
    usd: float | None
    input_tokens: int
    output_tokens: int
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call used. None is not known: the worst case counts. A call that reached no provider used nothing."""

    usd: float | None = 0.0
    tokens: int | None = 0
