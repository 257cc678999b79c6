"""Secrets and personal identifiers replaced in text that leaves the process as a log line or a span.

The last line of defence at the sink, by shape alone: it knows keys, bearer tokens, passwords in URLs, e-mail
addresses and card numbers. It does not find names or addresses; masking before a provider sees text is elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# Words one of which must be in the lower-cased text, the pattern, what takes its place. Every repetition in a
# pattern is bounded, so that no text makes it slow.
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("bearer", "basic"),
        re.compile(r"(?i)\b(bearer|basic)\s{1,8}[A-Za-z0-9._~+/=-]{8,4096}"),
        r"\1 [redacted]",
    ),
    (
        ("eyj",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,4096}"),
        "[redacted-token]",
    ),
    (
        ("sk", "pk", "rk", "ak", "key", "gh", "xox", "glpat"),
        re.compile(
            r"\b(?:(?:sk|pk|rk|ak|key)[-_]|gh[oprsu]_|xox[abprs]-|glpat-)"
            r"(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{16,512}"
        ),
        "[redacted-key]",
    ),
    (
        ("akia", "asia", "aiza", "hf_", "gsk_", "github_pat_", "npm_"),
        re.compile(
            r"\b(?:A[KS]IA[A-Z0-9]{16}\b|AIza[A-Za-z0-9_-]{30,64}|(?:hf|gsk|npm)_[A-Za-z0-9]{20,64}"
            r"|github_pat_[A-Za-z0-9_]{20,128})"
        ),
        "[redacted-key]",
    ),
    (
        ("key", "passw", "secret", "token", "authorization"),
        re.compile(
            r"(?i)([\w-]{0,40}(?:api[_-]?key|password|passwd|secret|token|authorization))"
            r"(\"?\s{0,4}[=:]\s{0,4}\"?)(?!\[redacted)[^\s\",;&]{4,4096}"
        ),
        r"\1\2[redacted]",
    ),
    (
        ("://",),
        re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,256}):[^\s@]{1,256}@"),
        r"\1:[redacted]@",
    ),
    (
        ("@",),
        re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"),
        "[redacted-email]",
    ),
)
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.]?\d)")
_SECRET_NAMES = re.compile(r"(?i)^(?:.*[_-])?(?:api_?-?key|password|passwd|secret|authorization|cookie|token)$")


# A call's texts go to its span and to its row, a prompt's with every call: work done on them is kept for that long.
_KEPT_TEXTS = 256
_KEPT_CHARACTERS = 8_000


def redact(text: str) -> str:
    """`text` with everything of a secret's or personal identifier's shape replaced by a bracketed word."""
    return _known(text) if len(text) <= _KEPT_CHARACTERS else _redacted(text)


@lru_cache(maxsize=_KEPT_TEXTS)
def _known(text: str) -> str:
    return _redacted(text)


def _redacted(text: str) -> str:
    lowered = text.lower()
    for words, pattern, replacement in _RULES:
        if any(word in lowered for word in words):
            text = pattern.sub(replacement, text)
    return _CARD.sub(_mask_card, text)


def redact_value(value: Any) -> Any:
    """`redact` over every string inside mappings, lists and tuples; a value under a secret's name goes whole."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: "[redacted]" if _names_secret(key) and item else redact_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_value(item) for item in value]
    return value


def _names_secret(key: object) -> bool:
    return isinstance(key, str) and _SECRET_NAMES.match(key) is not None


def _mask_card(match: re.Match[str]) -> str:
    """Only numbers that pass the Luhn check: order numbers and timestamps stay readable."""
    digits = [int(character) for character in match.group() if character.isdigit()]
    total = sum(digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits)))
    return "[redacted-card]" if total % 10 == 0 else match.group()
