"""Several choices in one reply of chat completions: as many calls, whose replies are told as one.

A stream of several is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import ModelReply, ModelRequest, Usage
from app.intelligence.wire.fields import Kind, optional
from app.intelligence.wire.openai_chat import decode_request
from app.intelligence.wire.openai_chat_reply import encode_reply, encode_usage

MOST_CHOICES = 16


def decode_requests(body: Mapping[str, Any]) -> tuple[ModelRequest, ...]:
    """A client's body, a request for each choice it wants; each has a seed of its own, for they are to differ.

    Raises InputError naming the field that is wrong.
    """
    count = optional(body, "n", Kind.WHOLE)
    if count is None or count == 1:
        return (decode_request(body),)
    if not 1 < count <= MOST_CHOICES:
        raise InputError(f"n is {count}: send 1 to {MOST_CHOICES}")
    request = decode_request({name: value for name, value in body.items() if name != "n"})
    if request.stream:
        raise InputError(f"n is {count}: a stream of several choices is not served here, send no stream or n = 1")
    return tuple(replace(request, seed=(request.seed or 0) + index) for index in range(count))


def encode_replies(replies: Sequence[ModelReply], *, id: str, model: str, created: int) -> dict[str, Any]:
    """The body of all replies, a choice each, with the usage of all of them together."""
    used = Usage(
        sum(reply.usage.input_tokens for reply in replies),
        sum(reply.usage.output_tokens for reply in replies),
        sum(reply.usage.cached_input_tokens for reply in replies),
    )
    bodies = [encode_reply(reply, id=id, model=model, created=created) for reply in replies]
    choices = [{**body["choices"][0], "index": index} for index, body in enumerate(bodies)]
    return {**bodies[0], "choices": choices, "usage": encode_usage(used)}
