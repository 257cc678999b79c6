"""Mistral's chat for its clients, as far as it differs from OpenAI's: a few names, and where a stream tells its usage.

A Mistral behind us needs none of this: it understands OpenAI's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from app.intelligence.messages import ModelReply, ModelRequest
from app.intelligence.wire import openai_chat, openai_chat_stream
from app.intelligence.wire.documented import MISTRAL
from app.intelligence.wire.openai_chat_reply import encode_usage
from app.intelligence.wire.sse import DONE

PROTOCOL = "mistral"
# How Mistral's own client names itself.
# prompt-lint: allow hardcoded_model_id -- how a client names itself, no model
USER_AGENT = "mistral-client-"


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    MISTRAL.refuse(body)
    said = {name: value for name, value in body.items() if name not in MISTRAL.refused}
    if said.get("random_seed") is not None:
        said["seed"] = said.pop("random_seed")
    if said.get("tool_choice") == "any":
        said["tool_choice"] = "required"
    if isinstance(said.get("messages"), list):
        said["messages"] = [_with_image_objects(message) for message in said["messages"]]
    request = openai_chat.decode_request(said)
    own = request.extra.get(openai_chat.PROTOCOL)
    return replace(request, extra={PROTOCOL: own} if own else {})


def _with_image_objects(message: Any) -> Any:
    """The message with pictures as OpenAI has them; Mistral's may be bare addresses."""
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return message
    content = [
        {**part, "image_url": {"url": part["image_url"]}}
        if isinstance(part, dict) and isinstance(part.get("image_url"), str)
        else part
        for part in message["content"]
    ]
    return {**message, "content": content}


class StreamEncoder(openai_chat_stream.StreamEncoder):
    """OpenAI's frames, but every one has a choice: the usage comes with the finish reason."""

    __slots__ = ()

    def end(self, reply: ModelReply) -> bytes:
        """The finish reason with the usage, and the end mark."""
        last = self._frame(b"{}", orjson.dumps(reply.finish_reason)).removesuffix(b"}\n\n")
        return b'%s,"usage":%s}\n\n' % (last, orjson.dumps(encode_usage(reply.usage))) + DONE
