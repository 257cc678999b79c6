"""A provider's vectors as embeddings, counted and measured before they are believed."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import ProviderBrokenError
from app.intelligence.messages import Embeddings, Usage


def as_embeddings(
    vectors: Sequence[Sequence[float]], count: int, *, tokens: float | None, model: str = ""
) -> Embeddings:
    """`count` vectors in the order of the texts; `tokens` is None when the provider counted none.

    Raises ProviderBrokenError when there are more or fewer, or when they are not of one length.
    """
    if len(vectors) != count or len({len(vector) for vector in vectors}) > 1:
        raise ProviderBrokenError(f"{len(vectors)} vectors for {count} texts, or of unequal length")
    return Embeddings(vectors, model, Usage(estimated=True) if tokens is None else Usage(input_tokens=int(tokens)))
