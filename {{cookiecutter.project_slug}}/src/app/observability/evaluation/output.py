"""What a solver gives back for a case, and what a scorer says about it. Plain values, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A retrieved passage. `document` is its path below the corpus, `heading` the last heading above it."""

    document: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """The answer to a case.

    `sources` are in order of rank; marker `[1]` in `text` means the first. `cached` says that the reply was reused,
    so its time and cost are not those of an interaction. `cost_usd` is None when no price is known. `detail` holds
    whatever scorers of one suite need besides, such as the steps of an agent.
    """

    text: str
    sources: tuple[Source, ...] = ()
    abstained: bool = False
    cost_usd: float | None = None
    latency_ms: float = 0.0
    cached: bool = False
    prompt_version: int | None = None
    trace_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """`value` lies between 0 (wrong) and 1 (right); `reason` says why in a few words.

    `cost_usd` is what the scoring itself cost, as a judging model does.
    """

    value: float
    reason: str = ""
    cost_usd: float = 0.0
