"""What all doors do alike: find our model for a client's, ask the gateway, answer whole or as a stream, tell errors.

A door itself knows only its protocol: how bodies are read and replies are written.
"""

from __future__ import annotations

import asyncio
import functools
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.caller import Caller
from app.errors import AppError, InputError
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest
from app.intelligence.policy import targets
from app.intelligence.reply import Reply, with_likelihoods
from app.intelligence.standin.similarity import of_length
from app.intelligence.wire.reaching import left_out
from app.intelligence.wire.thoughts import asked_for as thoughts_asked_for
from app.interface.door_errors import Dialect, error_response
from app.interface.doors.models import embedding_model_for, model_for, reranking_model_for
from app.interface.event_stream import EVENTS, EventStream, StreamEncoder, as_model_reply
from app.interface.services import caller_of, services_of, span_of
from app.settings import Settings

TASK = "door"
TASK_HEADER = "x-app-task"
# Of the replies to one request, so that it does not take every connection.
AT_ONCE = 16
LEFT_OUT_HEADER = "x-fields-left-out"
# With tokens that no model has counted.
ESTIMATED = {"x-estimated": "true"}
# The stand-in's vectors, and the most that is made of one.
STANDIN = re.compile(r"standin-hash-\d+")
LONGEST = 4096
_TASK_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

Body = Mapping[str, Any] | Sequence[Any]
Answer = Callable[[Request], Awaitable[Response]]


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

    async def rerank(self, question: str, texts: Sequence[str], caller: Caller, *, model: str) -> Sequence[float]:
        """How well each text answers, in order."""
        ...


async def chat_answer(
    request: Request,
    wanted: ModelRequest,
    dialect: Dialect,
    *,
    encoder: Callable[[], StreamEncoder],
    body: Callable[[ModelReply, str], Body],
    media_type: str = EVENTS,
    thoughts: bool = False,
) -> Response:
    """Answer what a client wants, streamed when it asks for that; with thoughts when the request asks for them, or the
    door says that the client reads them (`thoughts`).

    `body` writes a whole reply, given with its call's id; `encoder` makes the writer of a stream of `media_type`.
    Raises AppError; what goes wrong while streaming is told to the client and marked on the request's span.
    """
    services = services_of(request)
    gateway = cast(ModelGateway, services.gateway)
    caller, task = caller_of(request), task_of(request)
    with_thoughts = thoughts or thoughts_asked_for(wanted)
    wanted = replace(wanted, model=model_for(wanted.model, services.settings))
    if wanted.stream:
        items = gateway.chat_stream(wanted, caller, task=task)
        return EventStream(
            items,
            encoder(),
            dialect,
            on_error=span_of(request).fail,
            media_type=media_type,
            headers=_left_out_headers(wanted, services.settings),
        )
    reply = with_likelihoods(wanted, await gateway.chat(wanted, caller, task=task))
    said = as_model_reply(reply) if with_thoughts else replace(as_model_reply(reply), thoughts="")
    headers = _call_headers(reply) | _left_out_headers(wanted, services.settings, reply.provider)
    return json_answer(body(said, reply.call_id), headers)


async def reply_to(request: Request, wanted: ModelRequest) -> ModelReply:
    """The whole reply to one of several requests that a client sent in one body. Raises AppError."""
    services = services_of(request)
    gateway = cast(ModelGateway, services.gateway)
    meant = replace(wanted, model=model_for(wanted.model, services.settings))
    return as_model_reply(with_likelihoods(meant, await gateway.chat(meant, caller_of(request), task=task_of(request))))


async def all_replies(request: Request, wanted: Sequence[ModelRequest]) -> list[ModelReply]:
    """One reply each, AT_ONCE asked at the same time; when one fails the others are ended. Raises the first's
    AppError."""
    failed: AppError | None = None
    places = asyncio.Semaphore(AT_ONCE)

    async def one_reply(asked: ModelRequest) -> ModelReply:
        nonlocal failed
        try:
            async with places:
                return await reply_to(request, asked)
        except AppError as error:
            failed = failed or error
            raise

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one_reply(one)) for one in wanted]
    except BaseExceptionGroup:
        if failed is None:
            raise
    if failed is not None:
        raise failed
    return [task.result() for task in tasks]


async def vectors_for(request: Request, model: str, texts: Sequence[str], dimensions: int | None) -> Embeddings:
    """One vector a text, of the model a client means by `model`. Raises InputError for another length than it has.

    The stand-in for a model has any length: it stands for those that are told one.
    """
    services = services_of(request)
    gateway = cast(ModelGateway, services.gateway)
    found = await gateway.embed(texts, caller_of(request), model=embedding_model_for(model, services.settings))
    length = len(found.vectors[0])
    if dimensions is not None and 0 < dimensions <= LONGEST and STANDIN.fullmatch(found.model):
        return replace(found, vectors=[of_length(vector, dimensions) for vector in found.vectors])
    if dimensions not in (None, length):
        raise InputError(f"the length {dimensions} is asked for: {found.model} has {length}, leave the field out")
    return found


async def scores_for(request: Request, model: str, question: str, texts: Sequence[str]) -> tuple[list[float], str]:
    """How well each text answers, and the model that says so: one that scores, or else the likeness of vectors.

    A text of nothing is like nothing: no vector is asked for it, for many models refuse to give one. Raises InputError
    for a question of nothing.
    """
    if not question.strip():
        raise InputError("query is empty: send what the documents are to be ranked by")
    services = services_of(request)
    gateway, caller = cast(ModelGateway, services.gateway), caller_of(request)
    scoring = reranking_model_for(model, services.settings)
    if scoring is not None:
        return list(await gateway.rerank(question, texts, caller, model=scoring)), scoring
    found = await vectors_for(request, model, [question, *(text for text in texts if text.strip())], None)
    asked, *others = found.vectors
    likenesses = (max(0.0, _likeness(asked, other)) for other in others)
    return [next(likenesses) if text.strip() else 0.0 for text in texts], found.model


def _likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of two vectors; 0 for one without length."""
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0


def task_of(request: Request) -> str:
    """The task a client books its call under, `door` unless it names one. Raises InputError for a bad name."""
    task = request.headers.get(TASK_HEADER, TASK)
    if _TASK_NAME.fullmatch(task) is None:
        raise InputError(f"{TASK_HEADER} is {task[:60]!r}: use lower-case letters, digits and underscores")
    return task


def told(dialect: Dialect, answer: Answer) -> Answer:
    """The handler with its errors told in the client's protocol and marked on the request's span."""

    @functools.wraps(answer)
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except AppError as error:
            span_of(request).fail(error)
            return error_response(dialect, error)

    return answered


def answer_of_several(request: Request, wanted: ModelRequest, body: Body) -> Response:
    """The answer that holds several replies to one request."""
    settings = services_of(request).settings
    meant = replace(wanted, model=model_for(wanted.model, settings))
    return json_answer(body, _left_out_headers(meant, settings))


def json_answer(body: Body, headers: Mapping[str, str] | None = None) -> Response:
    """A whole JSON answer."""
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _left_out_headers(wanted: ModelRequest, settings: Settings, provider: str | None = None) -> dict[str, str]:
    """What names the fields of a client that its provider is not sent, where there are any: the provider that answered,
    or the first that would be asked."""
    if not wanted.extra and wanted.seed is None:
        return {}
    if provider is None:
        order = targets(settings, [wanted.model])
        provider = order[0].provider if order else ""
    access = settings.providers.get(provider)
    names = left_out(wanted, access.protocol) if access else ()
    return {LEFT_OUT_HEADER: ", ".join(names)} if names else {}


def _call_headers(reply: Reply) -> dict[str, str]:
    headers = {"x-trace-id": reply.trace_id, "x-call-id": reply.call_id}
    if reply.degraded:
        headers["x-degraded"] = "true"
    if reply.cached:
        headers["x-cached"] = "true"
    if reply.confidence is not None:
        headers["x-confidence"] = f"{reply.confidence:.3f}; by={reply.confidence_by}"
    return headers
