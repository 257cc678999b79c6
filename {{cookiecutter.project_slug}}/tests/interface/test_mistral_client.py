"""OpenAI's chat door as Mistral's own SDK sees it: the protocols agree in what this project serves."""

from __future__ import annotations

from typing import Any

import pytest
from mistralai.client.errors import ResponseValidationError, SDKError
from pydantic import BaseModel

from app.errors import BudgetExceededError, CallFailedError
from app.intelligence.messages import Chunk, ToolCall
from tests.interface.served_doors import Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "mistral-of-the-test"
ASKED: Any = [{"role": "user", "content": "How long?"}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')


class Refund(BaseModel):
    """What the structured test asks for."""

    days: int


@pytest.mark.feature("I1")
def test_a_reply_reads_like_mistral(doors: Served) -> None:
    """Text, finish reason and usage; the seed under Mistral's own name arrives."""
    reply = doors.mistral().chat.complete(model=MODEL, messages=ASKED, max_tokens=9, random_seed=7, temperature=0.5)

    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("Fourteen days.", "stop")  # type: ignore[union-attr]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (20, 5)
    asked = doors.gateway.requests[0]
    assert (asked.model, asked.max_output_tokens, asked.seed, asked.temperature) == ("large", 9, 7, 0.5)


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_mistral(doors: Served) -> None:
    """Pieces come one by one, each with a choice, and usage with the last without being asked for."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]

    with doors.mistral().chat.stream(model=MODEL, messages=ASKED) as stream:
        events = [event.data for event in stream]

    assert "".join(str(event.choices[0].delta.content or "") for event in events) == "Fourteen days."
    assert [(e.usage.total_tokens, e.choices[0].finish_reason) for e in events if e.usage] == [(25, "stop")]


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """`any` demands a tool; the call and its result can be sent again as the SDK's objects."""
    doors.gateway.reply = a_reply("", tool_calls=(OSLO,), finish_reason="tool_calls")
    chat = doors.mistral().chat

    said = chat.complete(model=MODEL, messages=ASKED, tools=TOOLS, tool_choice="any").choices[0].message
    assert said is not None
    result = {"role": "tool", "name": "weather", "content": "4 degrees", "tool_call_id": "call_7"}
    chat.complete(model=MODEL, messages=[*ASKED, said, result], tools=TOOLS)  # type: ignore[list-item]

    first, second = doors.gateway.requests
    assert first.tool_choice == "required"
    assert second.messages[1].tool_calls == (OSLO,)
    assert (second.messages[2].tool_call_id, second.messages[2].text) == ("call_7", "4 degrees")


@pytest.mark.feature("I1")
def test_parse_gives_the_model_back(doors: Served) -> None:
    """`parse` sends its schema through and reads the text as the Pydantic model."""
    doors.gateway.reply = a_reply('{"days": 14}')

    parsed = doors.mistral().chat.parse(Refund, model=MODEL, messages=ASKED)

    assert parsed.choices[0].message.parsed == Refund(days=14)  # type: ignore[index, union-attr]
    assert doors.gateway.requests[0].output_schema is not None


@pytest.mark.feature("I1")
def test_images_and_embeddings(doors: Served) -> None:
    """A picture as a bare URL arrives; vectors come back in order."""
    content = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": "https://x.org/a.png"}]
    client = doors.mistral()

    client.chat.complete(model=MODEL, messages=[{"role": "user", "content": content}])  # type: ignore[list-item]
    reply = client.embeddings.create(model="mistral-embed", inputs=["a", "bcd"])

    assert getattr(doors.gateway.requests[0].messages[0].content[1], "image_url", "") == "https://x.org/a.png"
    assert [item.embedding for item in reply.data] == [[0.5, 1.0], [0.5, 3.0]]


@pytest.mark.feature("G1")
def test_errors_reach_the_sdk_once(doors: Served) -> None:
    """The SDK raises its error with status and our message after one request."""
    doors.gateway.error = BudgetExceededError("budget of acme is used up")

    with pytest.raises(SDKError, match="used up") as caught:
        doors.mistral().chat.complete(model=MODEL, messages=ASKED)

    assert (caught.value.status_code, doors.gateway.calls) == (402, 1)


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_reaches_the_sdk(doors: Served) -> None:
    """The SDK has no event for it: it raises that the event is none, with our message in its body."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    with (
        doors.mistral().chat.stream(model=MODEL, messages=ASKED) as stream,
        pytest.raises(ResponseValidationError) as caught,
    ):
        list(stream)

    assert "the provider broke off its stream" in str(caught.value.body)
