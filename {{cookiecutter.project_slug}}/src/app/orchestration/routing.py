"""Which way a question goes, and what it means in its conversation. Pure functions over values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, get_args

from app.data.retrieval import Hit
from app.orchestration.citations import content_words

Route = Literal["documentation", "other"]
# A question without content words, or with one of these words, leans on the question before it.
BACKWARD = frozenset({"it", "its", "this", "they", "them", "their", "those", "these"})
OPENINGS = ("and ", "what about", "how about", "or ", "but ", "why not")


def chosen_route(text: str, data: Any = None) -> Route:
    """The route a reply names. Anything unclear is `documentation`: retrieval and verification decide there."""
    label = data.get("label") if isinstance(data, dict) else text
    words = re.findall(r"[a-z]+", str(label).lower())
    named = [route for route in get_args(Route) if route in words]
    return named[0] if len(named) == 1 else "documentation"


def in_conversation(question: str, earlier: Sequence[str]) -> str:
    """The question as it is meant: one that leans back is joined with the last that stood alone.

    `earlier` are the questions before it, oldest first.
    """
    if not earlier or not leans_back(question):
        return question
    subject = next((asked for asked in reversed(earlier) if not leans_back(asked)), earlier[-1])
    return f"{subject.rstrip()} {question}"


def leans_back(question: str) -> bool:
    """Whether a question can hardly be understood without the one before it."""
    lowered = question.lower().strip()
    words = set(lowered.replace("?", " ").replace("'", " ").split())
    return not content_words(lowered) or bool(words & BACKWARD) or lowered.startswith(OPENINGS)


def as_context(hits: Sequence[Hit], texts: Sequence[str] | None = None) -> str:
    """The sources as the prompt shows them: `[1] Title > Heading`, the text (or the one in `texts`), an empty line."""
    shown = [hit.text for hit in hits] if texts is None else texts
    return "\n\n".join(
        f"[{number}] {hit.label}\n{text}" for number, (hit, text) in enumerate(zip(hits, shown, strict=True), start=1)
    )
