"""OpenAI's embeddings, both ways. Vectors travel as base64 of little-endian 32-bit floats where the client allows it.

Refuses token arrays: which tokenizer made them is not known here.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import Embeddings, Usage
from app.intelligence.wire.fields import Kind, optional, required, shown, texts, within

PATH = "/embeddings"

Encoding = Literal["float", "base64"]


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What a client asks for. `dimensions` is the length of the vectors it insists on, None for the model's own."""

    model: str
    texts: tuple[str, ...]
    encoding: Encoding = "float"
    dimensions: int | None = None


def encode_request(model: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The JSON body."""
    return {"model": model, "input": list(wanted), "encoding_format": "base64"}


def decode_request(body: Mapping[str, Any]) -> EmbeddingsRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    given = body.get("input")
    wanted = (given,) if isinstance(given, str) else texts(given, "input")
    if not wanted or not all(wanted):
        raise InputError("input holds nothing or an empty text: send at least one text, none of them empty")
    encoding: Any = optional(body, "encoding_format", Kind.TEXT) or "float"
    if encoding not in ("float", "base64"):
        raise InputError(f"encoding_format is {encoding!r}: use float or base64")
    return EmbeddingsRequest(
        model=required(body, "model", Kind.TEXT),
        texts=wanted,
        encoding=encoding,
        dimensions=within(body, "dimensions", Kind.WHOLE, 1),
    )


def encode_reply(embeddings: Embeddings, *, model: str, encoding: Encoding = "float") -> dict[str, Any]:
    """The body of a reply. `model` is the name the client asked for."""
    write = to_base64 if encoding == "base64" else list
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": write(vector)}
            for index, vector in enumerate(embeddings.vectors)
        ],
        "model": model,
        "usage": {
            "prompt_tokens": embeddings.usage.input_tokens,
            "total_tokens": embeddings.usage.input_tokens,
        },
    }


def decode_reply(body: Mapping[str, Any], count: int) -> Embeddings:
    """A provider's body as `count` vectors in the order of the texts. Raises ProviderBrokenError."""
    try:
        data = sorted(body["data"], key=lambda item: item["index"])
        vectors = [_from_base64(v) if isinstance(v := item["embedding"], str) else v for item in data]
        usage = body.get("usage")
        tokens = None if usage is None else usage["prompt_tokens"]
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderBrokenError(f"the reply holds no embeddings ({error!r}): {shown(body)}") from None
    if len(vectors) != count or len({len(vector) for vector in vectors}) > 1:
        raise ProviderBrokenError(f"{len(vectors)} vectors for {count} texts, or of unequal length")
    return Embeddings(
        vectors=vectors,
        model=body.get("model") or "",
        usage=Usage(estimated=True) if tokens is None else Usage(input_tokens=tokens),
    )


def to_base64(vector: Sequence[float]) -> str:
    """A vector as base64 of little-endian 32-bit floats."""
    return b64encode(_little_endian(array("f", vector)).tobytes()).decode()


def _from_base64(text: str) -> list[float]:
    vector = array("f")
    vector.frombytes(b64decode(text, validate=True))
    return _little_endian(vector).tolist()


def _little_endian(vector: array[float]) -> array[float]:
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
