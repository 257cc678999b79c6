"""Ollama's embeddings, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import Embeddings
from app.intelligence.wire.fields import Kind, required, shown, texts, within
from app.intelligence.wire.vectors import as_embeddings

PATH = "/api/embed"


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What a client asks for. `dimensions` is the length of the vectors it insists on, None for the model's own."""

    model: str
    texts: tuple[str, ...]
    dimensions: int | None = None


def encode_request(model: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The JSON body."""
    return {"model": model, "input": list(wanted)}


def decode_request(body: Mapping[str, Any]) -> EmbeddingsRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    given = body.get("input")
    wanted = (given,) if isinstance(given, str) else texts(given, "input")
    if not wanted or not all(wanted):
        raise InputError("input holds nothing or an empty text: send at least one text, none of them empty")
    return EmbeddingsRequest(required(body, "model", Kind.TEXT), wanted, within(body, "dimensions", Kind.WHOLE, 1))


def encode_reply(embeddings: Embeddings, *, model: str, took_ns: int) -> dict[str, Any]:
    """The body of a reply. `model` is the name the client asked for, `took_ns` the time in nanoseconds."""
    return {
        "model": model,
        "embeddings": [list(vector) for vector in embeddings.vectors],
        "total_duration": took_ns,
        "prompt_eval_count": embeddings.usage.input_tokens,
    }


def decode_reply(body: Mapping[str, Any], count: int) -> Embeddings:
    """A provider's body as `count` vectors in the order of the texts. Raises ProviderBrokenError."""
    try:
        vectors = [list(vector) for vector in body["embeddings"]]
        tokens = body.get("prompt_eval_count")
        return as_embeddings(vectors, count, tokens=tokens, model=body.get("model") or "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply holds no embeddings ({error!r}): {shown(body)}") from None
