"""Anthropic's door: Messages."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import anthropic_messages, anthropic_messages_reply, anthropic_messages_stream
from app.interface.door_answers import chat_answer
from app.interface.services import body_of


async def messages(request: Request) -> Response:
    """One body of Messages. Raises AppError."""
    wanted = anthropic_messages.decode_request(body_of(request))
    asked = wanted.model
    return await chat_answer(
        request,
        wanted,
        "anthropic",
        encoder=lambda: anthropic_messages_stream.StreamEncoder(id=f"msg_{uuid4()}", model=asked),
        body=lambda reply, call_id: anthropic_messages_reply.encode_reply(reply, id=f"msg_{call_id}", model=asked),
    )
