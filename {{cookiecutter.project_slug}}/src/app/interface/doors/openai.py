"""OpenAI's doors: chat completions, Responses, completions and embeddings.

Mistral's client, known by its name, asks here too.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.wire import (
    mistral_chat,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_choices,
    openai_completions,
    openai_custom,
    openai_embeddings,
    openai_functions,
    openai_responses,
    openai_responses_reply,
    openai_responses_stream,
)
from app.intelligence.wire.thoughts import in_chat
from app.interface.doors.answers import all_replies, answer_of_several, chat_answer, json_answer, vectors_for
from app.interface.services import body_of


async def chat_completions(request: Request) -> Response:
    """One body of chat completions, from a client of OpenAI's or Mistral's. Raises AppError."""
    if _is_mistral_s(request):
        return await _mistral_chat(request)
    body = body_of(request)
    choices = openai_choices.decode_requests(body)
    wanted = choices[0]
    asked, created, counted = wanted.model, int(time.time()), openai_chat.wants_usage(body)
    retired, thoughts = openai_functions.is_retired(body), in_chat(asked, body)
    custom = openai_custom.custom_names(wanted.tools)

    def told(encoded: dict[str, Any]) -> dict[str, Any]:
        return openai_functions.retired_reply(encoded) if retired else encoded

    if len(choices) > 1:
        replies = await all_replies(request, choices)
        replies = replies if thoughts else [replace(reply, thoughts="") for reply in replies]
        id = f"chatcmpl-{uuid4()}"
        return answer_of_several(
            request,
            wanted,
            told(openai_choices.encode_replies(replies, id=id, model=asked, created=created, custom=custom)),
        )
    return await chat_answer(
        request,
        wanted,
        "openai",
        encoder=lambda: openai_chat_stream.StreamEncoder(
            id=f"chatcmpl-{uuid4()}",
            model=asked,
            created=created,
            include_usage=counted,
            retired=retired,
            thoughts=thoughts,
            custom=custom,
        ),
        body=lambda reply, call_id: told(
            openai_chat_reply.encode_reply(reply, id=f"chatcmpl-{call_id}", model=asked, created=created, custom=custom)
        ),
        thoughts=thoughts,
    )


def _is_mistral_s(request: Request) -> bool:
    return request.headers.get("user-agent", "").startswith(mistral_chat.USER_AGENT)


async def _mistral_chat(request: Request) -> Response:
    wanted = mistral_chat.decode_request(body_of(request))
    asked, created = wanted.model, int(time.time())
    return await chat_answer(
        request,
        wanted,
        "openai",
        encoder=lambda: mistral_chat.StreamEncoder(id=uuid4().hex, model=asked, created=created),
        body=lambda reply, call_id: openai_chat_reply.encode_reply(reply, id=call_id, model=asked, created=created),
    )


async def responses(request: Request) -> Response:
    """One body of Responses. Raises AppError."""
    body = body_of(request)
    wanted = openai_responses.decode_request(body)
    asked, created = wanted.model, int(time.time())
    return await chat_answer(
        request,
        wanted,
        "openai",
        encoder=lambda: openai_responses_stream.StreamEncoder(id=uuid4().hex, model=asked, created=created, asked=body),
        body=lambda reply, call_id: openai_responses_reply.encode_reply(
            reply, id=call_id, model=asked, created=created, asked=body
        ),
    )


async def completions(request: Request) -> Response:
    """One body of completions, a call a prompt. Raises AppError."""
    wanted = openai_completions.decode_request(body_of(request))
    asked, created, id = wanted[0].model, int(time.time()), f"cmpl-{uuid4()}"
    if len(wanted) > 1:
        replies = await all_replies(request, wanted)
        return json_answer(openai_completions.encode_replies(replies, id=id, model=asked, created=created))
    return await chat_answer(
        request,
        wanted[0],
        "openai",
        encoder=lambda: openai_completions.StreamEncoder(id=id, model=asked, created=created),
        body=lambda reply, _: openai_completions.encode_replies([reply], id=id, model=asked, created=created),
    )


async def embeddings(request: Request) -> Response:
    """One body of embeddings. Raises AppError."""
    wanted = openai_embeddings.decode_request(body_of(request))
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    answer = openai_embeddings.encode_reply(found, model=wanted.model, encoding=wanted.encoding)
    return json_answer({"id": uuid4().hex, **answer} if _is_mistral_s(request) else answer)
