"""`relevance_lexical`: the answer takes up the words of the question.

Lexical, hence cheap and the same every time: it sees an answer about something else, and none that says the same in
other words or another language. What a judge finds of relevance is `judged`, once it is calibrated.
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
    """Of the question's words of four letters and more, the share that answer or cited headings hold."""

    name: str = "relevance_lexical"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """From 0 to 1; None for an abstention and for a question without such words."""
        asked = _stems(str(case.inputs.get("question", "")))
        if output.abstained or not asked:
            return None
        cited = {marker for _, marker in cited_sentences(output.text)}
        headings = [one.heading for number, one in enumerate(output.sources, start=1) if number in cited]
        missing = asked - _stems(" ".join([output.text, *headings]))
        return Score(
            1 - len(missing) / len(asked), f"takes up nothing of {', '.join(sorted(missing)[:4])}" * bool(missing)
        )


def _stems(text: str) -> set[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return {word[:_STEM] for word in words if word not in _ASKING}
