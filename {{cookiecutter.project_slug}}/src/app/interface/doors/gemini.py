"""Gemini's doors: generateContent, streamGenerateContent, countTokens and embeddings. The model stands in the address.

Streams are events only (`alt=sse`), as every SDK of Google's asks for them.
"""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.errors import InputError
from app.intelligence.stream import estimate_input
from app.intelligence.wire import gemini, gemini_embeddings, gemini_reply, gemini_stream
from app.intelligence.wire.fields import Kind, optional
from app.interface.doors.answers import ESTIMATED, chat_answer, json_answer, vectors_for
from app.interface.services import body_of


async def generate_content(request: Request) -> Response:
    """One body, answered whole. Raises AppError."""
    return await _generated(request, stream=False)


async def stream_generate_content(request: Request) -> Response:
    """One body, answered as a stream. Raises AppError; InputError for a stream that is not of events."""
    if request.query_params.get("alt") != "sse":
        raise InputError("streams are served as events only: add ?alt=sse to the address")
    return await _generated(request, stream=True)


async def _generated(request: Request, *, stream: bool) -> Response:
    asked = request.path_params["model"]
    bare = gemini.wants_bare_value(body_of(request))
    return await chat_answer(
        request,
        gemini.decode_request(body_of(request), model=asked, stream=stream),
        "gemini",
        encoder=lambda: gemini_stream.StreamEncoder(id=uuid4().hex, model=asked, bare=bare),
        body=lambda reply, call_id: gemini_reply.encode_reply(
            gemini_reply.without_quotes(reply) if bare else reply, id=call_id, model=asked
        ),
    )


async def count_tokens(request: Request) -> Response:
    """How many tokens a body of generateContent would have: an estimate, and marked as one. Raises AppError."""
    body = body_of(request)
    asked = optional(body, "generateContentRequest", Kind.OBJECT) or body
    wanted = gemini.decode_request(asked, model=request.path_params["model"], stream=False)
    return json_answer({"totalTokens": estimate_input(wanted)}, ESTIMATED)


async def embed_content(request: Request) -> Response:
    """One text. Raises AppError."""
    return await _embedded(request, several=False)


async def batch_embed_contents(request: Request) -> Response:
    """Several texts. Raises AppError."""
    return await _embedded(request, several=True)


async def _embedded(request: Request, *, several: bool) -> Response:
    wanted = gemini_embeddings.decode_request(body_of(request))
    found = await vectors_for(request, request.path_params["model"], wanted.texts, wanted.dimensions)
    return json_answer(gemini_embeddings.encode_reply(found, several=several))
