"""Search as the assistant and its tools see it: a question and who asks, in; the passages that person may read, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.caller import Caller
from app.data.reranking import WIDTH, by_scores, rerank, texts_of
from app.data.retrieval import Hit, search
from app.intelligence.gateway import Gateway
from app.orchestration.expansion import expanded
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Search:
    """Retrieval as the assistant sees it: a question and who asks."""

    loaded: Settings
    pool: Any
    gateway: Gateway

    async def __call__(self, question: str, caller: Caller) -> list[Hit]:
        """The best chunks the caller may read; by full text alone where no embedding counts."""
        model = self.loaded.retrieval.embedding_model
        served = self.loaded.models.get(model, {}).get(self.loaded.provider, ())
        vector = None
        weight = served[0].search_weight if served else 0.0
        if weight > 0:
            vector = (await self.gateway.embed([question], caller, model=model)).vectors[0]
        by, wanted = self.loaded.retrieval.rerank, self.loaded.retrieval.top_k
        ranking = self.loaded.retrieval.rerank_model
        words = question
        if self.loaded.retrieval.expand:
            timeout_s = self.loaded.retrieval.expand_timeout_s
            words = await expanded(question, caller, self.gateway, timeout_s=timeout_s)
        hits = await search(
            self.pool,
            words,
            vector,
            caller,
            settings=self.loaded.retrieval,
            k=wanted if by == "none" else wanted * WIDTH,
            embedding_model=served[0].id if served else None,
            vector_weight=weight,
        )
        if by == "none":
            return hits
        if ranking is not None and len(hits) > 1:
            scores = await self.gateway.rerank(question, texts_of(hits), caller, model=ranking)
            return by_scores(hits, scores, wanted)
        return await rerank(question, hits, wanted, by=by)
