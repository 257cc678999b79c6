"""Tiers: which requests look hard and why, and which cheap replies are not good enough."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intelligence.messages import Message, ModelReply, ModelRequest, ToolCall, Usage
from app.intelligence.tiers import TierLimits, difficulty, escalates, models_for

LIMITS = TierLimits()


def asked(text: str) -> ModelRequest:
    return ModelRequest("small", (Message("system", "Answer from the sources. " * 400), Message("user", text)))


def said(text: str = "Fourteen days.", **values: object) -> ModelReply:
    return ModelReply(text, "small", Usage(10, 5), **values)  # type: ignore[arg-type]


@pytest.mark.feature("G8")
@pytest.mark.parametrize(
    ("text", "tier", "reason"),
    [
        ("How long do I have to ask for a refund?", "simple", None),
        ("I was charged twice, 49.00 and 49.00, on invoice 1881. Why?", "simple", None),
        ("Wie lange kann ich eine Rückerstattung verlangen?", "simple", None),
        ("Import the class list from the old system.", "simple", None),
        ("Why? " * 5, "hard", "5 questions, more than 2"),
        ("word " * 900, "hard", "4500 characters, more than 2000"),
        ("Why does this fail?\n```\nTypeError: x\n```", "hard", "code"),
        ("Mend this:\ndef total(rows):\n    return rows", "hard", "code"),
        ("What is wrong?\nSELECT id FROM invoices", "hard", "code"),
        ("\n".join(f"[{n}] Title > Heading\ntext" for n in range(1, 14)), "hard", "13 sources, more than 6"),
        (" ".join(str(n) for n in range(70)), "hard", "70 numbers, more than 30"),
        ("Переведи: where is my invoice? И почему? Why?", "hard", "scripts: Latin, Cyrillic"),
    ],
)
def test_a_request_is_judged_by_what_can_be_counted(text: str, tier: str, reason: str | None) -> None:
    """Length, questions, sources, numbers, code and scripts; the judgement names its reasons."""
    judged = difficulty(asked(text), LIMITS)

    assert judged.tier == tier
    assert reason is None or reason in judged.reasons


def test_one_language_that_is_not_english_is_not_hard() -> None:
    """A question in Hindi or Japanese is a simple question."""
    for text in ("रिफंड कब मिलेगा?", "返金はいつですか。", "متى أسترد أموالي؟"):
        assert difficulty(asked(text), LIMITS).points == 0


@pytest.mark.feature("G8")
@given(st.text(max_size=400), st.text(max_size=400))
def test_more_text_is_never_simpler(first: str, second: str) -> None:
    """Adding a message to a request leaves its points as they are or raises them."""
    one = asked(first)
    both = ModelRequest("small", (*one.messages, Message("user", second)))

    assert difficulty(both, LIMITS).points >= difficulty(one, LIMITS).points


@pytest.mark.feature("G8")
@pytest.mark.parametrize(
    ("reply", "confidence", "fault", "reason"),
    [
        (said(), None, None, None),
        (said(), 0.6, None, None),
        (said(), 0.59, None, "its confidence 0.59 is below 0.6"),
        (said(), 0.9, "age: 'old' is not of type 'integer'", "it does not fit its schema: age: 'old' is not of type"),
        (said("  "), None, None, "it is empty"),
        (said("", tool_calls=(ToolCall("1", "find", "{}"),)), None, None, None),
        (said(finish_reason="length"), None, None, "it was cut off at its output limit"),
    ],
)
def test_a_cheap_reply_escalates_with_its_reason(
    reply: ModelReply, confidence: float | None, fault: str | None, reason: str | None
) -> None:
    """Low confidence, failed validation, an empty or a cut reply; anything else stands."""
    found = escalates(reply, LIMITS, confidence=confidence, fault=fault)

    assert found is None if reason is None else found is not None and found.startswith(reason)


@pytest.mark.feature("G8")
def test_the_tiers_model_goes_first_and_the_others_stay_as_fallbacks() -> None:
    """A hard request starts at the dear model; no model comes twice; without tiers the route stands."""
    tiers = {"simple": "small", "hard": "large"}
    route = ("small", "large", "large@anthropic")

    assert models_for("simple", tiers, route) == route
    assert models_for("hard", tiers, route) == ("large", "small", "large@anthropic")
    assert models_for("hard", {}, route) == route


def test_judging_is_light() -> None:
    """A question with two pages of context is judged in under 1 ms (about a tenth of that on the build machine)."""
    request = asked("Tallybird sends an invoice of 12.50 each month, über alles. " * 65)
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        difficulty(request, LIMITS)
        best = min(best, time.perf_counter() - began)

    assert best < 1e-3
