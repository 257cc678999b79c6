"""Drift is found where there is one, and not called where chance or a small change brings as much."""

from __future__ import annotations

import random

import pytest

from app.observability.evaluation.drift import Rule, of_labels, of_numbers, of_scores, of_texts
from app.observability.evaluation.novelty import Novelty

pytestmark = pytest.mark.feature("O6")

RULE = Rule()
WORDS = {
    "billing": ["invoice", "charge", "refund", "card", "plan", "price", "receipt", "month", "payment"],
    "outage": ["down", "error", "crash", "blank", "slow", "timeout", "login", "broken", "screen"],
}


def texts(topic: str, count: int, seed: int) -> list[str]:
    """Sentences of eight words about a topic, with some words everybody uses."""
    draw = random.Random(seed)
    return [" ".join(draw.choices([*WORDS[topic], "please", "hello", "thanks"], k=8)) for _ in range(count)]


def test_a_new_topic_is_drift_and_its_words_are_told() -> None:
    """A third of the questions are of an outage that nobody asked about before."""
    found = of_texts(
        "input words", texts("billing", 150, 1), [*texts("billing", 100, 2), *texts("outage", 50, 3)], RULE
    )
    assert found.word == "drift"
    assert found.size > RULE.words
    assert found.p < 0.01
    assert any(f"+{word}" in found.told for word in WORDS["outage"])


def test_the_same_traffic_is_steady_and_too_little_says_nothing() -> None:
    """Twenty halves of one topic: no drift. Forty calls: no word."""
    for seed in range(0, 40, 2):
        assert of_texts("w", texts("billing", 80, seed), texts("billing", 80, seed + 1), RULE).word == "steady"
    assert of_texts("w", texts("billing", 40, 1), texts("outage", 400, 2), RULE).word == "too few"


def test_a_change_must_be_large_not_only_certain() -> None:
    """Two points of a hundred over a thousand calls are certain and small."""
    draw = random.Random(1)
    before = [draw.gauss(0.90, 0.02) for _ in range(500)]
    after = [draw.gauss(0.88, 0.02) for _ in range(500)]
    small = of_scores("judge score", before, after, RULE)
    assert (small.word, small.p < 0.01) == ("steady", True)
    large = of_scores("judge score", before, [value - 0.1 for value in after], RULE)
    assert large.word == "drift"
    assert large.told.startswith("mean 0.90")


def test_numbers_and_labels() -> None:
    """Twice as long answers; a label that takes over."""
    draw = random.Random(2)
    lengths = [draw.lognormvariate(5, 0.4) for _ in range(200)]
    assert of_numbers("output length", lengths[:100], lengths[100:], RULE).word == "steady"
    assert of_numbers("output length", lengths[:100], [2 * one for one in lengths[100:]], RULE).word == "drift"
    even = draw.choices(["billing", "account", "other"], k=200)
    assert of_labels("output labels", even[:100], even[100:], RULE).word == "steady"
    assert of_labels("output labels", even, ["other"] * 100, RULE).word == "drift"
    assert of_labels("output labels", ["a"] * 60, ["a"] * 60, RULE).p == 1.0


def test_novelty_is_what_nothing_known_resembles() -> None:
    """And the picked ones differ from each other."""
    known = ["How do I get a refund for my invoice?", "Where is my receipt?"]
    new = [
        "How do I get a refund for my invoice?",
        "The export to Narwhal fails",
        "Export to Narwhal fails again",
        "Kiosk mode?",
    ]
    novelty = Novelty(known, new)
    assert novelty.of(known[0]) == pytest.approx(0.0)
    assert novelty.of("quite another thing") == 1.0
    picked = [place for place, _ in novelty.most_novel(new, 2)]
    assert sorted(picked) in ([1, 3], [2, 3])
    assert len(novelty.most_novel(new, 10)) == 4
