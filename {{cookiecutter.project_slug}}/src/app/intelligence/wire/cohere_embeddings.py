"""Cohere's embeddings (v2), both ways. Vectors are floats; a client may have them in each of Cohere's types.

Bytes and bits are made here from the floats, each vector by its own longest component, so that directions stay; the
vendor's own are scaled by what its model's vectors are like. Refuses pictures. The protocol wants to know what a text
is for; both sides of a search are sent as documents here, because who asks for vectors does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import Embeddings
from app.intelligence.wire.fields import Kind, objects, required, shown, texts, within
from app.intelligence.wire.openai_embeddings import to_base64
from app.intelligence.wire.vectors import as_embeddings, in_bits, in_bytes

PATH = "/v2/embed"
WRITERS: Mapping[str, Callable[[Sequence[float]], Any]] = {
    "float": list,
    "base64": to_base64,
    "int8": in_bytes,
    "uint8": lambda vector: [byte + 128 for byte in in_bytes(vector)],
    "binary": lambda vector: [byte - 128 for byte in in_bits(vector)],
    "ubinary": in_bits,
}
INPUT_TYPE = "search_document"


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What a client asks for. `dimensions` is the length of the vectors it insists on, None for the model's own."""

    model: str
    texts: tuple[str, ...]
    types: tuple[str, ...] = ("float",)
    dimensions: int | None = None


def encode_request(model: str, wanted: Sequence[str]) -> dict[str, Any]:
    """The JSON body."""
    return {"model": model, "texts": list(wanted), "input_type": INPUT_TYPE, "embedding_types": ["float"]}


def decode_request(body: Mapping[str, Any]) -> EmbeddingsRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    if body.get("images"):
        raise InputError("images are not embedded here: send texts")
    wanted = texts(body.get("texts") or [], "texts")
    wanted += tuple(_text(one, f"inputs[{i}].") for i, one in enumerate(objects(body.get("inputs") or [], "inputs")))
    if not wanted or not all(wanted):
        raise InputError("texts holds nothing or an empty text: send at least one text, none of them empty")
    types = texts(body.get("embedding_types") or ["float"], "embedding_types")
    for name in types:
        if name not in WRITERS:
            raise InputError(f"embedding_types holds {name!r}: use {', '.join(WRITERS)}")
    return EmbeddingsRequest(
        required(body, "model", Kind.TEXT), wanted, types, within(body, "output_dimension", Kind.WHOLE, 1)
    )


def encode_reply(embeddings: Embeddings, wanted: EmbeddingsRequest, *, id: str) -> dict[str, Any]:
    """The body of a reply."""
    tokens = embeddings.usage.input_tokens
    return {
        "id": id,
        "response_type": "embeddings_by_type",
        "texts": list(wanted.texts),
        "embeddings": {name: [WRITERS[name](vector) for vector in embeddings.vectors] for name in wanted.types},
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}},
    }


def encode_v1_reply(embeddings: Embeddings, wanted: EmbeddingsRequest, *, id: str, by_type: bool) -> dict[str, Any]:
    """The body of a reply in version 1 of the protocol, where types stand by name only when they were asked for."""
    body = encode_reply(embeddings, wanted, id=id)
    body["meta"]["api_version"] = {"version": "1"}
    if not by_type:
        body |= {"response_type": "embeddings_floats", "embeddings": body["embeddings"]["float"]}
    return body


def decode_reply(body: Mapping[str, Any], count: int) -> Embeddings:
    """A provider's body as `count` vectors in the order of the texts. Raises ProviderBrokenError."""
    try:
        vectors = [list(vector) for vector in body["embeddings"]["float"]]
        tokens = ((body.get("meta") or {}).get("billed_units") or {}).get("input_tokens")
        return as_embeddings(vectors, count, tokens=tokens)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply holds no embeddings ({error!r}): {shown(body)}") from None


def _text(one: Mapping[str, Any], where: str) -> str:
    parts = objects(required(one, "content", Kind.LIST, where), f"{where}content")
    for index, part in enumerate(parts):
        if part.get("type") != "text":
            raise InputError(f"{where}content[{index}].type is {shown(part.get('type'))}: only text is embedded here")
    return "\n".join(required(part, "text", Kind.TEXT, f"{where}content[{i}].") for i, part in enumerate(parts))
