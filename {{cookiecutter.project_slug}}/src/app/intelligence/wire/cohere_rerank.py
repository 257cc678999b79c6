"""Cohere's rerank, both ways: a question and texts as JSON, the reply as one score a text.

Texts are sent whole; the server cuts what is longer than its model reads. Requests of clients are read in versions 1
and 2, whose documents may be objects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError, ProviderBrokenError
from app.intelligence.messages import Relevance, Usage
from app.intelligence.wire.fields import Kind, optional, required, shown, texts, within

PATH = "/v2/rerank"
# What the service takes when a client of version 1 names no model.
DEFAULT_MODEL = "rerank"
# Each is looked for in each document.
MOST_RANK_FIELDS = 32


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """What a client asks for: the `top` texts, best first. `documents` are its own, given back where it wants them."""

    model: str
    question: str
    texts: tuple[str, ...]
    top: int
    documents: tuple[Mapping[str, Any], ...] = ()


def decode_request(body: Mapping[str, Any]) -> RerankRequest:
    """A client's body. Raises InputError naming the field that is wrong."""
    given = required(body, "documents", Kind.LIST)
    if not given:
        raise InputError("documents is empty: send at least one")
    ranked = tuple(dict.fromkeys(texts(body.get("rank_fields") or ["text"], "rank_fields")))
    if len(ranked) > MOST_RANK_FIELDS:
        raise InputError(f"rank_fields names {len(ranked)} fields: name at most {MOST_RANK_FIELDS}")
    wanted = tuple(_text(one, ranked, f"documents[{i}]") for i, one in enumerate(given))
    top = within(body, "top_n", Kind.WHOLE, 1) or len(wanted)
    back = [one if isinstance(one, dict) else {"text": one} for one in given] if body.get("return_documents") else []
    model = optional(body, "model", Kind.TEXT) or DEFAULT_MODEL
    return RerankRequest(model, required(body, "query", Kind.TEXT), wanted, min(top, len(wanted)), tuple(back))


def encode_reply(scores: Sequence[float], wanted: RerankRequest, *, id: str) -> dict[str, Any]:
    """The body of a reply: places of the texts and their scores, best first, the first of equals before the others."""
    order = sorted(range(len(scores)), key=lambda place: -scores[place])[: wanted.top]
    results: list[dict[str, Any]] = [{"index": place, "relevance_score": scores[place]} for place in order]
    for result in results if wanted.documents else ():
        result["document"] = dict(wanted.documents[result["index"]])
    return {"id": id, "results": results, "meta": {"billed_units": {"search_units": 1}}}


def _text(document: Any, ranked: Sequence[str], where: str) -> str:
    """What counts of a document."""
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        raise InputError(f"{where} is {shown(document)}: send a text or an object")
    found = [str(document[name]) for name in ranked if document.get(name) is not None]
    if not found:
        raise InputError(f"{where} has no field {' or '.join(ranked)}: send one, or name its fields in rank_fields")
    return "\n".join(found)


def encode_request(model: str, question: str, texts: Sequence[str]) -> dict[str, Any]:
    """The JSON body; every text comes back, so that each has a score."""
    return {"model": model, "query": question, "documents": list(texts), "top_n": len(texts)}


def decode_reply(body: Mapping[str, Any], count: int) -> Relevance:
    """A provider's body as `count` scores in the order of the texts. Usage is estimated: searches are billed, not
    tokens. Raises ProviderBrokenError when one is missing, double or no number.
    """
    try:
        found = {int(one["index"]): float(one["relevance_score"]) for one in body["results"]}
        doubled = len(found) != len(body["results"])
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderBrokenError(f"the reply holds no scores ({error!r}): {shown(body)}") from None
    if doubled or sorted(found) != list(range(count)) or not all(map(math.isfinite, found.values())):
        raise ProviderBrokenError(
            f"the reply scores other texts than the {count} sent, or not by numbers: {shown(body)}"
        )
    return Relevance([found[place] for place in range(count)], "", Usage(0, 0, estimated=True))
