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


def asked_for(request: ModelRequest) -> bool:
    """Anthropic's `thinking`, Gemini's `includeThoughts`, a summary of Responses, Ollama's `think`, Cohere's `thinking`
    or a reasoning model of theirs; `model` is still the client's name."""
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


def _object(values: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """What stands at a path of nested objects; empty when that is nothing, or no object."""
    for key in path:
        found = values.get(key)
        if not isinstance(found, Mapping):
            return {}
        values = found
    return values
