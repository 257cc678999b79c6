"""`relevance_lexical`: the answer takes up words of the question.

Yes or no, so that a short answer is not worse than a long one. Lexical, hence cheap and the same every time: it sees an
answer about something else, and none that says the same in other words or another language. What a judge finds of
relevance is `judged`, once it is calibrated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.citation_verified import cited_sentences

_WORD = re.compile(r"[^\W\d_]{4,}")
# Inflected forms of a word mostly agree in their first letters.
_STEM = 4
# Words that ask, and say nothing of what about.
_ASKING = frozenset(
    [
        "does",
        "what",
        "when",
        "which",
        "where",
        "with",
        "that",
        "this",
        "have",
        "from",
        "your",
        "many",
        "much",
        "long",
        "will",
        "there",
        "they",
        "would",
        "could",
        "should",
    ]
)


@dataclass(frozen=True, slots=True)
class RelevanceLexical:
    """At least the share `least` of the question's words of four letters and more is in answer or cited headings."""

    least: float = 0.3
    name: str = "relevance_lexical"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """1 or 0; None for an abstention and for a question without such words."""
        asked = _stems(str(case.inputs.get("question", "")))
        if output.abstained or not asked:
            return None
        cited = {marker for _, marker in cited_sentences(output.text)}
        headings = [one.heading for number, one in enumerate(output.sources, start=1) if number in cited]
        missing = asked - _stems(" ".join([output.text, *headings]))
        if len(asked) - len(missing) >= self.least * len(asked):
            return Score(1.0)
        return Score(0.0, f"takes up nothing of {', '.join(sorted(missing)[:4])}")


def _stems(text: str) -> set[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:_STEM] for word in words if word not in _ASKING}
