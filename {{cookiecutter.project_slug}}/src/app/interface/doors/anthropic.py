"""Anthropic's doors: Messages, and the counting of their tokens."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.stream import estimate_input
from app.intelligence.wire import anthropic_messages, anthropic_messages_reply, anthropic_messages_stream
from app.interface.doors.answers import ESTIMATED, chat_answer, json_answer
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


async def count_tokens(request: Request) -> Response:
    """How many tokens a body of Messages would have: an estimate, and marked as one. Raises AppError."""
    wanted = anthropic_messages.decode_request({"max_tokens": 1, **body_of(request)})
    return json_answer({"input_tokens": estimate_input(wanted)}, ESTIMATED)
