"""Google's door for interactions. Nothing is kept, so every interaction brings its whole conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import interactions, interactions_reply
from app.interface.doors.answers import chat_answer
from app.interface.services import body_of


async def create(request: Request) -> Response:
    """One interaction, whole or streamed. Raises AppError."""
    wanted = interactions.decode_request(body_of(request))
    asked, created = wanted.model, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return await chat_answer(
        request,
        wanted,
        "interactions",
        encoder=lambda: interactions_reply.StreamEncoder(id=f"v1_{uuid4().hex}", model=asked, created=created),
        body=lambda reply, call_id: interactions_reply.encode_reply(reply, id=call_id, model=asked, created=created),
    )
