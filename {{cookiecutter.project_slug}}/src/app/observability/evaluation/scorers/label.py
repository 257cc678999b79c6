"""`label`: the answer is the expected label, letter case and surrounding punctuation aside."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score


@dataclass(frozen=True, slots=True)
class Label:
    """Compares the text with `expected[field]`. Raises KeyError when the case expects no label."""

    field: str = "label"
    name: str = "label"

    def __call__(self, case: Case, output: Output) -> Score:
        """1 when they are equal, else 0."""
        expected, given = _plain(str(case.expected[self.field])), _plain(output.text)
        if given == expected:
            return Score(1.0)
        return Score(0.0, f"expected {expected!r}, got {given[:60]!r}")


def _plain(text: str) -> str:
    return text.strip().strip("\"'`*.:!").strip().casefold()
