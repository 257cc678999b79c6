"""`contains`: the answer holds every string a right answer must hold."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score


@dataclass(frozen=True, slots=True)
class Contains:
    """Looks for all of `expected["contains"]`, letter case and runs of white space aside."""

    name: str = "contains"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """1 when all are there, else 0; None when the case names none."""
        wanted = case.expected.get("contains") or []
        if not wanted:
            return None
        text = plain(output.text)
        missing = [string for string in wanted if plain(string) not in text]
        return Score(0.0, f"lacks {missing[0]!r}") if missing else Score(1.0)


def plain(text: str) -> str:
    """As strings are compared: one space for any white space, letter case gone."""
    return " ".join(text.split()).casefold()
