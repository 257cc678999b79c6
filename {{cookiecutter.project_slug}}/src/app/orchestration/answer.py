"""What the assistant gives back."""

from __future__ import annotations

from dataclasses import dataclass

from app.data.retrieval import Hit
from app.intelligence.reply import Reply


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that supports the text at `[marker]`; `quote` is its sentence closest to what it supports."""

    marker: int
    chunk_id: str
    document_id: str
    title: str
    heading: tuple[str, ...]
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer, or an abstention. `replies` are the model calls it took, `hits` what was retrieved for it.

    `route` is `documentation` or `other`; `degraded` says that no model answered and a prepared text stands in.
    """

    text: str
    citations: tuple[Citation, ...]
    abstained: bool
    route: str
    trace_id: str
    hits: tuple[Hit, ...] = ()
    replies: tuple[Reply, ...] = ()
    degraded: bool = False
