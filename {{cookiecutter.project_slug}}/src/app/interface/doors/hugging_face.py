"""Hugging Face's door: text generation, posted to the very address its client is given, which is that of OpenAI's."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import text_generation
from app.interface.doors.answers import chat_answer
from app.interface.services import body_of


async def generate(request: Request) -> Response:
    """One body of text generation. Raises AppError."""
    body = body_of(request)
    wanted, prefix = text_generation.decode_request(body), text_generation.prefix_of(body)
    return await chat_answer(
        request,
        wanted,
        "openai",
        encoder=lambda: text_generation.StreamEncoder(prefix=prefix),
        body=lambda reply, _: text_generation.encode_reply(reply, prefix=prefix),
    )
