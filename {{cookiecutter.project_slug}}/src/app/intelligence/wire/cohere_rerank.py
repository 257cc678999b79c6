"""Cohere's rerank (v2), the side that calls: a question and texts as JSON, the reply as one score a text.

Texts are sent whole; the server cuts what is longer than its model reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import ProviderBrokenError
from app.intelligence.messages import Relevance, Usage
from app.intelligence.wire.fields import shown

PATH = "/v2/rerank"


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
