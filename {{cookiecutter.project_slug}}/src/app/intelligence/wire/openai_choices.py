"""Several choices in one reply of chat completions, told as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.intelligence.messages import ModelReply, ModelRequest, Usage
from app.intelligence.wire.openai_chat import decode_request
from app.intelligence.wire.openai_chat_reply import encode_reply, encode_usage
from app.intelligence.wire.several import decode_each


def decode_requests(body: Mapping[str, Any]) -> tuple[ModelRequest, ...]:
    """A client's body, a request for each choice it wants. Raises InputError naming the field that is wrong."""
    return decode_each(body, "n", decode_request)


def encode_replies(
    replies: Sequence[ModelReply], *, id: str, model: str, created: int, custom: Collection[str] = ()
) -> dict[str, Any]:
    """The body of all replies, a choice each, with the usage of all of them together."""
    used = Usage.total([reply.usage for reply in replies])
    bodies = [encode_reply(reply, id=id, model=model, created=created, custom=custom) for reply in replies]
    choices = [{**body["choices"][0], "index": index} for index, body in enumerate(bodies)]
    return {**bodies[0], "choices": choices, "usage": encode_usage(used)}
