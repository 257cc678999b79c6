"""Replies held strictly against the vendors' own types: their SDKs are lenient, what is built on them need not be."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from app.intelligence.messages import Chunk, TokenLogprob, ToolCall, ToolCallDelta
from app.intelligence.reply import Reply
from tests.interface.served_doors import KEY, Served, a_reply

CALL = ToolCall("call_1", "weather", '{"city":"Oslo"}')
CUSTOM = {"type": "custom", "name": "weather"}
TOKEN = TokenLogprob("Fourteen days.", -0.1, (("Fourteen", -0.1),))
ASKED: Any = [{"role": "user", "content": "Hello"}]
DOORS = {
    "chat": ("/v1/chat/completions", {"messages": ASKED}, ChatCompletion, ChatCompletionChunk),
    "responses": ("/v1/responses", {"input": "Hello"}, Response, ResponseStreamEvent),
    "custom": ("/v1/responses", {"input": "Hello", "tools": [CUSTOM]}, Response, ResponseStreamEvent),
    "reasoning": ("/v1/responses", {"input": "x", "reasoning": {"summary": "auto"}}, Response, ResponseStreamEvent),
    "anthropic": ("/v1/messages", {"messages": ASKED, "max_tokens": 9}, Message, RawMessageStreamEvent),
}
REPLIES = {
    "text": (a_reply(), [Chunk("Fourteen "), Chunk("days.")]),
    "cut": (a_reply(finish_reason="length"), [Chunk("Fourteen days.")]),
    "call": (
        a_reply("", tool_calls=(CALL,), finish_reason="tool_calls"),
        [Chunk(tool_calls=(ToolCallDelta(0, CALL.id, CALL.name, CALL.arguments),))],
    ),
    "tokens": (a_reply(tokens=(TOKEN,)), [Chunk("Fourteen days.", tokens=(TOKEN,))]),
    "thoughts": (a_reply(thoughts="Let me see."), [Chunk("Fourteen days.")]),
}


@pytest.mark.feature("I1")
@pytest.mark.parametrize(("reply", "chunks"), REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize(("path", "body", "whole", "event"), DOORS.values(), ids=DOORS)
def test_a_reply_is_what_the_vendor_s_types_demand(
    doors: Served, path: str, body: dict[str, Any], whole: Any, event: Any, reply: Reply, chunks: list[Chunk]
) -> None:
    """Whole, and each event of its stream, with nothing required left out."""
    doors.gateway.reply, doors.gateway.chunks = reply, list(chunks)
    headers = {"authorization": f"Bearer {KEY}"}

    answer = httpx2.post(f"{doors.url}{path}", json={"model": "m", **body}, headers=headers)
    stream = httpx2.post(f"{doors.url}{path}", json={"model": "m", **body, "stream": True}, headers=headers)

    TypeAdapter(whole).validate_python(answer.json())
    events = [line.removeprefix("data: ") for line in stream.text.splitlines() if line.startswith("data: {")]
    assert len(events) > 2
    for said in map(json.loads, events):
        if said.get("type") != "ping":
            TypeAdapter(event).validate_python(said)
