"""A provider's vectors as embeddings, counted and measured before they are believed; and in shorter numbers."""

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


def in_bytes(vector: Sequence[float]) -> list[int]:
    """Each component as a whole number of -127 to 127, in shares of the longest one."""
    longest = max(map(abs, vector), default=0.0) or 1.0
    return [round(127 * value / longest) for value in vector]


def in_bits(vector: Sequence[float]) -> list[int]:
    """Eight signs a byte (0 to 255), the first component's in its highest bit; what lacks to a byte is zeros."""
    bits = "".join("1" if value > 0 else "0" for value in vector)
    return [int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8)]
