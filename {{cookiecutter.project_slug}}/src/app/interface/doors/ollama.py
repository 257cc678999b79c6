"""Ollama's doors: chat, generate, embed and show."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.messages import ModelRequest
from app.intelligence.wire import ndjson, ollama, ollama_embeddings, ollama_generate, ollama_reply, ollama_stream
from app.intelligence.wire.fields import Kind, required
from app.interface.doors.answers import chat_answer, json_answer, vectors_for
from app.interface.event_stream import StreamEncoder
from app.interface.services import body_of


async def chat(request: Request) -> Response:
    """One body of chat, streamed unless it says otherwise. Raises AppError."""
    started_ns = time.perf_counter_ns()
    wanted = ollama.decode_request(body_of(request))
    return await _told(
        request, wanted, started_ns, lambda: ollama_stream.StreamEncoder(model=wanted.model), ollama_reply.encode_reply
    )


async def generate(request: Request) -> Response:
    """One body of generate, streamed unless it says otherwise. Raises AppError."""
    started_ns = time.perf_counter_ns()
    wanted = ollama_generate.decode_request(body_of(request))
    return await _told(
        request,
        wanted,
        started_ns,
        lambda: ollama_generate.StreamEncoder(wanted.model, started_ns),
        ollama_generate.encode_reply,
    )


async def embed(request: Request) -> Response:
    """One body of embed. Raises AppError."""
    started_ns = time.perf_counter_ns()
    wanted = ollama_embeddings.decode_request(body_of(request))
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    took_ns = time.perf_counter_ns() - started_ns
    return json_answer(ollama_embeddings.encode_reply(found, model=wanted.model, took_ns=took_ns))


async def show(request: Request) -> Response:
    """What a model can do; any name is served, by the model it means. Raises AppError."""
    required(body_of(request), "model", Kind.TEXT)
    return json_answer({"details": {"family": "gateway"}, "model_info": {}, "capabilities": ["completion", "tools"]})


async def _told(
    request: Request,
    wanted: ModelRequest,
    started_ns: int,
    encoder: Callable[[], StreamEncoder],
    encode_reply: Callable[..., dict[str, Any]],
) -> Response:
    """The answer in Ollama's way, with the time it took since `started_ns`."""
    return await chat_answer(
        request,
        wanted,
        "ollama",
        encoder=encoder,
        body=lambda reply, _: encode_reply(
            reply, model=wanted.model, created=datetime.now(UTC), took_ns=time.perf_counter_ns() - started_ns
        ),
        media_type=ndjson.MEDIA_TYPE,
    )
