"""Thoughts and bare values of an enumeration, as the vendors' own SDKs see them: told when asked for, else not."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from google.genai import types

from app.intelligence.messages import Chunk, ToolCall
from tests.interface.served_doors import Served, a_reply

pytestmark = [pytest.mark.slow, pytest.mark.feature("I1")]

THOUGHT = "A fortnight has two weeks."
ASKED: Any = [{"role": "user", "content": "How long?"}]


class Mood(enum.Enum):
    """What a review is."""

    GOOD = "good"
    BAD = "bad"


@pytest.fixture(autouse=True)
def thoughtful(doors: Served) -> None:
    doors.gateway.reply = a_reply(thoughts=THOUGHT)


def test_anthropic_tells_thoughts_first(doors: Served) -> None:
    """A block of thinking before the text; without the question, the text alone."""
    messages = doors.anthropic().messages
    asked: Any = {"model": "m", "max_tokens": 2000, "messages": ASKED}

    told = messages.create(**asked, thinking={"type": "enabled", "budget_tokens": 1024}).content
    plain = messages.create(**asked).content

    assert [block.type for block in told] == ["thinking", "text"]
    assert told[0].thinking == THOUGHT
    assert [block.type for block in plain] == ["text"]


def test_gemini_tells_thoughts_as_parts(doors: Served) -> None:
    """A part marked as thought, which the reply's text leaves out; a list of ratings that is empty."""
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    told = doors.gemini().models.generate_content(model="m", contents="How long?", config=config)
    plain = doors.gemini().models.generate_content(model="m", contents="How long?")

    assert [(part.text, part.thought) for part in told.candidates[0].content.parts] == [  # type: ignore[index, union-attr]
        (THOUGHT, True),
        ("Fourteen days.", None),
    ]
    assert (told.text, plain.text) == ("Fourteen days.", "Fourteen days.")
    assert plain.candidates[0].safety_ratings == []  # type: ignore[index]


def test_responses_tell_a_summary(doors: Served) -> None:
    """An item of reasoning before the message."""
    responses = doors.openai().responses
    told = responses.create(model="m", input="How long?", reasoning={"summary": "auto"}).output
    plain = responses.create(model="m", input="How long?").output

    assert [item.type for item in told] == ["reasoning", "message"]
    assert told[0].summary[0].text == THOUGHT
    assert [item.type for item in plain] == ["message"]


def test_cohere_s_reasoning_models_think_beside_calls(doors: Served) -> None:
    """Thoughts are content also where tools are called; other models tell none."""
    call = ToolCall("call_7", "weather", "{}")
    doors.gateway.reply = a_reply("", thoughts=THOUGHT, tool_calls=(call,), finish_reason="tool_calls")
    told: Any = doors.cohere().chat(model="command-a-reasoning-08-2025", messages=ASKED)
    plain: Any = doors.cohere().chat(model="command-a-03-2025", messages=ASKED)

    assert told.message.content[0].thinking == THOUGHT
    assert told.message.tool_calls[0].function.name == "weather"
    assert plain.message.content is None


def test_ollama_tells_thoughts_beside_the_text(doors: Served) -> None:
    """A field of the message."""
    assert doors.ollama().chat(model="m", messages=ASKED, think=True).message.thinking == THOUGHT
    assert doors.ollama().chat(model="m", messages=ASKED).message.thinking is None


def test_gemini_streams_a_bare_value_as_it_gives_it_whole(doors: Served) -> None:
    """What JSON escapes is the value's own sign in both, and a piece of a stream may end inside an escape."""
    doors.gateway.reply = a_reply('"caf\\u00e9 \\"A\\""')
    doors.gateway.chunks = [Chunk('"caf\\u00'), Chunk('e9 \\"A\\""')]
    config: Any = {"response_mime_type": "text/x.enum", "response_schema": Mood}
    models = doors.gemini().models
    whole = models.generate_content(model="m", contents="Fine!", config=config)
    streamed = "".join(c.text or "" for c in models.generate_content_stream(model="m", contents="Fine!", config=config))

    assert (whole.text, streamed) == ('café "A"', 'café "A"')


def test_gemini_gives_a_value_of_an_enumeration_bare(doors: Served) -> None:
    """`text/x.enum`: whole and streamed replies have no quotes, and the SDK makes the member of it."""
    doors.gateway.reply = a_reply('"good"')
    config: Any = {"response_mime_type": "text/x.enum", "response_schema": Mood}
    models = doors.gemini().models
    whole = models.generate_content(model="m", contents="Fine!", config=config)
    streamed = "".join(c.text or "" for c in models.generate_content_stream(model="m", contents="Fine!", config=config))

    assert (whole.text, streamed) == ("good", "good")
    assert whole.parsed is Mood.GOOD
    assert doors.gateway.requests[0].output_schema == {
        "type": "string",
        "enum": ["good", "bad"],
        "title": "Mood",
        "description": "What a review is.",
    }


@pytest.mark.parametrize(
    ("model", "more", "told"),
    [
        ("deepseek-reasoner", {}, True),
        ("deepseek-ai/DeepSeek-R1", {}, True),
        ("qwen/qwen3-32b", {}, True),
        ("qwen/qwen3-32b", {"reasoning_format": "hidden"}, False),
        ("deepseek-chat", {"thinking": {"type": "enabled"}}, True),
        ("some/model", {"reasoning": {"effort": "high"}}, True),
        ("gpt-4.1", {}, False),
    ],
)
def test_chat_of_open_reasoning_models_tells_thoughts(
    doors: Served, model: str, more: dict[str, Any], told: bool
) -> None:
    """Under both names that servers use; other models' messages have no such field, as OpenAI's have none."""
    client: Any = doors.openai()

    message = client.chat.completions.create(model=model, messages=ASKED, extra_body=more).choices[0].message
    pieces = list(client.chat.completions.create(model=model, messages=ASKED, extra_body=more, stream=True))

    assert getattr(message, "reasoning_content", None) == getattr(message, "reasoning", None)
    assert getattr(message, "reasoning_content", None) == (THOUGHT if told else None)
    assert all(hasattr(piece.choices[0].delta, "reasoning_content") is told for piece in pieces)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Fourteen days."
