"""The doors: other people's protocols in, the gateway behind, so that any client works by its base URL alone.

OpenAI's chat completions, embeddings and model list, Anthropic's messages. A door decides nothing but which of our
models is meant: who calls and what is too much was settled by the middleware, everything else is the gateway's. It
refuses what its protocol allows and a reply of ours could not carry, rather than leave it out.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.caller import Caller
from app.errors import AppError, InputError, NotFoundError
from app.intelligence.messages import Chunk, Embeddings, ModelRequest
from app.intelligence.reply import Reply
from app.intelligence.wire import (
    anthropic_messages,
    anthropic_messages_reply,
    openai_chat,
    openai_chat_reply,
    openai_embeddings,
)
from app.intelligence.wire.anthropic_messages_stream import StreamEncoder as AnthropicStream
from app.intelligence.wire.openai_chat_stream import StreamEncoder as OpenAIStream
from app.interface.door_errors import Dialect, error_response
from app.interface.door_models import embedding_model_for, model_for, model_list, openai_model
from app.interface.event_stream import EventStream, as_model_reply
from app.interface.services import body_of, caller_of, services_of, span_of
from app.settings import Settings

TASK = "door"
TASK_HEADER = "x-app-task"
_TASK_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

Body = Mapping[str, Any]
Failed = Callable[[AppError], None]


class ModelGateway(Protocol):
    """What the doors need of the gateway."""

    async def chat(self, request: ModelRequest, caller: Caller, *, task: str) -> Reply:
        """One whole reply."""
        ...

    def chat_stream(self, request: ModelRequest, caller: Caller, *, task: str) -> AsyncIterator[Chunk | Reply]:
        """Chunks as they come, the Reply last."""
        ...

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str) -> Embeddings:
        """One vector a text."""
        ...


def _unheard(error: AppError) -> None:
    """For callers that do not ask how a stream ended."""


async def chat_completion(
    body: Body,
    caller: Caller,
    gateway: ModelGateway,
    settings: Settings,
    *,
    task: str = TASK,
    on_error: Failed = _unheard,
) -> Response:
    """Answer one body of OpenAI's chat completions, streamed when it asks for that.

    Raises AppError; what goes wrong while streaming is told to the client and to `on_error`.
    """
    request = openai_chat.decode_request(body)
    asked, created = request.model, int(time.time())
    request = replace(request, model=model_for(asked, settings))
    if request.stream:
        encoder = OpenAIStream(
            id=f"chatcmpl-{uuid4()}", model=asked, created=created, include_usage=openai_chat.wants_usage(body)
        )
        return EventStream(gateway.chat_stream(request, caller, task=task), encoder, "openai", on_error=on_error)
    reply = await gateway.chat(request, caller, task=task)
    answer = openai_chat_reply.encode_reply(
        as_model_reply(reply), id=f"chatcmpl-{reply.call_id}", model=asked, created=created
    )
    return _json(answer, _call_headers(reply))


async def message(
    body: Body,
    caller: Caller,
    gateway: ModelGateway,
    settings: Settings,
    *,
    task: str = TASK,
    on_error: Failed = _unheard,
) -> Response:
    """Answer one body of Anthropic's messages; otherwise as `chat_completion`."""
    request = anthropic_messages.decode_request(body)
    asked = request.model
    request = replace(request, model=model_for(asked, settings))
    if request.stream:
        encoder = AnthropicStream(id=f"msg_{uuid4()}", model=asked)
        return EventStream(gateway.chat_stream(request, caller, task=task), encoder, "anthropic", on_error=on_error)
    reply = await gateway.chat(request, caller, task=task)
    answer = anthropic_messages_reply.encode_reply(as_model_reply(reply), id=f"msg_{reply.call_id}", model=asked)
    return _json(answer, _call_headers(reply))


async def embedding_list(body: Body, caller: Caller, gateway: ModelGateway, settings: Settings) -> Response:
    """Answer one body of OpenAI's embeddings. Raises AppError."""
    wanted = openai_embeddings.decode_request(body)
    found = await gateway.embed(wanted.texts, caller, model=embedding_model_for(wanted.model, settings))
    length = len(found.vectors[0])
    if wanted.dimensions not in (None, length):
        raise InputError(f"dimensions is {wanted.dimensions}: {found.model} has {length}, leave the field out")
    return _json(openai_embeddings.encode_reply(found, model=wanted.model, encoding=wanted.encoding))


Answer = Callable[[Request], Awaitable[Response]]


def doors_router(*, assistant: Answer | None = None) -> APIRouter:
    """The routes of all doors. `assistant` answers chat bodies that name the assistant's model; without it they are
    served like any other."""

    async def chat_completions(request: Request) -> Response:
        services = services_of(request)
        body = body_of(request)
        if assistant is not None and body.get("model") == services.settings.assistant.model_name:
            return await assistant(request)
        return await chat_completion(
            body,
            caller_of(request),
            services.gateway,
            services.settings,
            task=task_of(request),
            on_error=span_of(request).fail,
        )

    router = APIRouter()
    # Plain routes: the codecs read the bodies, FastAPI's own reading would only cost time.
    router.add_route("/v1/chat/completions", _told("openai", chat_completions), methods=["POST"])
    router.add_route("/v1/messages", _told("anthropic", _messages), methods=["POST"])
    router.add_route("/v1/embeddings", _told("openai", _embeddings), methods=["POST"])
    router.add_route("/v1/models", _models, methods=["GET"])
    router.add_route("/v1/models/{name}", _told("openai", _model), methods=["GET"])
    return router


def task_of(request: Request) -> str:
    """The task a client books its call under, `door` unless it names one. Raises InputError for a bad name."""
    task = request.headers.get(TASK_HEADER, TASK)
    if _TASK_NAME.fullmatch(task) is None:
        raise InputError(f"{TASK_HEADER} is {task[:60]!r}: use lower-case letters, digits and underscores")
    return task


def _told(dialect: Dialect, answer: Answer) -> Answer:
    """The handler with its errors told in the client's protocol and marked on the request's span."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except AppError as error:
            span_of(request).fail(error)
            return error_response(dialect, error)

    return told


async def _messages(request: Request) -> Response:
    services = services_of(request)
    return await message(
        body_of(request),
        caller_of(request),
        services.gateway,
        services.settings,
        task=task_of(request),
        on_error=span_of(request).fail,
    )


async def _embeddings(request: Request) -> Response:
    services = services_of(request)
    return await embedding_list(body_of(request), caller_of(request), services.gateway, services.settings)


async def _models(request: Request) -> Response:
    dialect: Dialect = "anthropic" if "anthropic-version" in request.headers else "openai"
    return _json(model_list(services_of(request).settings, dialect))


async def _model(request: Request) -> Response:
    settings = services_of(request).settings
    name = request.path_params["name"]
    if name not in (settings.assistant.model_name, *settings.models):
        raise NotFoundError(f"no model {name!r}: GET /v1/models lists them")
    return _json(openai_model(name, settings))


def _json(body: Body, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _call_headers(reply: Reply) -> dict[str, str]:
    headers = {"x-trace-id": reply.trace_id, "x-call-id": reply.call_id}
    if reply.degraded:
        headers["x-degraded"] = "true"
    if reply.cached:
        headers["x-cached"] = "true"
    return headers
