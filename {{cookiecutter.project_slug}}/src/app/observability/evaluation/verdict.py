"""What the evaluation gate says: green or red, why, and which cases moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Flipped:
    """A case that scored otherwise than in the baseline."""

    suite: str
    metric: str
    case: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` says why it is red, one line each; `notes` what a reviewer should know besides."""

    status: Literal["green", "red"]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    flipped: tuple[Flipped, ...]
    metrics: Mapping[str, Mapping[str, float | None]]

    @property
    def green(self) -> bool:
        """Whether the change may pass."""
        return self.status == "green"

    def summary(self) -> str:
        """The verdict for a terminal or a merge request, a few lines."""
        lines = [f"evaluation gate: {self.status}"]
        for suite, metrics in self.metrics.items():
            shown = ", ".join(
                f"{name} {'not measured' if value is None else f'{value:.4g}'}" for name, value in metrics.items()
            )
            lines.append(f"  {suite}: {shown}")
        lines += [f"  red: {reason}" for reason in self.reasons]
        lines += [f"  note: {note}" for note in self.notes]
        for flip in self.flipped:
            word = "lost" if flip.after < flip.before else "won"
            lines.append(f"  {word} {flip.case} ({flip.metric} {flip.before:.4g} -> {flip.after:.4g})")
        return "\n".join(lines)
