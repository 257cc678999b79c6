"""Ollama's doors as its own SDK sees them."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import ollama
import pytest
from pydantic import BaseModel

from app.errors import BudgetExceededError, CallFailedError
from app.intelligence.messages import Chunk, ToolCall
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "llama3.2:3b"
PICTURE = b"\x89PNG\r\n\x1a\nand more"
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')
ASKED = [{"role": "user", "content": "How long?"}]


class Refund(BaseModel):
    """What the structured test asks for."""

    days: int


def weather(city: str) -> str:
    """The weather in a city.

    Args:
      city: Where.
    """
    return f"4 degrees in {city}"


@pytest.mark.feature("I1")
def test_a_reply_reads_like_ollama(doors: Served) -> None:
    """Text, end, counts and time; system prompt and options arrive, others are kept for an Ollama behind us."""
    messages = [{"role": "system", "content": "Be short."}, *ASKED]
    options = {"temperature": 0.5, "top_p": 0.75, "num_predict": 9, "seed": 7, "stop": ["END"], "num_ctx": 4096}

    reply = doors.ollama().chat(model=MODEL, messages=messages, options=options, keep_alive="5m")

    assert (reply.message.content, reply.model, reply.done_reason) == ("Fourteen days.", MODEL, "stop")
    assert (reply.prompt_eval_count, reply.eval_count, reply.done) == (20, 5, True)
    assert (reply.total_duration or 0) > 0
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.model, asked.max_output_tokens, asked.temperature, asked.top_p) == ("large", 9, 0.5, 0.75)
    assert (asked.seed, asked.stop, asked.stream) == (7, ("END",), False)
    assert asked.extra == {"ollama": {"keep_alive": "5m", "options": {"num_ctx": 4096}}}


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_ollama(doors: Served) -> None:
    """Each piece is a line of its own, whatever characters it holds; the last one is done and counts."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days\x85.")]

    parts = list(doors.ollama().chat(model=MODEL, messages=ASKED, stream=True))

    assert [part.message.content for part in parts] == ["Fourteen\u2028", "days\x85.", ""]
    assert [part.done for part in parts] == [False, False, True]
    assert (parts[-1].done_reason, parts[-1].prompt_eval_count, parts[-1].eval_count) == ("stop", 20, 5)


@pytest.mark.feature("I1")
def test_who_says_nothing_gets_a_stream(doors: Served) -> None:
    """A bare HTTP client is answered in lines of JSON, as Ollama does."""
    body = {"model": MODEL, "messages": ASKED}

    answer = httpx2.post(f"{doors.url}/api/chat", json=body, headers={"x-api-key": KEY})

    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == "Fourteen days."
    assert lines[-1]["prompt_eval_cached_count"] == 8


@pytest.mark.feature("I1")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_tools_go_round(doors: Served, stream: bool) -> None:
    """A Python function goes out as a tool, its call comes back, and result and call meet though the SDK drops ids."""
    doors.gateway.reply = a_reply("", tool_calls=(OSLO,), finish_reason="tool_calls")
    client = doors.ollama()

    told: Any = client.chat(model=MODEL, messages=ASKED, tools=[weather], stream=stream)
    message = [part.message for part in told if part.message.tool_calls][0] if stream else told.message  # noqa: RUF015
    result = {"role": "tool", "tool_name": "weather", "content": "4 degrees"}
    client.chat(model=MODEL, messages=[*ASKED, message, result], tools=[weather])

    function = message.tool_calls[0].function
    assert (function.name, function.arguments) == ("weather", {"city": "Oslo"})
    first, second = doors.gateway.requests
    assert first.tools[0].parameters["properties"]["city"]["type"] == "string"
    assert second.messages[1].tool_calls[0].arguments == '{"city":"Oslo"}'
    assert second.messages[2].tool_call_id == second.messages[1].tool_calls[0].id
    assert second.messages[2].text == "4 degrees"


@pytest.mark.feature("I1")
def test_formats_arrive(doors: Served) -> None:
    """A schema and `json` are passed on as what they are."""
    doors.gateway.reply = a_reply('{"days": 14}')
    client = doors.ollama()

    reply = client.chat(model=MODEL, messages=ASKED, format=Refund.model_json_schema())
    client.chat(model=MODEL, messages=ASKED, format="json")

    assert Refund.model_validate_json(reply.message.content or "") == Refund(days=14)
    assert doors.gateway.requests[0].output_schema == Refund.model_json_schema()
    assert doors.gateway.requests[1].json_object


@pytest.mark.feature("I1")
def test_pictures_arrive(doors: Served) -> None:
    """Bare bytes become a URL with the media type their beginning shows."""
    message = {"role": "user", "content": "What is this?", "images": [PICTURE]}

    doors.ollama().chat(model=MODEL, messages=[message])

    text, picture = doors.gateway.requests[0].messages[0].content
    assert getattr(text, "text", "") == "What is this?"
    assert getattr(picture, "image_url", "") == f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


@pytest.mark.feature("I1")
def test_embeddings_and_models(doors: Served) -> None:
    """Vectors come back in order; the list names the assistant and our models."""
    client = doors.ollama()

    reply = client.embed(model="nomic-embed-text", input=["a", "bcd"])

    assert list(reply.embeddings) == [[0.5, 1.0], [0.5, 3.0]]
    assert (reply.model, reply.prompt_eval_count) == ("nomic-embed-text", 2)
    assert [model.model for model in client.list().models] == ["assistant", "large", "small", "embedding"]


@pytest.mark.feature("G1")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("error", "status"),
    [(BudgetExceededError("budget of acme is used up"), 402), (CallFailedError("no model answered", 4), 503)],
    ids=["budget", "failed"],
)
def test_errors_are_ollama_s_and_tried_once(doors: Served, error: Any, status: int, stream: bool) -> None:
    """The SDK raises its ResponseError with status and our message, after one request."""
    doors.gateway.error = error

    with pytest.raises(ollama.ResponseError) as caught:
        list(doors.ollama().chat(model=MODEL, messages=ASKED, stream=stream))

    assert (caught.value.status_code, caught.value.error, doors.gateway.calls) == (status, str(error), 1)


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_reaches_the_sdk(doors: Served) -> None:
    """What fails after the first chunk is raised as an error, not taken for a short reply."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    with pytest.raises(ollama.ResponseError, match="broke off"):
        list(doors.ollama().chat(model=MODEL, messages=ASKED, stream=True))


def test_a_missing_key_is_refused(doors: Served) -> None:
    """A wrong key is 401 in Ollama's shape, and the gateway hears nothing."""
    with pytest.raises(ollama.ResponseError) as caught:
        doors.ollama("wrong").chat(model=MODEL, messages=ASKED)

    assert (caught.value.status_code, doors.gateway.calls) == (401, 0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": [{"role": "wizard"}]}, "messages[0].role is 'wizard'"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0] answers no call"),
        ({"messages": [{"role": "user", "images": ["bm90aGluZw=="]}]}, "messages[0].images[0]"),
        ({"options": {"num_predict": 0}}, "num_predict is 0"),
        ({"options": {"temperature": "hot"}}, "temperature is 'hot'"),
        ({"format": "xml"}, "format is 'xml'"),
        ({"logprobs": True}, "logprobs are not served"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in Ollama's shape, naming the field."""
    body = {"model": MODEL, "messages": ASKED, **changes}

    answer = httpx2.post(f"{doors.url}/api/chat", json=body, headers={"x-api-key": KEY})

    assert answer.status_code == 400
    assert says in answer.json()["error"]


@pytest.mark.feature("I1")
def test_a_model_is_shown(doors: Served) -> None:
    """Frameworks ask what a model can do before they use it."""
    assert doors.ollama().show("llama3").capabilities == ["completion", "tools"]
