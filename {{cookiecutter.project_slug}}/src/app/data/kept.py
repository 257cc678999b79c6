"""What the caches hold, as values that can be named without loading a database driver."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KeptVector:
    """One vector, and about how many tokens its text has."""

    vector: Sequence[float]
    tokens: int


@dataclass(frozen=True, slots=True)
class Near:
    """A question answered before. `similarity` is the cosine, at most 1."""

    question: str
    reply: Mapping[str, Any]
    similarity: float


def single(vector: Sequence[float]) -> Sequence[float]:
    """A vector rounded to 32-bit floats: as it will come back."""
    return array("f", vector).tolist()
