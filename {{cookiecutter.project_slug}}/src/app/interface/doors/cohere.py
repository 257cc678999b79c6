"""Cohere's doors, versions 1 and 2: chat, embed, rerank, and the generate of before chat."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import (
    cohere,
    cohere_embeddings,
    cohere_generate,
    cohere_reply,
    cohere_rerank,
    cohere_stream,
    cohere_v1,
    ndjson,
)
from app.intelligence.wire.cohere_documents import citations, documents_of, is_off, tool_sources
from app.intelligence.wire.fields import Kind, optional
from app.interface.doors.answers import all_replies, chat_answer, json_answer, scores_for, vectors_for
from app.interface.services import body_of


async def chat(request: Request) -> Response:
    """One body of chat. Raises AppError."""
    asked = body_of(request)
    wanted = cohere.decode_request(asked)
    off = is_off((optional(asked, "citation_options", Kind.OBJECT) or {}).get("mode"))
    sources = [] if off else [*documents_of(asked), *tool_sources(asked.get("messages"))]
    return await chat_answer(
        request,
        wanted,
        "cohere",
        encoder=lambda: cohere_stream.StreamEncoder(id=str(uuid4()), sources=sources),
        body=lambda reply, call_id: cohere_reply.encode_reply(reply, id=call_id, cited=citations(reply.text, sources)),
    )


async def chat_v1(request: Request) -> Response:
    """One body of chat in version 1. Raises AppError."""
    asked = body_of(request)
    if asked.get("search_queries_only"):
        found = cohere_v1.encode_queries(asked, id=str(uuid4()))
        if asked.get("stream"):
            return Response(cohere_v1.query_lines(found), media_type=ndjson.MEDIA_TYPE)
        return json_answer(found)
    return await chat_answer(
        request,
        cohere_v1.decode_request(asked),
        "cohere",
        encoder=lambda: cohere_v1.StreamEncoder(id=str(uuid4()), asked=asked),
        body=lambda reply, call_id: cohere_v1.encode_reply(reply, id=call_id, asked=asked),
        media_type=ndjson.MEDIA_TYPE,
    )


async def generate(request: Request) -> Response:
    """One body of generate, a call a generation. Raises AppError."""
    wanted = cohere_generate.decode_requests(body_of(request))
    prompt = wanted[0].messages[0].text
    if len(wanted) > 1:
        replies = await all_replies(request, wanted)
        return json_answer(cohere_generate.encode_replies(replies, id=str(uuid4()), prompt=prompt))
    return await chat_answer(
        request,
        wanted[0],
        "cohere",
        encoder=lambda: cohere_generate.StreamEncoder(id=str(uuid4()), prompt=prompt),
        body=lambda reply, call_id: cohere_generate.encode_replies([reply], id=call_id, prompt=prompt),
        media_type=ndjson.MEDIA_TYPE,
    )


async def embed_v1(request: Request) -> Response:
    """One body of embed in version 1, where the model may be left out. Raises AppError."""
    body = body_of(request)
    wanted = cohere_embeddings.decode_request({"model": "embed", **body})
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    by_type = bool(body.get("embedding_types"))
    return json_answer(cohere_embeddings.encode_v1_reply(found, wanted, id=str(uuid4()), by_type=by_type))


async def embed(request: Request) -> Response:
    """One body of embed. Raises AppError."""
    wanted = cohere_embeddings.decode_request(body_of(request))
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    return json_answer(cohere_embeddings.encode_reply(found, wanted, id=str(uuid4())))


async def rerank(request: Request) -> Response:
    """One body of rerank, in either version. `x-reranked-by` names the model. Raises AppError."""
    wanted = cohere_rerank.decode_request(body_of(request))
    scores, by = await scores_for(request, wanted.model, wanted.question, wanted.texts)
    return json_answer(cohere_rerank.encode_reply(scores, wanted, id=str(uuid4())), {"x-reranked-by": by})
