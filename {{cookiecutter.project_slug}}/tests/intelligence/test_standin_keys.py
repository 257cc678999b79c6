"""The stand-in gives the keys that a prompt names in a sentence, with what it says of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.intelligence.messages import Message, ModelRequest
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.standin.keys import named_keys

pytestmark = pytest.mark.feature("N2")
TICKET = "I was charged twice for my subscription this month!"


async def _said(system: str, asked: str = TICKET) -> str:
    request = ModelRequest("m", (Message("system", system), Message("user", asked)))
    return (await OfflineProvider().complete(request, Timeouts())).text


async def test_words_in_brackets_are_what_a_key_may_hold() -> None:
    """Options, types and explanations, as the prompt gives them."""
    told = (
        "Classify the ticket. Reply with JSON keys: category (billing|technical|other), urgency (low/medium/high), "
        "count (int), tags (list of strings), open (one of: yes, no, or unclear), summary (one line)."
    )
    given: dict[str, Any] = json.loads(await _said(told))
    assert list(given) == ["category", "urgency", "count", "tags", "open", "summary"]
    assert given["category"] in ("billing", "technical", "other")
    assert given["urgency"] in ("low", "medium", "high")
    assert given["open"] in ("yes", "no", "unclear")
    assert isinstance(given["count"], int)
    assert isinstance(given["tags"], list)
    assert "charged twice" in given["summary"]


@pytest.mark.parametrize("text", [" (there are several) and values", "", " that nobody knows"])
def test_a_sentence_that_lists_no_keys_has_none(text: str) -> None:
    """What follows the word is prose."""
    assert named_keys(text) == {}


async def test_quoted_words_beside_each_other_are_options() -> None:
    """`"a"|"b"` in the place of a value."""
    told = 'Classify the ticket. Reply with JSON: {"category": "billing" | "technical"|"account", "why": "text"}'
    given = json.loads(await _said(told))
    assert given["category"] in ("billing", "technical", "account")


async def test_one_of_the_above_is_one_of_the_words_told_apart() -> None:
    """A field of JSON and a list of definitions."""
    told = (
        "You are a router.\nDefinitions:\n- code: programming, algorithms, debugging.\n- creative: stories, poems.\n"
        'Return a JSON object: {"route": <one of above>, "reason": "short"}.'
    )
    assert json.loads(await _said(told, "Query: Which algorithms sort a list in programming?"))["route"] == "code"


async def test_a_word_that_a_format_holds_is_said_in_the_format() -> None:
    """`Status: [PASS/FAIL]`, where PASS also stands for an end."""
    told = (
        'Only output "PASS" if all criteria are met.\nReturn in this format:\nStatus: [PASS/FAIL]\nFeedback: [text]\n'
    )
    lines = (await _said("", told + "\nContent: a story")).splitlines()
    assert lines[0] == "Status: PASS"
    assert lines[1].startswith("Feedback: ")


async def test_a_field_described_as_a_markdown_table_holds_one() -> None:
    """A heading, a rule and a row, which readers of tables take."""
    kept = {"type": "string", "description": "The markdown representation of\n the table, tidy"}
    schema = {"type": "object", "properties": {"table": kept}, "required": ["table"]}
    request = ModelRequest("m", (Message("user", TICKET),), output_schema=schema)
    lines = json.loads((await OfflineProvider().complete(request, Timeouts())).text)["table"].splitlines()
    assert [line.count("|") for line in lines] == [3, 3, 3]
    assert "charged twice" in lines[2]
