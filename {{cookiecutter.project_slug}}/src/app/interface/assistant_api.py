"""The assistant behind OpenAI's chat completions: its answers in that form, with citations beside the text.

Extra keys of a whole reply, and of the last chunk of a stream: `citations`, `abstained`, `route`, `trace_id`. Text is
verified before it is sent, so a stream comes sentence by sentence.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Any, cast
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.errors import AppError, InputError
from app.intelligence.messages import Chunk, ModelReply, ModelRequest, Usage
from app.intelligence.wire import openai_chat
from app.intelligence.wire.openai_chat_reply import encode_reply
from app.intelligence.wire.openai_chat_stream import StreamEncoder
from app.interface.door_errors import error_kind
from app.interface.failures import RequestRefusedError
from app.interface.services import body_of, caller_of, services_of, span_of
from app.orchestration.answer import Answer
from app.settings import Settings


async def assistant_completion(request: Request) -> Response:
    """Answer a chat completion with the assistant. Raises InputError kinds and what the assistant raises."""
    services, caller, body = services_of(request), caller_of(request), body_of(request)
    asked = openai_chat.decode_request(body)
    question, earlier = questions(asked, services.settings)
    span = span_of(request)
    span.inputs({"question": question})
    if not asked.stream:
        answer = await services.assistant.ask(question, caller, earlier=earlier)
        span.outputs({"answer": answer.text, "abstained": answer.abstained})
        return JSONResponse(_whole(answer, asked.model, _id()))
    items = cast("Any", services.assistant.stream(question, caller, earlier=earlier))
    # The first item is awaited here, so that a call that fails at once is an ordinary error.
    try:
        first = await anext(items)
    except BaseException:
        await items.aclose()
        raise
    encoder = StreamEncoder(
        id=(name := _id()), model=asked.model, created=_now(), include_usage=openai_chat.wants_usage(body)
    )
    frames = _frames(first, items, encoder, name, asked.model)
    return StreamingResponse(frames, media_type="text/event-stream")


def questions(asked: ModelRequest, settings: Settings) -> tuple[str, list[str]]:
    """The question of a request and the user's questions before it. Raises InputError for what cannot be answered."""
    if asked.tools or asked.output_schema or asked.json_object:
        raise InputError(f"model {asked.model!r} takes no tools and no response_format: leave them out")
    said = [message for message in asked.messages if message.role == "user"]
    if not said or asked.messages[-1].role != "user":
        raise InputError("the last message must be the user's question")
    if any(part.kind == "image" for message in said for part in message.content if not isinstance(part, str)):
        raise InputError(f"model {asked.model!r} reads text only: leave images out")
    *earlier, question = [message.text.strip() for message in said]
    limit = settings.service.max_question_chars
    if not question:
        raise InputError("the question is empty: write one")
    if len(question) > limit:
        raise RequestRefusedError(
            f"the question has {len(question)} characters, at most {limit} are read: shorten it", 422, "too_long"
        )
    return question, [text for text in earlier if text and len(text) <= limit]


async def _frames(
    first: str | Answer, items: Any, encoder: StreamEncoder, name: str, model: str
) -> AsyncIterator[bytes]:
    yield encoder.start()
    item = first
    async with aclosing(items):
        try:
            while isinstance(item, str):
                yield encoder.chunk(Chunk(text=item))
                item = await anext(items)
        except AppError as error:
            yield encoder.error(error_kind("openai", error), str(error))
            return
    yield _extra_frame(item, name, model)
    yield encoder.end(_model_reply(item))


def _extra_frame(answer: Answer, name: str, model: str) -> bytes:
    chunk = {
        "id": name,
        "object": "chat.completion.chunk",
        "created": _now(),
        "model": model,
        "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}],
        **extra_keys(answer),
    }
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _whole(answer: Answer, model: str, name: str) -> dict[str, Any]:
    return {**encode_reply(_model_reply(answer), id=name, model=model, created=_now()), **extra_keys(answer)}


def extra_keys(answer: Answer) -> dict[str, Any]:
    """What an answer tells beyond OpenAI's form."""
    return {
        "citations": [asdict(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "degraded": answer.degraded,
        "route": answer.route,
        "trace_id": answer.trace_id,
    }


def _model_reply(answer: Answer) -> ModelReply:
    usage = Usage.total([reply.usage for reply in answer.replies])
    return ModelReply(answer.text, "", usage)


def _id() -> str:
    return f"chatcmpl-{uuid4()}"


def _now() -> int:
    return int(time.time())
