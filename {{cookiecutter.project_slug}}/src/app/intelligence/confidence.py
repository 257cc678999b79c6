"""How sure a reply is: from the model's own log probabilities, or from how far several samples of it agree.

`logprobs`: the geometric mean of the probabilities of the reply's tokens, exp(mean log p), in [0, 1]. `samples`: the
call is made several times; each reply is compared with the others and the one that agrees best is served, with its
mean agreement as the confidence (self-consistency: Wang et al. 2022). Data agrees when it is equal; text by the share
of words two replies have in common (Dice). Neither is a probability of being right: calibrate the threshold with an
evaluation.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.errors import InvalidReplyError
from app.intelligence.messages import ModelReply, ModelRequest
from app.intelligence.structured import parse
from app.settings import Confidence

# Protocols that can say how probable each token was.
WITH_LOGPROBS = frozenset({"openai", "responses", "gemini", "ollama", "litellm", "offline"})
_WORD = re.compile(r"\w+")


def asking(request: ModelRequest, rule: Confidence | None) -> ModelRequest:
    """The request as it is sent: with log probabilities where the rule may read them."""
    return request if rule is None or rule.by == "samples" else replace(request, logprobs=True)


def sampling(request: ModelRequest, rule: Confidence) -> ModelRequest:
    """The request of a further sample: warm enough to differ, and not the same seed again."""
    warm = max(request.temperature or 0.0, rule.temperature)
    return replace(request, temperature=warm, seed=None, logprobs=False)


def of_logprobs(reply: ModelReply) -> float | None:
    """In [0, 1]; None when the provider said nothing."""
    return None if reply.logprob is None else min(1.0, math.exp(reply.logprob))


def best(replies: Sequence[ModelReply], schema: Any | None) -> tuple[int, float]:
    """The place of the reply that agrees best with the others, the earliest of equals; and its mean agreement."""
    read = [_read(reply, schema) for reply in replies]
    agreement = [
        sum(_alike(mine, other) for at, other in enumerate(read) if at != place) / (len(read) - 1)
        for place, mine in enumerate(read)
    ]
    place = max(range(len(read)), key=lambda at: (agreement[at], -at))
    return place, agreement[place]


def _read(reply: ModelReply, schema: Any | None) -> Any:
    """What is compared: data, words, or None for a reply that is none."""
    if reply.tool_calls:
        return json.dumps([[call.name, call.arguments] for call in reply.tool_calls])
    if schema is None:
        return Counter(_WORD.findall(reply.text.casefold())) or None
    try:
        return json.dumps(parse(reply.text, schema), sort_keys=True)
    except InvalidReplyError:
        return None


def _alike(one: Any, other: Any) -> float:
    if one is None or other is None:
        return 0.0
    if isinstance(one, Counter) and isinstance(other, Counter):
        return 2 * (one & other).total() / (one.total() + other.total())
    return float(one == other)
