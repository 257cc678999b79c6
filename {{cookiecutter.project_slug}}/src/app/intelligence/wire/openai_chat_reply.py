"""Replies of OpenAI's chat completions, both ways: whole ones, usage, and errors. Streams are in `openai_chat_stream`.

What a provider sends is believed in its shape only as far as it is read; anything else is a ProviderBrokenError.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.errors import ProviderBrokenError
from app.intelligence.messages import FinishReason, ModelReply, TokenLogprob, ToolCall, Usage
from app.intelligence.wire.fields import mean, shown
from app.intelligence.wire.openai_chat_tools import encode_tool_call
from app.intelligence.wire.openai_custom import arguments_of
from app.intelligence.wire.openai_tokens import decode_token, encode_token

# Finish reasons in our words; all others mean that the model was done.
FINISH: dict[Any, FinishReason] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def encode_reply(
    reply: ModelReply, *, id: str, model: str, created: int, custom: Collection[str] = ()
) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for, `created` seconds since 1970, `custom` the
    names of its custom tools.

    Thoughts stand under both names that servers give them; OpenAI's own models tell none.
    """
    message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.thoughts:
        message["reasoning_content"] = message["reasoning"] = reply.thoughts
    if reply.tool_calls:
        message["content"] = reply.text or None
        message["tool_calls"] = [encode_tool_call(call, custom) for call in reply.tool_calls]
    return {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": encode_tokens(reply.tokens) if reply.tokens else None,
                "finish_reason": reply.finish_reason,
            }
        ],
        "usage": encode_usage(reply.usage),
    }


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply; usage is flagged as estimated, with zeros, when it sent none.

    A refusal becomes the text, with the finish reason content_filter. Raises ProviderBrokenError.
    """
    try:
        choice = body["choices"][0]
        message = choice["message"]
        refusal = message.get("refusal")
        text = message.get("content") or refusal or ""
        if not isinstance(text, str):
            raise ProviderBrokenError(f"the reply's content is {shown(text)}, not text")
        tokens = decode_tokens(choice.get("logprobs"))
        return ModelReply(
            text=text,
            model=body.get("model") or "",
            usage=decode_usage(body.get("usage")),
            finish_reason="content_filter" if refusal else FINISH.get(choice.get("finish_reason"), "stop"),
            tool_calls=tuple(_decode_call(call) for call in message.get("tool_calls") or ()),
            id=body.get("id") or "",
            logprob=mean([each.logprob for each in tokens]),
            thoughts=_decode_thoughts(message),
            tokens=tokens,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply has no usable choice ({error!r}): {shown(body)}") from None


def _decode_call(call: Mapping[str, Any]) -> ToolCall:
    if call.get("type") == "custom":
        return ToolCall(call.get("id") or "", call["custom"]["name"], arguments_of(call["custom"].get("input") or ""))
    return ToolCall(call.get("id") or "", call["function"]["name"], call["function"].get("arguments") or "")


def _decode_thoughts(message: Mapping[str, Any]) -> str:
    """What a server of an open model says the model thought; empty when it does not."""
    told = message.get("reasoning_content") or message.get("reasoning")
    return told if isinstance(told, str) else ""


def encode_tokens(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """The field `logprobs` of a choice, or of a piece of one."""
    return {"content": [encode_token(each) for each in tokens], "refusal": None}


def decode_tokens(likelihoods: Mapping[str, Any] | None) -> tuple[TokenLogprob, ...]:
    """The tokens in the field `logprobs`. Raises KeyError, TypeError, ValueError or AttributeError."""
    return tuple(decode_token(token) for token in (likelihoods or {}).get("content") or ())


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in OpenAI's words."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def decode_usage(usage: Any) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises ProviderBrokenError."""
    if usage is None:
        return Usage(estimated=True)
    try:
        details = usage.get("prompt_tokens_details") or {}
        cached = details.get("cached_tokens") or 0
        return Usage(int(usage["prompt_tokens"]), int(usage.get("completion_tokens") or 0), int(cached))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProviderBrokenError(f"the reply's usage is {shown(usage)}: prompt_tokens expected") from None


def encode_error(kind: str, message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """An error body; `kind` is a type such as `invalid_request_error`, `param` the field it is about."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def decode_error(body: Any) -> tuple[str, str]:
    """Message and code (or type) of a provider's error body; empty where it has none. Never raises."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return error, ""
    if not isinstance(error, dict):
        message = body.get("message") or body.get("detail") if isinstance(body, dict) else None
        return (message if isinstance(message, str) else ""), ""
    return str(error.get("message") or ""), str(error.get("code") or error.get("type") or "")
