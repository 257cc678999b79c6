"""`factuality_lexical`: the answer holds the facts of a right answer, and no number that its sources lack.

Lexical: facts are the strings of `expected["contains"]`, and of what an answer makes up it sees numbers alone. What a
judge finds is `judged`, once it is calibrated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.contains import plain

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_MARKER = re.compile(r"\[\d{1,3}(?:\s*,\s*\d{1,3})*\]")
_LIST_MARK = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FactualityLexical:
    """The share of the expected facts that are there; 0 when a number in the answer stands in no source."""

    name: str = "factuality_lexical"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """From 0 to 1; None for a case that names no facts. An abstention where there are facts holds none of them."""
        facts = case.expected.get("contains") or []
        if not facts:
            return None
        said = _LIST_MARK.sub("", _MARKER.sub("", output.text))
        known = " ".join(
            [str(case.inputs.get("question", "")), *(f"{one.heading} {one.text}" for one in output.sources)]
        )
        invented = [number for number in _NUMBER.findall(said) if number not in set(_NUMBER.findall(known))]
        if invented and not output.abstained:
            return Score(0.0, f"no source holds {invented[0]}")
        missing = [fact for fact in facts if plain(fact) not in plain(output.text)]
        return Score(1 - len(missing) / len(facts), f"lacks {missing[0]!r}" if missing else "")
