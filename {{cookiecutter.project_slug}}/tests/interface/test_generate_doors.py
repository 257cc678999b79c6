"""Doors that take a prompt and give its continuation: Ollama's generate, Hugging Face's text generation."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import ollama
import pytest

from app.errors import CallFailedError
from app.intelligence.messages import Chunk
from tests.interface.served_doors import KEY, Served

pytestmark = pytest.mark.slow

SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
PNG = "iVBORw0KGgo="


@pytest.mark.feature("I1")
def test_ollama_s_client_generates(doors: Served) -> None:
    """Text, reason and counts; prompt, system, picture, schema and options arrive."""
    reply = doors.ollama().generate(
        model="llama", prompt="How long?", system="Be short.", images=[PNG], format=SCHEMA, options={"num_predict": 9}
    )

    assert (reply.response, reply.done_reason, reply.done) == ("Fourteen days.", "stop", True)
    assert (reply.prompt_eval_count, reply.eval_count) == (20, 5)
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert getattr(asked.messages[1].content[1], "image_url", "") == f"data:image/png;base64,{PNG}"
    assert (asked.output_schema, asked.max_output_tokens, asked.stream) == (SCHEMA, 9, False)


@pytest.mark.feature("I1")
def test_ollama_s_client_streams_what_is_generated(doors: Served) -> None:
    """Pieces as they come, counts with the last; an error in between is raised."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days.")]
    pieces = list(doors.ollama().generate(model="llama", prompt="How long?", stream=True))

    assert [piece.response for piece in pieces] == ["Fourteen\u2028", "days.", ""]
    assert (pieces[-1].done, pieces[-1].eval_count) == (True, 5)

    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]
    with pytest.raises(ollama.ResponseError, match="broke off its stream"):
        list(doors.ollama().generate(model="llama", prompt="How long?", stream=True))


def posted(doors: Served, path: str, body: Any) -> httpx2.Response:
    """One plain request."""
    return httpx2.post(f"{doors.url}{path}", json=body, headers={"authorization": f"Bearer {KEY}"})


@pytest.mark.feature("I1")
@pytest.mark.parametrize(("full", "text"), [(False, "Fourteen days."), (True, "How long? Fourteen days.")])
def test_hugging_face_s_text_generation(doors: Served, full: bool, text: str) -> None:
    """At the address its client is given; sampling turned off is a temperature of nothing."""
    given = {"max_new_tokens": 9, "do_sample": False, "return_full_text": full, "details": True, "stop": ["END"]}
    given |= {"grammar": {"type": "json", "value": SCHEMA}, "top_k": 3}

    reply = posted(doors, "/v1", {"inputs": "How long? ", "parameters": given}).json()

    assert reply[0]["generated_text"] == text
    assert (reply[0]["details"]["finish_reason"], reply[0]["details"]["generated_tokens"]) == ("eos_token", 5)
    asked = doors.gateway.requests[0]
    assert (asked.model, asked.messages[0].text, asked.max_output_tokens) == ("large", "How long? ", 9)
    assert (asked.temperature, asked.stop, asked.output_schema) == (0.0, ("END",), SCHEMA)
    assert asked.extra == {"text_generation": {"top_k": 3}}


@pytest.mark.feature("I1")
def test_hugging_face_s_stream(doors: Served) -> None:
    """Each piece is a token of its own, the whole text comes with the last; an error ends it."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    body = {"inputs": "How long?", "stream": True}

    lines = [line for line in posted(doors, "/v1", body).text.splitlines() if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]

    assert [event["token"]["text"] for event in events] == ["Fourteen ", "days.", ""]
    assert (events[-1]["generated_text"], events[-1]["details"]["input_length"]) == ("Fourteen days.", 20)
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]
    assert (
        json.loads(posted(doors, "/v1", body).text.split("data: ")[-1])["error"] == "the provider broke off its stream"
    )


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/api/generate", {"model": "m"}, "prompt is missing"),
        ("/api/generate", {"model": "m", "prompt": "x", "suffix": "y"}, "suffix is not served"),
        ("/api/generate", {"model": "m", "prompt": "x", "raw": True}, "raw is not served"),
        ("/v1", {"inputs": ["x"]}, "inputs is ['x']"),
        ("/v1", {"inputs": "x", "parameters": {"best_of": 3}}, "parameters.best_of is 3"),
        ("/v1", {"inputs": "x", "parameters": {"top_n_tokens": 3}}, "parameters.top_n_tokens is not served"),
        ("/v1", {"inputs": "x", "parameters": {"grammar": {"type": "regex"}}}, "parameters.grammar.type is 'regex'"),
    ],
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, path: str, body: Any, says: str) -> None:
    """What cannot be meant or carried is refused, naming the field."""
    answer = posted(doors, path, body)

    assert answer.status_code == 400
    assert says in answer.text
