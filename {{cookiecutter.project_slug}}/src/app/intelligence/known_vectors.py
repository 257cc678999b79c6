"""Embedding only what was not embedded before: kept vectors first, each missing text once, order as asked."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.data.kept import KeptVector, single
from app.intelligence.caching import Caches
from app.intelligence.messages import Embeddings, Usage
from app.intelligence.stream import estimate_tokens

Ask = Callable[[Sequence[str]], Awaitable[Embeddings]]


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of all texts; `usage` is that of the ones asked for, `saved_tokens` of the others."""

    embeddings: Embeddings
    saved_tokens: int
    asked: int


async def embedded(
    texts: Sequence[str], tenant: str, model_id: str, caches: Caches, ask: Ask, ttl_s: float
) -> Embedded:
    """Vectors from the cache, and from `ask` for texts that are not there; those are kept."""
    digests = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in dict.fromkeys(texts)}
    kept = dict(await caches.vectors(tenant, model_id, list(digests.values())))
    saved = sum(kept[digests[text]].tokens for text in texts if digests[text] in kept)
    missing = [text for text, digest in digests.items() if digest not in kept]
    usage, model = Usage(), model_id
    if missing:
        answer = await ask(missing)
        usage, model = answer.usage, answer.model
        fresh = {
            digests[text]: KeptVector(single(vector), estimate_tokens(text))
            for text, vector in zip(missing, answer.vectors, strict=True)
        }
        await caches.put_vectors(tenant, model_id, fresh, ttl_s)
        kept |= fresh
    vectors = [kept[digests[text]].vector for text in texts]
    return Embedded(Embeddings(vectors, model, usage), saved, len(missing))
