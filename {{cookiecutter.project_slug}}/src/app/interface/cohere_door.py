"""Cohere's doors, version 2: chat and embed."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import cohere, cohere_embeddings, cohere_reply, cohere_stream
from app.interface.door_answers import chat_answer, json_answer, vectors_for
from app.interface.services import body_of


async def chat(request: Request) -> Response:
    """One body of chat. Raises AppError."""
    return await chat_answer(
        request,
        cohere.decode_request(body_of(request)),
        "cohere",
        encoder=lambda: cohere_stream.StreamEncoder(id=str(uuid4())),
        body=lambda reply, call_id: cohere_reply.encode_reply(reply, id=call_id),
    )


async def embed(request: Request) -> Response:
    """One body of embed. Raises AppError."""
    wanted = cohere_embeddings.decode_request(body_of(request))
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    return json_answer(cohere_embeddings.encode_reply(found, wanted, id=str(uuid4())))
