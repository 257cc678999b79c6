"""Routes and follow-up questions."""

from __future__ import annotations

import pytest

from app.data.retrieval import Hit
from app.orchestration.routing import as_context, chosen_route, in_conversation


@pytest.mark.parametrize(
    ("text", "data", "route"),
    [
        ("documentation", None, "documentation"),
        ("Other.", None, "other"),
        ('"other"', None, "other"),
        ("", {"label": "other"}, "other"),
        ("documentation, not other", None, "documentation"),
        ("I am not sure", None, "documentation"),
        ("", None, "documentation"),
        ("{}", {"label": 7}, "documentation"),
    ],
)
def test_only_a_clear_label_leaves_the_documentation(text: str, data: object, route: str) -> None:
    """A question is turned away only when the reply says so and nothing else."""
    assert chosen_route(text, data) == route


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("And for annual plans?", "How do I get a refund? And for annual plans?"),
        (
            "How long does it take?",
            "How do I get a refund? How long does it take?",
        ),
        ("Why?", "How do I get a refund? Why?"),
        ("Where can administrators export invoices?", "Where can administrators export invoices?"),
    ],
)
def test_a_question_that_leans_back_is_joined_with_the_last_that_stood_alone(question: str, meant: str) -> None:
    """`it`, `and ...` and bare questions need the one before; a whole question does not."""
    assert in_conversation(question, ["How do I get a refund?", "Why?"]) == meant


def test_without_a_conversation_a_question_stands_alone() -> None:
    """Nothing to lean on."""
    assert in_conversation("And then?", []) == "And then?"


def test_sources_are_numbered_as_they_will_be_cited() -> None:
    """Number, title and heading, text; the title is not said twice."""
    hits = [
        Hit("1", "a.md", "Refunds", ("Refunds", "Window"), "14 days.", 0.1, 1, None),
        Hit("2", "b.md", "Security", (), "Use keys.", 0.1, 2, None),
    ]

    assert as_context(hits) == "[1] Refunds > Window\n14 days.\n\n[2] Security\nUse keys."
