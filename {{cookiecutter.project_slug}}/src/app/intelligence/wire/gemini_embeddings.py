"""Gemini's embeddings, both ways: one text (`embedContent`) or several (`batchEmbedContents`).

Refuses content that is not text. Which task a vector is for is the provider's own notion and left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import Embeddings
from app.intelligence.wire.fields import Kind, objects, required, shown, within
from app.intelligence.wire.gemini_names import in_camel_case
from app.intelligence.wire.vectors import as_embeddings

PATH = "/v1beta/models/{model}:batchEmbedContents"


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What a client asks for. `dimensions` is the length of the vectors it insists on, None for the model's own."""

    texts: tuple[str, ...]
    dimensions: int | None = None


def encode_request(model: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The JSON body."""
    return {"requests": [{"model": f"models/{model}", "content": {"parts": [{"text": text}]}} for text in wanted]}


def decode_request(body: Mapping[str, Any]) -> EmbeddingsRequest:
    """A client's body for one text or several. Raises InputError naming the field that is wrong."""
    body = in_camel_case(body)
    asked = [body] if body.get("content") is not None else objects(body.get("requests") or [], "requests")
    if not asked:
        raise InputError("requests is empty: send at least one content")
    lengths = {within(one, "outputDimensionality", Kind.WHOLE, 1) for one in asked}
    if len(lengths) > 1:
        raise InputError("outputDimensionality differs between the requests: send one length for all")
    return EmbeddingsRequest(tuple(_text(one, f"requests[{i}].") for i, one in enumerate(asked)), lengths.pop())


def encode_reply(embeddings: Embeddings, *, several: bool = True) -> dict[str, Any]:
    """The body of a reply."""
    values = [{"values": list(vector)} for vector in embeddings.vectors]
    found: dict[str, Any] = {"embeddings": values} if several else {"embedding": values[0]}
    return found | {"usageMetadata": {"promptTokenCount": embeddings.usage.input_tokens}}


def decode_reply(body: Mapping[str, Any], count: int) -> Embeddings:
    """A provider's body as `count` vectors in the order of the texts. Raises ProviderBrokenError."""
    try:
        vectors = [item["values"] for item in body["embeddings"]]
        tokens = (body.get("usageMetadata") or {}).get("promptTokenCount")
        return as_embeddings(vectors, count, tokens=tokens)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply holds no embeddings ({error!r}): {shown(body)}") from None


def _text(asked: Mapping[str, Any], where: str) -> str:
    content = required(asked, "content", Kind.OBJECT, where)
    parts = objects(content.get("parts") or [], f"{where}content.parts")
    said = [required(part, "text", Kind.TEXT, f"{where}content.parts[{i}].") for i, part in enumerate(parts)]
    if not any(said):
        raise InputError(f"{where}content holds no text: send at least one, not empty")
    return "\n".join(said)
