"""Replies of Gemini's generateContent, both ways: whole ones, usage and errors. Streams are in `gemini_stream`.

Thinking is counted as output. No reply of ours has been rated for safety, so the list of ratings is empty. That tools
were called is seen by the calls, not by the finish reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import FinishReason, ModelReply, TokenLogprob, ToolCall, Usage
from app.intelligence.wire.call_matching import id_or_new
from app.intelligence.wire.fields import shown
from app.intelligence.wire.gemini_contents import decode_call
from app.intelligence.wire.tool_arguments import shown_object

_WITHHELD = ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY")
_FINISH: dict[Any, FinishReason] = {"MAX_TOKENS": "length", **dict.fromkeys(_WITHHELD, "content_filter")}
# Ends of a reply that holds nothing because the model garbled its own call.
_GARBLED = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS")
# Finish reasons in Gemini's words.
FINISH_REASONS: dict[FinishReason, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}


def encode_reply(reply: ModelReply, *, id: str, model: str) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for."""
    parts: list[dict[str, Any]] = [{"text": reply.thoughts, "thought": True}] if reply.thoughts else []
    if reply.text:
        parts.append({"text": reply.text})
    candidate: dict[str, Any] = {
        "content": {"role": "model", "parts": parts + [encode_call(call) for call in reply.tool_calls]},
        "finishReason": FINISH_REASONS[reply.finish_reason],
        "index": 0,
        "safetyRatings": [],
    }
    if reply.tokens:
        candidate["avgLogprobs"] = sum(each.logprob for each in reply.tokens) / len(reply.tokens)
        candidate["logprobsResult"] = {
            "topCandidates": [{"candidates": [_token(*top) for top in each.top]} for each in reply.tokens],
            "chosenCandidates": [_token(each.token, each.logprob) for each in reply.tokens],
        }
    return {
        "candidates": [candidate],
        "usageMetadata": encode_usage(reply.usage),
        "modelVersion": model,
        "responseId": id,
    }


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logProbability": logprob}


def without_quotes(reply: ModelReply) -> ModelReply:
    """A reply that is one JSON string as the string itself."""
    try:
        value = orjson.loads(reply.text)
    except orjson.JSONDecodeError:
        return reply
    return replace(reply, text=value) if isinstance(value, str) else reply


def encode_call(call: ToolCall) -> dict[str, Any]:
    """A call the model made, as a part."""
    return {"functionCall": {"id": call.id, "name": call.name, "args": shown_object(call.arguments)}}


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply; a blocked prompt is an empty one. Raises ProviderBrokenError."""
    try:
        text, calls, finish = decode_candidate(body)
        if finish is None:
            raise ProviderBrokenError(f"the reply has no finish reason: {shown(body)}")
        return ModelReply(
            text=text,
            model=body.get("modelVersion") or "",
            usage=decode_usage(body.get("usageMetadata")),
            finish_reason=finish,
            tool_calls=tuple(calls),
            id=body.get("responseId") or "",
            logprob=decode_logprob(body),
            thoughts=decode_thoughts(body),
            tokens=_decode_tokens(body),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, InputError) as error:
        raise ProviderBrokenError(f"the reply has no usable candidate ({error!r}): {shown(body)}") from None


def decode_candidate(
    body: Mapping[str, Any], *, called_before: bool = False
) -> tuple[str, list[ToolCall], FinishReason | None]:
    """Text, calls and finish reason of a body or an event of a stream; no reason while it goes on."""
    candidates = body.get("candidates")
    if not candidates:
        blocked = (body.get("promptFeedback") or {}).get("blockReason")
        return "", [], "content_filter" if blocked else None
    candidate = candidates[0]
    texts: list[str] = []
    made: list[ToolCall] = []
    for part in (candidate.get("content") or {}).get("parts") or ():
        if part.get("functionCall") is not None:
            made.append(decode_call(part["functionCall"], "functionCall", id_or_new))
        elif part.get("text") is not None and not part.get("thought"):
            texts.append(part["text"])
    reason = candidate.get("finishReason")
    if reason in _GARBLED:
        raise ProviderBrokenError(f"the model's tool call cannot be read ({reason}): ask again")
    if reason is None:
        return "".join(texts), made, None
    finish = _FINISH.get(reason, "tool_calls" if made or called_before else "stop")
    return "".join(texts), made, finish


def decode_thoughts(body: Mapping[str, Any]) -> str:
    """What the model says it thought; empty where it does not. Raises AttributeError or TypeError."""
    candidate = (body.get("candidates") or [{}])[0]
    parts = (candidate.get("content") or {}).get("parts") or ()
    return "\n".join(part["text"] for part in parts if part.get("thought") and part.get("text"))


def decode_logprob(body: Mapping[str, Any]) -> float | None:
    """The mean over the tokens, as Gemini tells it. Raises TypeError or ValueError."""
    told = (body.get("candidates") or [{}])[0].get("avgLogprobs")
    return None if told is None else float(told)


def _decode_tokens(body: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    """Tokens of a candidate, with what stood beside them. Raises KeyError, TypeError, ValueError, AttributeError."""
    told = (body.get("candidates") or [{}])[0].get("logprobsResult") or {}
    chosen, beside = told.get("chosenCandidates") or (), told.get("topCandidates") or ()
    tops = [tuple(_decode_token(one) for one in each.get("candidates") or ()) for each in beside]
    tops += [()] * (len(chosen) - len(tops))
    return tuple(TokenLogprob(*_decode_token(one), top) for one, top in zip(chosen, tops, strict=False))


def _decode_token(told: Mapping[str, Any]) -> tuple[str, float]:
    return str(told.get("token") or ""), float(told["logProbability"])


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in Gemini's words."""
    counts = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    return counts | ({"cachedContentTokenCount": usage.cached_input_tokens} if usage.cached_input_tokens else {})


def decode_usage(usage: Mapping[str, Any] | None) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises TypeError or ValueError."""
    if not usage:
        return Usage(estimated=True)
    prompt = int(usage.get("promptTokenCount") or 0) + int(usage.get("toolUsePromptTokenCount") or 0)
    said = int(usage.get("candidatesTokenCount") or 0) + int(usage.get("thoughtsTokenCount") or 0)
    return Usage(prompt, said, int(usage.get("cachedContentTokenCount") or 0))


# HTTP statuses of Google's error names.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


def encode_error(kind: str, message: str, code: int | None = None) -> dict[str, Any]:
    """An error body; `kind` is a status such as `INVALID_ARGUMENT`, `code` the HTTP status if it is another's."""
    return {"error": {"code": code or _CODES.get(kind, 500), "message": message, "status": kind}}


def decode_error(body: Any) -> tuple[str, str]:
    """Message and status of a provider's error body; empty where it has none. Never raises."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("message") or ""), str(error.get("status") or "")
