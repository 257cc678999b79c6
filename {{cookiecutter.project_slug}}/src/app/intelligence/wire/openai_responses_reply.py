"""Replies of OpenAI's Responses, both ways: whole ones and usage. Streams are in `openai_responses_stream`.

Errors are those of OpenAI's chat. A reply repeats what its request said, as OpenAI's does. Reasoning is counted as
output, its summary an item of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import FinishReason, ModelReply, TokenLogprob, ToolCall, Usage
from app.intelligence.wire.fields import mean, shown
from app.intelligence.wire.openai_custom import arguments_of, input_of
from app.intelligence.wire.openai_tokens import decode_token, encode_token

# What a reply repeats of its request, and what stands there when the request did not say.
_REPEATED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
# OpenAI's models that reason unless told not to; later ones only when told to.
REASONING = re.compile(r"o\d(?:-(?:mini|pro|preview))?(?:-\d{4}.*)?|gpt-5(?:-(?:mini|nano|pro|codex))?(?:-\d{4}.*)?")
_REASONS: dict[FinishReason, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
_FINISH: dict[Any, FinishReason] = {reason: finish for finish, reason in _REASONS.items()}


def encode_reply(reply: ModelReply, *, id: str, model: str, created: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for, `asked` its body, `created` seconds
    since 1970."""
    reason = _REASONS.get(reply.finish_reason)
    output: list[dict[str, Any]] = []
    if reply.thoughts or _reasons(model, asked):
        summary = [{"type": "summary_text", "text": reply.thoughts}] if reply.thoughts else []
        output.append({"id": f"rs_{id}", "type": "reasoning", "summary": summary})
    if reply.text or not reply.tool_calls:
        output.append(message_item(f"msg_{id}", reply.text, tokens=reply.tokens))
    custom = custom_names(asked)
    output += [
        call_item(call_item_id(id, index, call.name in custom), call, custom=call.name in custom)
        for index, call in enumerate(reply.tool_calls)
    ]
    return {
        **opened(id=id, model=model, created=created, asked=asked),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": encode_usage(reply.usage),
    }


def _reasons(model: str, asked: Mapping[str, Any]) -> bool:
    """Whether a model of OpenAI of that name begins with an item of reasoning, if only an empty one."""
    effort = (asked.get("reasoning") or {}).get("effort")
    return effort != "none" and REASONING.fullmatch(model.rpartition("/")[2]) is not None


def opened(*, id: str, model: str, created: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A reply that has just begun."""
    repeated = {key: given if (given := asked.get(key)) is not None else other for key, other in _REPEATED.items()}
    return {
        "id": f"resp_{id}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "store": False,
        "usage": None,
        "prompt_cache_diagnostics": None,  # clients read it although an older SDK of OpenAI's does not know it
        **repeated,
    }


def message_item(id: str, text: str, status: str = "completed", tokens: Sequence[TokenLogprob] = ()) -> dict[str, Any]:
    """The reply's text as an item of its output, with its tokens where they are told."""
    content = [text_part(text, tokens)] if status == "completed" else []
    return {"id": id, "type": "message", "status": status, "role": "assistant", "content": content}


def text_part(text: str, tokens: Sequence[TokenLogprob] = ()) -> dict[str, Any]:
    """The one part of a message's content."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": [encode_token(one) for one in tokens]}


def custom_names(asked: Mapping[str, Any]) -> frozenset[str]:
    """The names of a body's custom tools."""
    return frozenset(tool["name"] for tool in asked.get("tools") or () if tool.get("type") == "custom")


def call_item_id(id: str, index: int, custom: bool) -> str:
    """The id of the item that holds a reply's call number `index`."""
    return f"{'ctc' if custom else 'fc'}_{id}_{index}"


def call_item(id: str, call: ToolCall, status: str = "completed", *, custom: bool = False) -> dict[str, Any]:
    """A call the model made as an item of the reply's output."""
    if custom:
        said = input_of(call.arguments) if status == "completed" else ""
        named = {"call_id": call.id, "name": call.name, "input": said}
        return {"id": id, "type": "custom_tool_call", "status": status, **named}
    return {
        "id": id,
        "type": "function_call",
        "status": status,
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply; a refusal becomes the text, with the finish reason content_filter.

    Raises ProviderUnavailableError for a reply that failed, ProviderBrokenError when the shape is wrong.
    """
    texts: list[str] = []
    calls: list[ToolCall] = []
    thoughts: list[str] = []
    tokens: list[TokenLogprob] = []
    refused = False
    try:
        for item in body["output"]:
            if item["type"] == "function_call":
                calls.append(ToolCall(item["call_id"], item["name"], item["arguments"]))
            elif item["type"] == "custom_tool_call":
                calls.append(ToolCall(item["call_id"], item["name"], arguments_of(item["input"])))
            elif item["type"] == "reasoning":
                thoughts += [part["text"] for part in item.get("summary") or ()]
            elif item["type"] == "message":
                for part in item["content"]:
                    refused = refused or part["type"] == "refusal"
                    texts.append(part["refusal"] if part["type"] == "refusal" else part["text"])
                    tokens += [decode_token(token) for token in part.get("logprobs") or ()]
        return ModelReply(
            text="".join(texts),
            model=body.get("model") or "",
            usage=decode_usage(body.get("usage")),
            finish_reason=decode_finish(body, called=bool(calls), refused=refused),
            tool_calls=tuple(calls),
            id=(body.get("id") or "").removeprefix("resp_"),
            logprob=mean([each.logprob for each in tokens]),
            thoughts="\n".join(thoughts),
            tokens=tuple(tokens),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply has no usable output ({error!r}): {shown(body)}") from None


def decode_finish(body: Mapping[str, Any], *, called: bool, refused: bool) -> FinishReason:
    """Why the reply ended. Raises ProviderUnavailableError for one that failed, KeyError without a status."""
    status = body["status"]
    if status in ("failed", "cancelled"):
        why = (body.get("error") or {}).get("message") or "no reason given"
        raise ProviderUnavailableError(f"the reply {status}: {why}")
    if refused:
        return "content_filter"
    if status == "incomplete":
        return _FINISH.get((body.get("incomplete_details") or {}).get("reason"), "length")
    return "tool_calls" if called else "stop"


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in the words of Responses."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def decode_usage(usage: Mapping[str, Any] | None) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises KeyError, TypeError or ValueError."""
    if usage is None:
        return Usage(estimated=True)
    details = usage.get("input_tokens_details") or {}
    cached, written = (int(details.get(name) or 0) for name in ("cached_tokens", "cache_write_tokens"))
    return Usage(int(usage["input_tokens"]), int(usage["output_tokens"]), cached, cache_write_tokens=written)
