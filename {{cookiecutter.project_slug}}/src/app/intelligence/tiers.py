"""First cheap, then escalate: which model a request deserves, and when a cheap reply is not good enough.

The classifier counts what can be seen without a model and says why it decided so. It does not understand the question;
what it gets wrong in the cheap direction, `escalates` mends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.intelligence.messages import ModelReply, ModelRequest
from app.intelligence.reply import Reply

Tier = Literal["simple", "hard"]

_SOURCE = re.compile(r"\[\d+\] ")
_CODE = re.compile(
    r"\s*(?:```|def \w+\(|class \w+[:(]|from [\w.]+ import |import \w+(?:\.\w+)*;?$|(?:async )?function\b.*\("
    r"|(?:const|let|var) \w+ =|#include [<\"]|SELECT\b.+\bFROM\b|INSERT INTO |UPDATE \w+ SET )"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_QUESTION_MARKS = "?\uff1f\u061f"
# First and last letter of each script.
_SCRIPTS = (
    ("Latin", "A", "\u024f"),
    ("Greek", "\u0370", "\u03ff"),
    ("Cyrillic", "\u0400", "\u04ff"),
    ("Hebrew", "\u0590", "\u05ff"),
    ("Arabic", "\u0600", "\u06ff"),
    ("Indic", "\u0900", "\u0dff"),
    ("Thai", "\u0e00", "\u0e7f"),
    ("Chinese or Japanese", "\u3040", "\u9fff"),
    ("Korean", "\uac00", "\ud7af"),
)


@dataclass(frozen=True, slots=True)
class TierLimits:
    """What a simple request may hold, and what a cheap reply must reach.

    Each count above its limit is one point, twice the limit two; code is `code_points`, more than one script one point.
    `hard_points` make a request hard. Below `confidence`, in [0, 1], a cheap reply escalates.
    """

    characters: int = 2_000
    questions: int = 2
    sources: int = 6
    numbers: int = 30
    code_points: int = 2
    hard_points: int = 2
    confidence: float = 0.6


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How hard a request looks: its tier, its points and what gave them, for the log."""

    tier: Tier
    points: int
    reasons: tuple[str, ...]


def difficulty(request: ModelRequest, limits: TierLimits) -> Difficulty:
    """Judge a request by all its messages except the system's, which are the same for every input of a task."""
    text = "\n".join(message.text for message in request.messages if message.role != "system")
    lines = text.splitlines()
    found: list[tuple[int, str]] = []
    for name, count, limit in (
        ("characters", len(text), limits.characters),
        ("questions", sum(map(text.count, _QUESTION_MARKS)), limits.questions),
        ("sources", sum(1 for line in lines if _SOURCE.match(line)), limits.sources),
        ("numbers", len(_NUMBER.findall(text)), limits.numbers),
    ):
        if count > limit:
            found.append((2 if count > 2 * limit else 1, f"{count} {name}, more than {limit}"))
    if any(map(_CODE.match, lines)):
        found.append((limits.code_points, "code"))
    scripts = _scripts(text)
    if len(scripts) > 1:
        found.append((1, f"scripts: {', '.join(scripts)}"))
    points = sum(worth for worth, _ in found)
    return Difficulty("hard" if points >= limits.hard_points else "simple", points, tuple(why for _, why in found))


def models_for(tier: Tier, tiers: Mapping[Tier, str], models: Sequence[str]) -> tuple[str, ...]:
    """The entries of a route in the order for this tier: the tier's own model first, the others behind as fallbacks.

    `tiers` is `{simple: small, hard: large}`; empty, the route's models stand as they are.
    """
    return tuple(dict.fromkeys((tiers[tier], *models))) if tiers else tuple(models)


def escalates(
    reply: ModelReply | Reply, limits: TierLimits, *, confidence: float | None = None, fault: str | None = None
) -> str | None:
    """Why the dearer model should answer instead, None when the cheap reply stands.

    `fault` is what the reply's validation found; `confidence` is in [0, 1], None when nothing measured it.
    """
    if fault is not None:
        return f"it does not fit its schema: {fault}"
    if reply.finish_reason == "length":
        return "it was cut off at its output limit"
    if not reply.text.strip() and not reply.tool_calls:
        return "it is empty"
    if confidence is not None and confidence < limits.confidence:
        return f"its confidence {confidence:.2f} is below {limits.confidence:g}"
    return None


def _scripts(text: str) -> list[str]:
    """The scripts that the letters of a text belong to."""
    if text.isascii():
        return ["Latin"]
    letters = [letter for letter in set(text) if letter.isalpha()]
    return [name for name, first, last in _SCRIPTS if any(first <= letter <= last for letter in letters)]
