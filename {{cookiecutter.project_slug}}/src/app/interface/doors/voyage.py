"""Voyage's doors: embeddings and rerank, at an address of their own, for Cohere's rerank has the same name."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.intelligence.stream import estimate_tokens
from app.intelligence.wire import voyage
from app.interface.doors.answers import json_answer, scores_for, vectors_for
from app.interface.services import body_of


async def embeddings(request: Request) -> Response:
    """One body of embeddings. Raises AppError."""
    wanted = voyage.decode_embeddings(body_of(request))
    found = await vectors_for(request, wanted.model, wanted.texts, wanted.dimensions)
    return json_answer(voyage.encode_embeddings(found, wanted))


async def rerank(request: Request) -> Response:
    """One body of rerank. `x-reranked-by` names the model. Raises AppError."""
    wanted = voyage.decode_rerank(body_of(request))
    scores, by = await scores_for(request, wanted.model, wanted.question, wanted.texts)
    tokens = sum(estimate_tokens(text) for text in (wanted.question, *wanted.texts))
    return json_answer(voyage.encode_rerank(scores, wanted, tokens=tokens), {"x-reranked-by": by})
