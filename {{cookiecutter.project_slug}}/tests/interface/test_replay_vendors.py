"""Recordings of other vendors' clients: each is played back to the same client, streams in their own framing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.interface.loopback import on_loopback
from app.interface.recording import record_door
from app.interface.replay import ReplayDoor
from tests.interface.served_doors import Served

pytestmark = pytest.mark.slow

ASKED: Any = [{"role": "user", "content": "How long?"}]


def ask_gemini(doors: Served) -> list[str]:
    """A whole reply and a stream, of two models."""
    models = doors.gemini().models
    stream = models.generate_content_stream(model="second", contents="How long?")
    return [
        models.generate_content(model="first", contents="How long?").text or "",
        "".join(chunk.text or "" for chunk in stream),
    ]


def ask_ollama(doors: Served) -> list[str]:
    """A whole reply and a stream."""
    client = doors.ollama()
    stream = client.chat(model="m", messages=ASKED, stream=True)
    whole = client.chat(model="m", messages=ASKED).message.content or ""
    return [whole, "".join(part.message.content or "" for part in stream)]


def ask_cohere(doors: Served) -> list[str]:
    """A whole reply and a stream."""
    client = doors.cohere()
    whole: Any = client.chat(model="m", messages=ASKED)
    events: list[Any] = list(client.chat_stream(model="m", messages=ASKED))
    said = [event.delta.message.content.text for event in events if event.type == "content-delta"]
    return [whole.message.content[0].text, "".join(said)]


def ask_responses(doors: Served) -> list[str]:
    """A whole reply and a stream."""
    responses = doors.openai().responses
    with responses.stream(model="m", input="How long?") as stream:
        streamed = stream.get_final_response().output_text
    return [responses.create(model="m", input="How long?").output_text, streamed]


def ask_interactions(doors: Served) -> list[str]:
    """A whole reply and a stream."""
    interactions = doors.gemini().interactions
    events: Any = interactions.create(model="m", input="How long?", stream=True)
    said = [event.delta.text for event in events if event.event_type == "step.delta"]
    whole: Any = interactions.create(model="m", input="How long?")
    return [whole.output_text, "".join(said)]


def ask_bedrock(doors: Served) -> list[str]:
    """A whole reply and a stream, of two models, one of them named by an address."""
    client, asked = doors.bedrock(), [{"role": "user", "content": [{"text": "How long?"}]}]
    whole = client.converse(modelId="a.b-v1:0", messages=asked)
    stream = client.converse_stream(modelId="arn:aws:bedrock:us-east-1:1234:inference-profile/a.b", messages=asked)
    said = [e["contentBlockDelta"]["delta"]["text"] for e in stream["stream"] if "contentBlockDelta" in e]
    return [whole["output"]["message"]["content"][0]["text"], "".join(said)]


BEDROCK = {
    "bedrock.converse/a.b-v1:0",
    "bedrock.converse-stream/arn:aws:bedrock:us-east-1:1234:inference-profile/a.b",
}


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("ask", "protocols"),
    [
        (ask_gemini, {"gemini.generateContent/first", "gemini.streamGenerateContent/second"}),
        (ask_ollama, {"ollama.chat"}),
        (ask_cohere, {"cohere.chat"}),
        (ask_responses, {"openai.responses"}),
        (ask_bedrock, BEDROCK),
        (ask_interactions, {"gemini.interactions"}),
    ],
    ids=["gemini", "ollama", "cohere", "responses", "bedrock", "interactions"],
)
async def test_every_vendor_s_client_is_played_back(
    doors: Served, tmp_path: Path, ask: Callable[[Served], list[str]], protocols: set[str]
) -> None:
    """Whole and streamed replies come out of the recording as they went in, and nothing is left over."""
    file = tmp_path / "poc.json"
    async with on_loopback(record_door(doors.app, file)) as url:
        told = await asyncio.to_thread(ask, Served(url, doors.app, doors.gateway))

    with ReplayDoor(file) as door:
        kept = {exchange.protocol for exchange in door.remaining}
        played = await asyncio.to_thread(ask, Served(door.url, doors.app, doors.gateway))

    assert (told, played) == (["Fourteen days."] * 2, told)
    assert (kept, door.remaining) == (protocols, [])
