"""Voyage's embeddings and rerank, as its own clients ask for them; only clients speak it.

Vectors travel as OpenAI's do. Refuses numbers shorter than floats; what a text is for and whether it may be cut is
left to the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Embeddings
from app.intelligence.wire.cohere_rerank import RerankRequest
from app.intelligence.wire.fields import Kind, required, shown, texts, within
from app.intelligence.wire.openai_embeddings import EmbeddingsRequest
from app.intelligence.wire.openai_embeddings import decode_request as decode_openai_s
from app.intelligence.wire.openai_embeddings import encode_reply as encode_openai_s


def decode_embeddings(body: Mapping[str, Any]) -> EmbeddingsRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    if body.get("output_dtype") not in (None, "float"):
        raise InputError(f"output_dtype is {shown(body['output_dtype'])}: only float is served here")
    return decode_openai_s({**body, "dimensions": body.get("output_dimension")})


def encode_embeddings(found: Embeddings, wanted: EmbeddingsRequest) -> dict[str, Any]:
    """The body of a reply, whose tokens have one count."""
    tokens = {"total_tokens": found.usage.input_tokens}
    return {**encode_openai_s(found, model=wanted.model, encoding=wanted.encoding), "usage": tokens}


def decode_rerank(body: Mapping[str, Any]) -> RerankRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    wanted = texts(body.get("documents") or [], "documents")
    if not wanted:
        raise InputError("documents is empty: send at least one text")
    top = within(body, "top_k", Kind.WHOLE, 1) or len(wanted)
    question = required(body, "query", Kind.TEXT)
    documents = tuple({"text": text} for text in wanted) if body.get("return_documents") else ()
    return RerankRequest(required(body, "model", Kind.TEXT), question, wanted, min(top, len(wanted)), documents)


def encode_rerank(scores: Sequence[float], wanted: RerankRequest, *, tokens: int) -> dict[str, Any]:
    """The body of a reply, best first; `tokens` are estimated, for who scores counts none."""
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[: wanted.top]
    data: list[dict[str, Any]] = [{"index": place, "relevance_score": scores[place]} for place in order]
    for result in data if wanted.documents else ():
        result["document"] = wanted.documents[result["index"]]["text"]
    return {"object": "list", "data": data, "model": wanted.model, "usage": {"total_tokens": tokens}}


def encode_error(message: str) -> dict[str, Any]:
    """An error body; the HTTP status is its kind."""
    return {"detail": message}
