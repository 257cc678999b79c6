"""Personal data in documents, taken out before anybody reads them: a model cannot repeat what it was never shown.

What the caller has said stays, for it is the caller's own; so does what the project publishes on purpose, by its form
or its kind. Everything behind the search sees the same text: context, check of citations, quotes, tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from app.data.retrieval import Hit
from app.intelligence.personal_data.masking import SHAPES, found, replaced
from app.intelligence.personal_data.placeholders import removed
from app.settings import Guards

_NOT_LETTERS = re.compile(r"[\W_]+")


def withheld(hits: Sequence[Hit], guards: Guards, said: Iterable[str]) -> list[Hit]:
    """The passages without personal data that neither `said` (the caller's own words) holds nor the guards let pass."""
    if not guards.mask_document_personal_data:
        return list(hits)
    own = frozenset(_values(said))
    return [
        replace(hit, text=_without(hit.text, guards, own), heading=tuple(_without(h, guards, own) for h in hit.heading))
        for hit in hits
    ]


def _without(text: str, guards: Guards, own: frozenset[str]) -> str:
    """The text with `[KIND_removed]` in the place of each value."""

    def by(kind: str, value: str) -> str:
        return value if _plain(value) in own or _public(kind, value, guards.public_personal_data) else removed(kind)

    return replaced(text, found(text, SHAPES), by)


def _values(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for finding in found(text, SHAPES):
            yield _plain(text[finding.start : finding.end])


def _public(kind: str, value: str, published: Sequence[str]) -> bool:
    return any(one == kind or fnmatchcase(value.lower(), one.lower()) for one in published)


def _plain(value: str) -> str:
    """However it is punctuated and spaced."""
    return _NOT_LETTERS.sub("", value).lower()
