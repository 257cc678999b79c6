"""A second look at what search found: more hits than wanted come in, the best of them go out in a new order.

`lexical` counts which of the question's words stand in a hit; it costs microseconds. A cross
encoder reads question and hit together; its package is optional, imported at the first use and never by a service that
does not ask for it.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from app.data.retrieval import Hit
from app.errors import ConfigurationError

# How many times the wanted number of hits is looked at.
WIDTH = 4
# A word is compared by its beginning, which is what the languages of the sample inflect least.
STEM = 6
WORD = re.compile(r"[^\W_]+")
# What the lexical share may add to a score at most: it orders near ties and overrules no clear difference.
MOST = 0.15


async def rerank(question: str, hits: Sequence[Hit], k: int, *, by: str) -> list[Hit]:
    """The best `k` of `hits` by `lexical` or by the name of a cross encoder; scores are those that ordered them.

    Raises ConfigurationError when the encoder's package is missing.
    """
    if len(hits) < 2:
        return list(hits[:k])
    if by == "lexical":
        scores = lexical(question, hits)
    else:
        scores = await asyncio.to_thread(_encoded, by, question, texts_of(hits))
    return by_scores(hits, scores, k)


def by_scores(hits: Sequence[Hit], scores: Sequence[float], k: int) -> list[Hit]:
    """The best `k` hits by scores from elsewhere, one a hit; equal ones by chunk id."""
    ordered = sorted(zip(scores, hits, strict=True), key=lambda pair: (-pair[0], pair[1].chunk_id))
    return [replace(hit, score=score) for score, hit in ordered[:k]]


def texts_of(hits: Sequence[Hit]) -> list[str]:
    """What a model reads of each hit: its text under title and headings."""
    return [f"{hit.label}\n{hit.text}" for hit in hits]


def lexical(question: str, hits: Sequence[Hit]) -> list[float]:
    """Each hit's score, raised by the share of the question's words it holds; rare ones among the hits count more."""
    asked = set(_stems(question))
    held = [set(_stems(f"{hit.label} {hit.text}")) & asked for hit in hits]
    frequency = Counter(word for words in held for word in words)
    weight = {word: math.log(1 + len(hits) / (1 + frequency[word])) for word in asked}
    total = sum(weight[word] for word in frequency) or 1.0
    return [
        hit.score * (1 + MOST * sum(weight[word] for word in words) / total)
        for hit, words in zip(hits, held, strict=True)
    ]


def _stems(text: str) -> list[str]:
    return [word[:STEM] for word in WORD.findall(text.lower())]


def _encoded(model: str, question: str, texts: Sequence[str]) -> list[float]:
    return [float(score) for score in _encoder(model).rerank(question, list(texts))]


@lru_cache(maxsize=1)
def _encoder(model: str) -> Any:
    if find_spec("fastembed") is None:
        raise ConfigurationError(
            f"retrieval.rerank is {model!r}, a cross encoder: install the package fastembed, or set it to lexical"
        )
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    return TextCrossEncoder(model_name=model)
