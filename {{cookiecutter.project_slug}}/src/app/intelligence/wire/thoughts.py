"""Whether a client asks to be told what the model thought, in the words of its protocol.

Thoughts are told with whole replies only; a stream brings the reply alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.intelligence.messages import ModelRequest

# Models of Cohere's that tell their thoughts unless they are told not to.
COHERE_REASONING = re.compile(r"command-[\w-]*reasoning")
# Open models, and others that speak OpenAI's chat, that tell theirs unless they are told not to.
OPEN_REASONING = re.compile(
    r"(?:^|[/_-])(?:deepseek-(?:r\d|reasoner)|qwq|qwen3|gpt-oss|magistral|grok-[34]-mini|glm-[4-9]\.[1-9]|minimax-m\d"
    r"|kimi-k\d-thinking)|[-:](?:thinking|reasoning)\b",
    re.IGNORECASE,
)


def asked_for(request: ModelRequest) -> bool:
    """Anthropic's `thinking`, Gemini's `includeThoughts`, a summary of Responses, Ollama's `think`, Cohere's `thinking`
    or a reasoning model of theirs; `model` is still the client's name. Of OpenAI's chat `in_chat` knows."""
    extra = request.extra
    anthropic, cohere = _object(extra, "anthropic", "thinking"), _object(extra, "cohere", "thinking")
    if anthropic.get("type") in ("enabled", "adaptive"):
        return anthropic.get("display") != "omitted"
    if cohere:
        return cohere.get("type") != "disabled"
    return bool(
        COHERE_REASONING.match(request.model)
        or _object(extra, "gemini", "generationConfig", "thinkingConfig").get("includeThoughts")
        or _object(extra, "responses", "reasoning").get("summary")
        or _object(extra, "ollama").get("think")
    )


def in_chat(model: str, body: Mapping[str, Any]) -> bool:
    """Whether a client of OpenAI's chat reads `reasoning_content` or `reasoning`: it asks a model known for it, or
    sends a field that asks for it. OpenAI's own models tell none."""
    if body.get("include_reasoning") is False or body.get("reasoning_format") == "hidden":
        return False
    reasoning, thinking = _object(body, "reasoning"), _object(body, "thinking").get("type")
    if reasoning.get("exclude") or thinking == "disabled":
        return False
    template = _object(body, "chat_template_kwargs")
    if False in (template.get("enable_thinking"), template.get("thinking")):
        return False
    return bool(
        reasoning
        or thinking == "enabled"
        or template.get("enable_thinking")
        or template.get("thinking")
        or body.get("include_reasoning")
        or body.get("reasoning_format") == "parsed"
        or OPEN_REASONING.search(model)
    )


def _object(values: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """What stands at a path of nested objects; empty when that is nothing, or no object."""
    for key in path:
        found = values.get(key)
        if not isinstance(found, Mapping):
            return {}
        values = found
    return values
